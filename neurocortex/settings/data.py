"""The cache, documents, datasets, the Lake, personal data and models."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from neurocortex.settings.group import URL_PATTERN, Group


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

    near_duplicates: Literal["off", "warn", "quarantine"] = Field(
        "warn", description="What becomes of documents that say nearly the same as others."
    )
    near_duplicate_share: float = Field(
        0.85,
        ge=0.7,
        le=1,
        description="Share of common passages from which two documents say nearly the same.",
    )

    @field_validator("chunk_overlap")
    @classmethod
    def _leave_something_new(cls, overlap: int, info: ValidationInfo) -> int:
        words = info.data.get("chunk_words", overlap + 1)
        if overlap >= words:
            raise ValueError(f"must be less than chunk_words ({words})")
        return overlap


class DatasetSettings(Group):
    """Where tabular datasets are described."""

    folder: Path = Field(Path("datasets"), description="Folder of your own dataset YAML files.")


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
    embedding_more_urls: tuple[Annotated[str, Field(pattern=URL_PATTERN)], ...] = Field(
        (), description="Further endpoints of that model: each takes its turn, and another's place."
    )
    embedding_api_key: SecretStr | None = Field(None, description="Key of these endpoints.")


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
    process_mb: float | None = Field(
        None,
        gt=0,
        description="A process that holds more memory than this unloads models. Unset: only when"
        " nine tenths of its container's or the machine's memory are in use.",
    )
    at_once: int = Field(
        8, ge=1, le=1000, description="Predictions of one model at the same time, in a process."
    )
    idle_s: float = Field(
        900, gt=0, description="A model that nobody asked for in so long is unloaded."
    )
    champion_s: float = Field(
        5.0, ge=0, description="A new champion serves after so many seconds at the latest."
    )
    predictions_days: float = Field(
        30,
        gt=0,
        description="Days that the rows of predictions are kept for feedback, of models whose spec"
        " says keep_predictions.",
    )
