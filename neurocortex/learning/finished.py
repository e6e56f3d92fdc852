"""A run that has ended, as far as it is learned from."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Finished(BaseModel):
    """One run. It holds sizes and times, and nothing of whose it was or what it said."""

    model_config = ConfigDict(frozen=True)

    operation: str
    features: Mapping[str, float]
    """See `features.features_of`."""
    seconds: float
    """It worked; of one that the real-time lane ended, until then: it would have taken longer."""
    tokens: int | None = None
    """Of language models; None: not known."""
    cpu_s: float | None = None
    """Processor time of its flow run; None: not known, or the real-time lane served it."""
    memory_mb: float | None = None
    """Of its own, at most at one moment; None: not known."""
    reserved_mb: float | None = None
    """What was reserved for it by the job variable `memory`; None: not known."""
    written_mb: float | None = None
    """To disks; None: not known."""
    reserved_storage_mb: float = 0.0
    """What was reserved for it by the job variable `storage`."""
    at: float
    """When it ended, in seconds since the epoch."""
