"""Every setting of NeuroCortex: its name, its default, what is allowed.

Read once per process from, strongest first: the environment, `.env`, one TOML file
(`neurocortex.toml`, or the one `NEUROCORTEX_CONFIG` names), the defaults below. A group's field
is `NEUROCORTEX_GROUP__FIELD` in the environment and `[group] field` in TOML.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from neurocortex.domain.deployments import Tier
from neurocortex.errors import SettingsError

PREFIX: Final = "NEUROCORTEX_"
CONFIG_VARIABLE: Final = "NEUROCORTEX_CONFIG"
MASK: Final = "********"

URL_PATTERN: Final = r"^[a-z][a-z0-9+.-]*://.+"


class Group(BaseModel):
    """A small family of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PortSettings(Group):
    """Where the embedded services listen on 127.0.0.1. Unset: the usual port, or a free one."""

    postgres: int | None = Field(None, ge=0, le=65535, description="PostgreSQL (usually 54320).")
    redis: int | None = Field(None, ge=0, le=65535, description="Redis (usually 63790).")
    prefect: int | None = Field(
        None, ge=0, le=65535, description="Prefect API and UI (usually 4200)."
    )
    gateway: int | None = Field(
        None, ge=0, le=65535, description="The gateway for programs (usually 8080)."
    )
    grpc: int | None = Field(None, ge=0, le=65535, description="Its gRPC (usually 8081).")


class EmbeddedSettings(Group):
    """How the embedded services are started and watched."""

    start_timeout_s: float = Field(
        120.0, gt=0, description="How long one service may take to become ready."
    )
    stop_timeout_s: float = Field(
        15.0, gt=0, description="How long one service may take to stop before it is killed."
    )
    max_restarts: int = Field(
        5, ge=0, description="How often within a minute a service that died is started again."
    )
    health_every_s: float = Field(
        10.0, gt=0, description="How often a service is asked whether it still answers."
    )
    health_timeout_s: float = Field(5.0, gt=0, description="How long its answer may take.")
    health_failures: int = Field(
        5, ge=1, description="Bad answers in a row after which a service is started again."
    )


class TierSettings(Group):
    """At most so many flow runs of each tier at once, however idle the other tiers are."""

    critical: int = Field(64, ge=1, description="Concurrent runs in the pool critical, at most.")
    high: int = Field(64, ge=1, description="Concurrent runs in the pool high, at most.")
    medium: int = Field(64, ge=1, description="Concurrent runs in the pool medium, at most.")
    low: int = Field(64, ge=1, description="Concurrent runs in the pool low, at most.")


class SchedulingSettings(Group):
    """How the tiers share the capacity of all workers."""

    critical_reserve: float = Field(
        0.25, ge=0, lt=1, description="Share of the slots that only critical runs may take."
    )
    critical_weight: float = Field(
        8, gt=0, description="Share of the tier critical beyond its reserve, against the others."
    )
    high_weight: float = Field(4, gt=0, description="Share of the tier high, against the others.")
    medium_weight: float = Field(2, gt=0, description="Share of the tier medium.")
    low_weight: float = Field(1, gt=0, description="Share of the tier low.")
    high_wait_s: float = Field(
        60, gt=0, description="A high run that has waited so long goes before its tier's share."
    )
    medium_wait_s: float = Field(600, gt=0, description="The same for medium runs.")
    low_wait_s: float = Field(3600, gt=0, description="The same for low runs.")
    contended_above: float = Field(
        0.8, gt=0, le=1, description="Share of slots in use above which lent capacity is reclaimed."
    )
    allocate_every_s: float = Field(
        1.0, gt=0, description="How often capacity is lent and reclaimed."
    )


class WorkerSettings(Group):
    """What one worker offers, and how it runs flows."""

    slots: int | None = Field(
        None, ge=1, description="Flow runs at once. Unset: twice the cores, at least 4."
    )
    cpu: float | None = Field(
        None, gt=0, description="Cores to share out. Unset: one for each slot."
    )
    memory_mb: float | None = Field(
        None, gt=0, description="Memory to share out. Unset: three quarters of the machine's."
    )
    storage_mb: float | None = Field(
        None, gt=0, description="Scratch space to share out. Unset: half of what is free."
    )
    network_mbps: float = Field(1000, gt=0, description="Network to share out.")
    lease_s: float = Field(
        30, ge=3, description="After so long without a sign of life a worker's runs are given up."
    )
    restarts: int = Field(
        3,
        ge=0,
        le=100,
        description="How often a run that may start again does so, once its process was lost.",
    )
    drain_s: float = Field(
        10, ge=0, description="How long running flows may go on when the worker is told to stop."
    )
    poll_s: float = Field(
        0.5, gt=0, le=60, description="Between two looks for runs that nobody announced."
    )
    keep_results_days: int = Field(
        7, ge=1, le=36500, description="After so many days the result of an ended run is deleted."
    )


