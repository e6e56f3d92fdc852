"""What a call's headers ask for, and what an answer's headers say."""

from collections.abc import Mapping
from typing import Final

from neurocortex.errors import InvalidRequestError
from neurocortex.experiments.trials import Trial
from neurocortex.gateway.answers import CacheUse
from neurocortex.routing.route import Route

MAX_KEY_CHARS: Final = 255
"""Of an Idempotency-Key, as others allow."""


def wants_fresh(headers: Mapping[str, str]) -> bool:
    """Tell whether the answer may not come from a cache (RFC 9111, 5.2.1.4)."""
    return "no-cache" in headers.get("cache-control", "").lower()


def wants_no_wait(headers: Mapping[str, str]) -> bool:
    """Tell whether the client asks for an id instead of waiting (RFC 7240, 4.1)."""
    return "respond-async" in headers.get("prefer", "").lower()


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), without its quotes.

    Raises:
        InvalidRequestError: as `checked_key`.
    """
    given = headers.get("idempotency-key")
    return None if given is None else checked_key(given.strip().strip('"'))


def checked_key(key: str) -> str:
    """Return an idempotency key, in whichever protocol it came.

    Raises:
        InvalidRequestError: it is empty, too long, or has characters that do not show.
    """
    if not 0 < len(key) <= MAX_KEY_CHARS or not (key.isascii() and key.isprintable()):
        raise InvalidRequestError(
            [("Idempotency-Key", f"must be 1 to {MAX_KEY_CHARS} printable ASCII characters")]
        )
    return key


def experiment_headers(trial: Trial | None) -> dict[str, str]:
    """Return which variant of which experiment served a request; nothing of one in none."""
    if trial is None:
        return {}
    return {"X-Neurocortex-Experiment": f"{trial.name}; variant={trial.variant}"}


def route_headers(route: Route, use: CacheUse | None = None) -> dict[str, str]:
    """Return how a request was served and why, for people who look into it."""
    rules = ", ".join(reason.rule for reason in route.reasons)
    found = {"X-Neurocortex-Route": f"lane={route.lane.value}; tier={route.tier.value}; by={rules}"}
    if use is not None:
        found["X-Cache"] = use.value
    return found
