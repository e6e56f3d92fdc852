"""What a load did: the figures a flow returns, prints and shows as artifacts."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from neurocortex.domain.quarantine import Quarantined


class LoadReport(BaseModel):
    """What one transaction changed in a collection of the Lake."""

    model_config = ConfigDict(frozen=True)

    load_id: UUID
    collection: str
    inserted: int
    """Documents that were not there before."""
    replaced: int
    """Documents whose older version went."""
    chunks: int
    """Chunks written."""
    embedder: str
    """Name and version of the model that embeds the collection."""
    reembedded: bool
    """Whether the model was fitted again and every chunk of the collection embedded anew."""
    seconds: float


class NearDuplicate(BaseModel):
    """A document that says nearly the same as another one."""

    model_config = ConfigDict(frozen=True)

    source: str
    like: str
    """Source of the other document."""
    share: float
    """Of their passages of five words, how much both have, 0 to 1."""


class IngestReport(BaseModel):
    """What a run of `ingest_documents` did."""

    model_config = ConfigDict(frozen=True)

    collection: str
    files: int
    """Files found."""
    unchanged: int
    """Documents the Lake already held in this version."""
    load: LoadReport | None
    """None where there was nothing to load."""
    quarantined: tuple[Quarantined, ...]
    near_duplicates: tuple[NearDuplicate, ...] = ()
    """Documents that say nearly the same as another one: of this run, or in the collection."""


class EtlReport(BaseModel):
    """What a run of `run_etl` did."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    load_id: UUID
    target: str
    """The Lake table."""
    extracted: int
    loaded: int
    quarantined: int
    seconds: float