class DeadLetterSettings(Group):
    """What is kept of runs that failed for good."""

    keep_days: int = Field(
        90, ge=1, le=36500, description="After so many days a dead letter is deleted."
    )


class TaskSettings(Group):
    """What every task does when it fails or hangs."""

    retries: int = Field(3, ge=0, description="How often a failed task is tried again.")
    first_delay_s: float = Field(1.0, ge=0, description="Wait before the first retry.")
    backoff: float = Field(1.5, ge=1, description="Each wait is this much longer than the last.")
    jitter: float = Field(0.5, ge=0, le=1, description="Random share added to each wait.")
    timeout_s: float = Field(300.0, gt=0, description="A task that runs longer fails.")
    load_timeout_s: float = Field(
        3600.0, gt=0, description="The same for tasks that load data, whose size is unbounded."
    )


class CacheSettings(Group):
    """How much each level of the cache holds, and for how long."""

    memory_mb: float = Field(2048, gt=0, description="Level 1, in each process's memory.")
    memory_ttl_s: float = Field(300, gt=0, description="An entry stays in level 1 at most.")
    redis_mb: float = Field(8192, gt=0, description="Level 2, in Redis, for all processes.")
    redis_ttl_s: float = Field(3600, gt=0, description="An entry stays in level 2 at most.")
    disk_mb: float = Field(20480, gt=0, description="Level 3, on each machine's disk.")
    disk_ttl_s: float = Field(86400, gt=0, description="An entry stays in level 3 at most.")
    adaptive_ttl: bool = Field(
        True, description="What was dear to compute lives longer, where its policy allows it."
    )
    adaptive_shares: bool = Field(
        True, description="Namespaces share level 1 by what more room brings each; else as one."
    )
    prefetch: bool = Field(
        True, description="Bring up to level 1 what usually follows, for as long as that pays."
    )
    protection: str | None = Field(
        None,
        pattern=r"^[\w.]+:\w+$",
        description="Object that decides what results may be kept, package.module:name.",
    )


class DocumentSettings(Group):
    """How files become chunks."""

    max_file_mb: float = Field(100.0, gt=0, description="Larger files go to quarantine.")
    chunk_words: int = Field(200, ge=20, le=2000, description="Words in a chunk, at most.")
    chunk_overlap: int = Field(
        50,
        ge=0,
        le=1000,
        validate_default=True,
        description="Words a chunk repeats from the one before, at most; less than chunk_words.",
    )

    @field_validator("chunk_overlap")
    @classmethod
    def _leave_something_new(cls, overlap: int, info: ValidationInfo) -> int:
        words = info.data.get("chunk_words", overlap + 1)
        if overlap >= words:
            raise ValueError(f"must be less than chunk_words ({words})")
        return overlap


class LakeSettings(Group):
    """How collections are embedded and searched."""

    embedder: Literal["lsa", "openai", "sentence-transformers"] = Field(
        "lsa", description="Model for new collections; an existing one keeps its own."
    )
    embedding_model: str | None = Field(
        None, description="Model name, for the embedders openai and sentence-transformers."
    )
    embedding_base_url: str | None = Field(
        None,
        pattern=URL_PATTERN,
        description="OpenAI-compatible endpoint, for the embedder openai.",
    )
    embedding_api_key: SecretStr | None = Field(None, description="Key of that endpoint.")


class MaintenanceSettings(Group):
    """How long the Lake keeps what was, and what its upkeep may use."""

    keep_versions: int = Field(
        10, ge=1, le=1000, description="Versions before the present one that can be returned to."
    )
    keep_versions_days: int = Field(
        30, ge=1, le=3650, description="And only those that were the present one since then."
    )
    keep_quarantine_days: int = Field(
        90, ge=1, le=3650, description="What was not refused again since then is deleted."
    )
    keep_loads_days: int = Field(
        365, ge=1, le=3650, description="Records of loads that nothing refers to are deleted then."
    )
    memory_mb: int = Field(
        4096, ge=64, le=65536, description="Memory that PostgreSQL may use for one step."
    )


