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
    at: float
    """When it ended, in seconds since the epoch."""
