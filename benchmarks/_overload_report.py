"""What an overload did, from the outcomes of its requests. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks._open_load import Outcome

PROBLEM: Final = "application/problem+json"

BOUNDED: Final = frozenset(
    {"queue_full", "tenant_queue_full", "shedding", "rate_limited", "gateway_busy"}
)
"""Refusals that meet a bound, which the document names."""

COME_BACK: Final = frozenset({429, 503})
"""Statuses after which a client is to be told when to come back."""

LATER: Final = frozenset({"lane_timeout", "deadline_passed", "internal"})
"""Problems of requests that had been let in."""

BUCKET_S: Final = 1.0

SLOWER: Final = 2.0
EXTRA_MS: Final = 50.0
"""Latency is back when the slowest but one in a hundred takes at most so much more than before."""


@dataclass(frozen=True, slots=True)
class Times:
    """When the overload was, in seconds after the beginning."""

    began: float
    ended: float
    last: float
    """When the last request came."""


def tier_of(outcome: Outcome) -> str:
    """Return the tier of a kind that is named `TIER/TENANT/HOW`."""
    return outcome.kind.split("/", 1)[0]


def is_let_in(outcome: Outcome) -> bool:
    """Tell whether a request was let in: answered, or accepted to be done later."""
    return outcome.status in {200, 202}


def is_typed(outcome: Outcome) -> bool:
    """Tell whether a refusal says all that a program needs to go on."""
    document = _document(outcome)
    if outcome.type != PROBLEM or not document.get("code") or not document.get("detail"):
        return False
    if outcome.status in COME_BACK and not outcome.retry_after.isdigit():
        return False
    return document["code"] not in BOUNDED or document.get("limit") is not None


def code_of(outcome: Outcome) -> str:
    """Return why a request was refused."""
    return str(_document(outcome).get("code") or f"status {outcome.status}")


def is_lost(outcome: Outcome) -> bool:
    """Tell whether a request was let in, or may have been, and its client has no answer."""
    return outcome.status == 0 or code_of(outcome) in LATER


def accepted_ids(outcomes: Iterable[Outcome]) -> Sequence[str]:
    """Return the ids of requests that were accepted to be done later."""
    return [str(_document(each)["id"]) for each in outcomes if each.status == 202]


def recovery_s(outcomes: Sequence[Outcome], times: Times) -> float:
    """Return how long after the overload everybody is let in, and as fast as before, for good."""
    usual_ms = p99([each.ms for each in outcomes if each.at < times.began and each.status == 200])
    count = int((times.last - times.ended) / BUCKET_S)
    buckets: list[list[Outcome]] = [[] for _ in range(count)]
    for each in outcomes:
        number = int((each.at - times.ended) // BUCKET_S)
        if 0 <= number < count:
            buckets[number].append(each)
    recovered = count
    for number in reversed(range(count)):
        if not _is_as_before(buckets[number], usual_ms):
            break
        recovered = number
    return recovered * BUCKET_S


def _is_as_before(outcomes: Sequence[Outcome], usual_ms: float) -> bool:
    answered = [each.ms for each in outcomes if each.status == 200]
    return all(map(is_let_in, outcomes)) and p99(answered) <= SLOWER * usual_ms + EXTRA_MS


def p99(values: Sequence[float]) -> float:
    """Return the value that 99 of 100 do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[int(0.99 * (len(ordered) - 1))] if ordered else 0.0


def _document(outcome: Outcome) -> Mapping[str, object]:
    try:
        found = json.loads(outcome.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