class AnswerSettings(Group):
    """How questions are answered."""

    max_question_chars: int = Field(4000, ge=1, description="Longer questions are refused.")
    passages: int = Field(5, ge=1, le=50, description="Passages an answer is drawn from.")


class LlmSettings(Group):
    """The LLM that writes answers. Without one they are extracted."""

    base_url: str | None = Field(
        None, pattern=URL_PATTERN, description="OpenAI-compatible endpoint, http://host/v1 say."
    )
    model: str | None = Field(None, description="Model name at that endpoint.")
    api_key: SecretStr | None = Field(None, description="Key of that endpoint.")
    timeout_s: float = Field(60.0, gt=0, description="A call that takes longer fails.")
    prompt_price: float = Field(
        0.0, ge=0, description="Of a million tokens that are sent, in your currency."
    )
    completion_price: float = Field(
        0.0, ge=0, description="Of a million tokens that are written, in your currency."
    )
    tenant_tokens_per_day: int | None = Field(
        None,
        ge=1,
        description="Tokens, in and out, that the requests of each tenant may use of all LLMs in a"
        " day (UTC). Unset: as many as they take.",
    )


class SecuritySettings(Group):
    """Who may ask the platform for what."""

    key_cache_s: float = Field(
        5,
        ge=0,
        le=60,
        description="A verified credential is believed so long without another look"
        " at the database, at a lock, or at its issuer's keys.",
    )
    session_s: float = Field(
        3600, gt=0, description="A token is good for so long after it was issued, at most."
    )
    issuers: Path | None = Field(
        None, description="TOML file of the issuers whose tokens (JWT) are accepted. Unset: none."
    )
    reader_tier: Tier = Field(Tier.MEDIUM, description="The most urgent tier readers may use.")
    operator_tier: Tier = Field(Tier.HIGH, description="The most urgent tier operators may use.")
    admin_tier: Tier = Field(Tier.CRITICAL, description="The most urgent tier admins may use.")
    lock_after: int = Field(
        3, ge=1, le=100, description="Wrong credentials of one key from one address until a lock."
    )
    lock_address_after: int = Field(
        30, ge=1, le=10_000, description="The same from one address, whatever the keys."
    )
    lock_s: float = Field(
        900, ge=1, le=86400, description="How long the first lock lasts; each next one twice that."
    )
    longest_lock_s: float = Field(86400, ge=1, le=604800, description="No lock lasts longer.")


class PrivacySettings(Group):
    """How personal data is found and hidden."""

    documents: Literal["off", "redact", "mask"] = Field(
        "off", description="What is done to personal data in documents before they are stored."
    )
    prompts: Literal["off", "remote", "all"] = Field(
        "remote",
        description="LLM providers that get placeholders for personal data; remote: those that are"
        " not on this machine.",
    )
    indirect: bool = Field(
        False,
        description="Hide what names nobody by itself as well: places, dates, organisations, ages.",
    )
    model: str | None = Field(
        None, description="An installed spaCy model that helps finding. Unset: lists and patterns."
    )
    threshold: float = Field(
        0.4, ge=0, le=1, description="Findings that are less sure are left alone."
    )
    keys: Path | None = Field(
        None, description="File of the keys, shared by all machines. Unset: in the home folder."
    )
    rotate_days: int = Field(
        30, ge=1, le=3650, description="After so many days a new key encrypts; old ones decrypt."
    )


class RateSettings(Group):
    """How many requests are served, by all gateways together."""

    per_s: float = Field(1000, gt=0, le=1e5, description="Requests per second of all tenants.")
    burst: int = Field(
        1000, ge=1, le=10**6, description="Of all tenants at once, after a quiet moment."
    )
    tenant_per_s: float = Field(
        500, gt=0, le=1e5, description="Requests per second of each tenant."
    )
    tenant_burst: int = Field(
        500, ge=1, le=10**6, description="Of one tenant at once, after a quiet moment."
    )


