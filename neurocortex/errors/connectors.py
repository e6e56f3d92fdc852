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
    """An LLM provider refused the call, failed, or answered with something unusable.

    `status`: of HTTP, None where there was no answer. `retry_after_s`: as the provider says.
    `was_sent`: False where no connection was made, so the provider never saw the call.
    """

    def __init__(
        self,
        neighbour: str,
        reason: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        was_sent: bool = True,
    ) -> None:
        super().__init__(neighbour, reason)
        self.status = status
        self.retry_after_s = retry_after_s
        self.was_sent = was_sent


class ProviderRefusedError(ProviderError):
    """It refused what would be refused again: a wrong key, an unknown model, a bad request."""


class ProviderBrokeOffError(ProviderRefusedError):
    """An answer ended in the middle, of which a part was given away: nobody else may begin anew."""


class ProviderBusyError(ProviderError):
    """No endpoint of a model takes a call now: each is full, or asked us to come back later."""

    def __init__(self, model: str, waited_s: float, retry_after_s: float) -> None:
        super().__init__(
            model,
            f"no endpoint had room within {waited_s:.1f} s. Try again in {retry_after_s:.0f} s, add"
            " an endpoint to the LLM Provider block, or raise its `max_concurrent`.",
            retry_after_s=retry_after_s,
        )


class ProviderQueueFullError(ProviderError):
    """As many calls as may wait for an endpoint of a model are waiting already."""

    def __init__(self, model: str, limit: int) -> None:
        super().__init__(
            model,
            f"{limit} calls wait for an endpoint already. Send less at once, add an endpoint to"
            " the LLM Provider block, or raise NEUROCORTEX_BALANCING__MAX_WAITING.",
            retry_after_s=1.0,
        )
        self.limit = limit
