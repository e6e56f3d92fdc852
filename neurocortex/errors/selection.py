"""Choosing among LLM providers."""

from collections.abc import Mapping

from neurocortex.errors.connectors import ConnectorError
from neurocortex.errors.requests import RequestError


class NoProviderFitsError(RequestError):
    """There are LLM providers, and the request's constraints leave none of them.

    `removed` has, by provider, the name of the constraint and what is against it.
    """

    code = "no_provider_fits"

    def __init__(self, operation: str, removed: Mapping[str, tuple[str, str]]) -> None:
        listed = "; ".join(
            f"{provider}: {text} ({constraint})" for provider, (constraint, text) in removed.items()
        )
        super().__init__(
            f"No LLM provider may be chosen for {operation}. {listed}. Allow more in `choose`, name"
            " a provider, or add one."
        )
        self.operation = operation
        self.removed = dict(removed)


class ChoiceNotFoundError(RequestError):
    """That tenant has no receipt of that id, or not any more."""

    code = "choice_not_found"

    def __init__(self, receipt: str) -> None:
        super().__init__(
            f"There is no choice of a provider with the id {receipt!r}: it is none of yours, it is"
            " too old, or its request named a provider."
        )
        self.receipt = receipt


class ChoicesUnavailableError(ConnectorError):
    """The Redis that keeps choices and their receipts does not answer."""