class GatewaySettings(Group):
    """How programs are served over HTTP."""

    host: str = Field("127.0.0.1", description="Address it listens on. Others than this: add TLS.")
    pipelines: tuple[str, ...] = Field(
        (
            "flows.pipelines.echo",
            "flows.pipelines.embed",
            "flows.pipelines.search",
            "flows.pipelines.answer",
            "flows.pipelines.chat",
            "flows.pipelines.summarise",
            "flows.pipelines.extract",
            "flows.pipelines.classify",
            "flows.pipelines.predict",
            "flows.pipelines.train",
            "flows.pipelines.upsert",
            "flows.pipelines.delete",
        ),
        min_length=1,
        description="Modules with a PIPELINE each: the operations that programs may ask for.",
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="Web pages of these origins may call it, e.g. https://app.example.org."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses whose X-Forwarded-For is believed. Unset: nobody's."
    )
    max_body_mb: float = Field(1, gt=0, le=1024, description="A larger request is refused.")
    max_head_kb: float = Field(32, ge=4, le=1024, description="The same for its headers.")
    receive_timeout_s: float = Field(
        10, gt=0, le=600, description="A request must have come in after so long: slow ones end."
    )
    longest_wait_s: float = Field(
        60, gt=0, le=3600, description="How long a call may wait for a request to end, at most."
    )
    connections: int = Field(
        4096, ge=1, le=100_000, description="Connections at once; further ones are refused."
    )
    drain_s: float = Field(
        10, ge=0, le=600, description="How long requests may go on when it is told to stop."
    )


class BatchSettings(Group):
    """How large a batch of requests may be, and how much of it is worked on at once."""

    max_items: int = Field(10_000, ge=1, le=100_000, description="Lines of a batch, at most.")
    max_body_mb: float = Field(32, gt=0, le=1024, description="A larger batch is refused.")
    receive_timeout_s: float = Field(
        60, gt=0, le=600, description="A batch must have come in after so long."
    )
    at_once: int = Field(
        256, ge=1, le=4096, description="Items of a batch that are worked on at once, at most."
    )
    memory_mb: float = Field(
        768,
        gt=0,
        description="A run takes fewer items at once when it holds nearly so much memory. Keep it"
        " below the job variable `memory` of the deployments run-batch.",
    )


class WebhookSettings(Group):
    """Where programs may be told of the end of a request or batch, and how that is signed."""

    origins: tuple[str, ...] = Field(
        (), description="Webhooks go to these only, e.g. https://hooks.example.org. Unset: nowhere."
    )
    signing_key: SecretStr | None = Field(
        None, description="whsec_ and 24 to 64 bytes in Base64, which receivers verify with."
    )
    timeout_s: float = Field(10, gt=0, le=60, description="An attempt that takes longer fails.")
    max_attempts: int = Field(8, ge=1, le=12, description="Then a webhook is given up.")
    first_delay_s: float = Field(
        5, gt=0, le=600, description="Before the second attempt; each later delay is four times."
    )


class RealtimeSettings(Group):
    """How the real-time lane works, and each of its processes."""

    processes: int = Field(
        2, ge=1, le=16, description="Of the lane: where one ends, another takes over at once."
    )
    pipelines: int = Field(
        50, ge=1, le=10_000, description="Requests that a process works on at once."
    )
    timeout_s: float = Field(30, gt=0, le=60, description="A request that takes longer fails.")
    threads: int = Field(16, ge=1, le=256, description="Tasks at once that are not `async`.")
    window_s: float = Field(
        5, ge=1, le=3600, description="So much of its work is one task run in Prefect's UI."
    )
    lost_after_s: float = Field(
        3,
        ge=0.5,
        le=60,
        description="After so long without a sign of life others take over what it worked on.",
    )
    max_attempts: int = Field(
        3, ge=2, le=10, description="A request that ended so many processes is given up."
    )
    max_batch: int = Field(64, ge=1, le=4096, description="Requests in a micro-batch, at most.")
    batch_wait_ms: float = Field(
        20, ge=0, le=1000, description="A micro-batch waits so long for more requests, at most."
    )
    blocks_s: float = Field(
        30, ge=1, le=3600, description="A Prefect block is read again when it is older than this."
    )
    replays_per_minute: int = Field(
        6, ge=0, le=600, description="Failed requests that become flow runs which try them again."
    )
    drain_s: float = Field(
        10, ge=0, le=600, description="How long requests may go on when it is told to stop."
    )


class StreamSettings(Group):
    """How events are kept and handled."""

    handlers: tuple[str, ...] = Field(
        (), description="Modules whose register(handlers, requests) adds handlers."
    )
    max_waiting: int = Field(
        100_000,
        ge=1,
        description="Events that wait for their handler, at most; then none is taken.",
    )
    keep: int = Field(10_000, ge=1, description="Events set aside that are kept, about.")
    remember_s: int = Field(
        86_400, ge=1, description="An event published again within this time is one event."
    )
    at_once: int = Field(16, ge=1, description="Events handled at once by one process.")
    handler_timeout_s: float = Field(60.0, gt=0, description="A handler that takes longer fails.")


