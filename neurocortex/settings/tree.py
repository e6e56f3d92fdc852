"""All settings in one value."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from neurocortex.settings.access import (
    AdmissionSettings,
    RateSettings,
    SecuritySettings,
    TrackingSettings,
)
from neurocortex.settings.data import (
    CacheSettings,
    DatasetSettings,
    DocumentSettings,
    ForgeSettings,
    LakeSettings,
    MaintenanceSettings,
    PrivacySettings,
)
from neurocortex.settings.group import PREFIX
from neurocortex.settings.language import (
    AnswerSettings,
    BalancingSettings,
    LlmSettings,
    PipelineSettings,
)
from neurocortex.settings.platform import (
    DeadLetterSettings,
    EmbeddedSettings,
    PortSettings,
    TaskSettings,
)
from neurocortex.settings.scheduling import SchedulingSettings, TierSettings, WorkerSettings
from neurocortex.settings.selection import SelectionSettings
from neurocortex.settings.serving import (
    BatchSettings,
    GatewaySettings,
    RealtimeSettings,
    RoutingSettings,
    StreamSettings,
    WebhookSettings,
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
    selection: SelectionSettings = SelectionSettings()
    pipelines: PipelineSettings = PipelineSettings()
    balancing: BalancingSettings = BalancingSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    stream: StreamSettings = StreamSettings()
    datasets: DatasetSettings = DatasetSettings()
    forge: ForgeSettings = ForgeSettings()
    admission: AdmissionSettings = AdmissionSettings()
    tracking: TrackingSettings = TrackingSettings()
    gateway: GatewaySettings = GatewaySettings()
    routing: RoutingSettings = RoutingSettings()
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
