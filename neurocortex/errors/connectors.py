"""Neighbours that do not answer."""

from neurocortex.errors.base import NeuroCortexError


class ConnectorError(NeuroCortexError):
    """A neighbour did not answer as it should."""

    def __init__(self, neighbour: str, reason: str) -> None:
        super().__init__(f"{neighbour}: {reason}")
        self.neighbour = neighbour
        self.reason = reason


class LakeUnavailableError(ConnectorError):
    """PostgreSQL refused, is gone, or went away in the middle of a call."""


class CacheUnavailableError(ConnectorError):
    """The cache's Redis does not answer."""


class StreamUnavailableError(ConnectorError):
    """The stream's Redis does not answer."""


class ForgeUnavailableError(ConnectorError):
    """The model registry does not answer."""


class LedgerUnavailableError(ConnectorError):
    """The ledger's Redis does not answer. A change was made whole or not at all."""


class LedgerClosedError(LedgerUnavailableError):
    """The ledger grants nothing to this worker just now: that ends by itself within seconds."""


class IssuerUnavailableError(ConnectorError):
    """The keys of an issuer of tokens cannot be read, and none are known from before."""


class ProviderError(ConnectorError):
    """An LLM provider refused the call, failed, or answered with something unusable."""


class ProviderRefusedError(ProviderError):
    """It refused what would be refused again: a wrong key, an unknown model, a bad request."""