class DatasetSettings(Group):
    """Where tabular datasets are described."""

    folder: Path = Field(Path("datasets"), description="Folder of your own dataset YAML files.")


class ForgeSettings(Group):
    """Where models are described, registered and kept in memory."""

    folder: Path = Field(Path("models"), description="Folder of your own training specs, in YAML.")
    url: SecretStr | None = Field(
        None,
        description="MLflow server, or PostgreSQL database of MLflow. Unset: the platform's own.",
    )
    memory_mb: float = Field(
        512, gt=0, description="Models that one process of the real-time lane keeps ready."
    )
    champion_s: float = Field(
        5.0, ge=0, description="A new champion serves after so many seconds at the latest."
    )


class AdmissionSettings(Group):
    """How many requests may wait, and when the load is too high for those of lower tiers."""

    critical_queue: int = Field(
        1000, ge=1, description="Requests of tier critical that wait for a flow run, at most."
    )
    high_queue: int = Field(1000, ge=1, description="The same for the tier high.")
    medium_queue: int = Field(5000, ge=1, description="The same for the tier medium.")
    low_queue: int = Field(10000, ge=1, description="The same for the tier low.")
    realtime_concurrency: int = Field(
        100, ge=1, description="Requests of the real-time lane that are worked on at once."
    )
    realtime_buffer: int = Field(
        1000, ge=0, description="Requests that wait for the real-time lane, at most."
    )
    tenant_share: float = Field(
        0.5, gt=0, le=1, description="Part of each of these bounds that one tenant may fill."
    )
    shed_above: float = Field(
        0.85,
        gt=0,
        le=1,
        description="Share of processor, memory or a queue in use above which low requests are"
        " refused unless they would be alone, and half way from there to 1 medium ones; 1: never.",
    )
    shed_for_s: float = Field(
        30, gt=0, description="They are let in again when the load was below for so long."
    )
    place_s: float = Field(
        60, ge=5, description="The place of a request whose gateway died is free after so long."
    )


class TrackingSettings(Group):
    """What is remembered of requests, and how long."""

    write_every_s: float = Field(
        1.0, gt=0, le=60, description="How often what changed is written to PostgreSQL."
    )
    keep_s: float = Field(
        86400, ge=60, description="A request that ended is known for so long, its result too."
    )
    idempotency_s: float = Field(
        86400, ge=60, description="An idempotency key is known for so long after its first use."
    )
    session_s: float = Field(
        3600, gt=0, description="A session ends when it was not used for so long."
    )
    session_context_bytes: int = Field(
        65536, ge=1024, description="Size of what a session may remember, at most."
    )


class Settings(BaseSettings):
    """All settings, frozen. Make one with `load()`, or `settings()` for this process's own."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(Path(".neurocortex"), description="Folder of all data of the platform.")
    database_url: SecretStr | None = Field(
        None, description="An existing PostgreSQL with pgvector; nothing is started for it."
    )
    redis_url: SecretStr | None = Field(
        None, description="An existing Redis; nothing is started for it."
    )
    prefect_api_url: str | None = Field(
        None,
        validation_alias=AliasChoices("PREFECT_API_URL", "prefect_api_url"),
        pattern=r"^https?://.+",
        description="An existing Prefect server; nothing is started for it.",
    )
    ports: PortSettings = PortSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    tiers: TierSettings = TierSettings()
    scheduling: SchedulingSettings = SchedulingSettings()
    worker: WorkerSettings = WorkerSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    tasks: TaskSettings = TaskSettings()
    cache: CacheSettings = CacheSettings()
    documents: DocumentSettings = DocumentSettings()
    lake: LakeSettings = LakeSettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()
    answers: AnswerSettings = AnswerSettings()
    llm: LlmSettings = LlmSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    stream: StreamSettings = StreamSettings()
    datasets: DatasetSettings = DatasetSettings()
    forge: ForgeSettings = ForgeSettings()
    admission: AdmissionSettings = AdmissionSettings()
    tracking: TrackingSettings = TrackingSettings()
    gateway: GatewaySettings = GatewaySettings()
    batches: BatchSettings = BatchSettings()
    webhooks: WebhookSettings = WebhookSettings()
    security: SecuritySettings = SecuritySettings()
    rates: RateSettings = RateSettings()
    privacy: PrivacySettings = PrivacySettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the caller passes: `load()` reads the sources, to know each value's origin."""
        return (init_settings,)


class Entry(NamedTuple):
    """One setting as `neurocortex settings` prints it."""

    variable: str
    """Name in the environment."""
    value: str
    """Secrets masked."""
    origin: str
    """`environment`, `.env`, the TOML file's path, or `default`."""
    description: str


class Loaded(NamedTuple):
    """The settings, and where each that is not a default came from."""

    settings: Settings
    origins: Mapping[str, str]
    """By dotted field path, e.g. `lake.embedder`."""

    def entries(self) -> Iterator[Entry]:
        """Yield every setting in the order of this file."""
        for path, description, value in _walk(self.settings):
            yield Entry(
                variable(path), _shown(value), self.origins.get(path, "default"), description
            )


def load() -> Loaded:
    """Read the settings from environment, `.env` and TOML.

    Raises:
        SettingsError: a value is not allowed, or a name is unknown; it lists every one.
    """
    toml = Path(os.environ.get(CONFIG_VARIABLE, "neurocortex.toml"))
    if CONFIG_VARIABLE in os.environ and not toml.is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} = {str(toml)!r}: there is no such file.")
    weakest_first: list[tuple[str, Callable[[], PydanticBaseSettingsSource]]] = [
        (str(toml), lambda: TomlConfigSettingsSource(Settings, toml_file=toml)),
        (".env", lambda: DotEnvSettingsSource(Settings, env_file=".env")),
        ("environment", lambda: EnvSettingsSource(Settings)),
    ]
    found: dict[str, object] = {}
    origins: dict[str, str] = {}
    for origin, source in weakest_first:
        try:
            values = source()()
        except Exception as error:
            raise SettingsError(f"The settings in {origin} cannot be read: {error}") from error
        for path, value in _leaves(values):
            found[path] = value
            origins[path] = origin
    _refuse_unknown_names(origins)
    merged: dict[str, object] = {}
    for path, value in found.items():
        _put(merged, path, value)
    try:
        return Loaded(Settings.model_validate(merged), origins)
    except ValidationError as error:
        raise SettingsError(_explain(error, origins)) from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings, read at the first call."""
    return load().settings


def variable(path: str) -> str:
    """Return the environment variable of a dotted field path."""
    if path == "prefect_api_url":
        return "PREFECT_API_URL"
    return PREFIX + path.replace(".", "__").upper()


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that give a child process these very settings.

    Relative paths are made absolute: a child may run in another folder.
    """
    found: dict[str, str] = {}
    for path, _, value in _walk(settings):
        if value is None:
            continue
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, Path):
            value = value.absolute()
        # Several values are one JSON list in a variable.
        found[variable(path)] = json.dumps(value) if isinstance(value, tuple) else str(value)
    return found


def _walk(group: BaseModel, prefix: str = "") -> Iterator[tuple[str, str, object]]:
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, Group):
            yield from _walk(value, f"{name}.")
        else:
            yield prefix + name, field.description or "", value


def _leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        path = prefix + name.lower()
        if isinstance(value, dict):
            yield from _leaves(cast("Mapping[str, object]", value), f"{path}.")
        else:
            yield path, value


def _put(tree: dict[str, object], path: str, value: object) -> None:
    *groups, leaf = path.split(".")
    for group in groups:
        tree = cast("dict[str, object]", tree.setdefault(group, {}))
    tree[leaf] = value


def _refuse_unknown_names(origins: Mapping[str, str]) -> None:
    """A misspelt name would otherwise be a setting that silently does nothing."""
    known = {variable(path): path for path, _, _ in _walk(Settings.model_construct())}
    wrong = [
        (name, "environment")
        for name in os.environ
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE and name.upper() not in known
    ]
    wrong += [(variable(path), at) for path, at in origins.items() if variable(path) not in known]
    if not wrong:
        return
    lines = []
    for name, origin in dict(wrong).items():
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else " `neurocortex settings` lists all."
        lines.append(f"{name} (from {origin}): there is no such setting.{hint}")
    raise SettingsError("\n".join(lines))


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors():
        path = ".".join(str(part) for part in problem["loc"])
        if path == "PREFECT_API_URL":
            path = "prefect_api_url"
        origin = origins.get(path, "default")
        value = MASK if _is_secret(path) else repr(problem["input"])
        lines.append(f"{variable(path)} = {value} (from {origin}): {problem['msg']}.")
    return "\n".join(lines)


def _is_secret(path: str) -> bool:
    return path.endswith(("_key", "database_url", "redis_url"))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return MASK if isinstance(value, SecretStr) else str(value)
