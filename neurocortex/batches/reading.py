"""From JSON lines to the items of a batch. No I/O."""

from collections.abc import Iterator
from typing import Final

from neurocortex.batches.values import Item, Outcome, Reading
from neurocortex.errors import (
    AccessError,
    BatchTooLargeError,
    EmptyBatchError,
    InvalidRequestError,
    PipelineError,
    RequestError,
)
from neurocortex.realtime.failures import code_of
from neurocortex.requests.registry import AnyPipeline, Registry
from neurocortex.requests.request import Request
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Scope

SHOWN: Final = 100
"""Lines whose reasons are listed when no line is valid."""

NOT_IN_A_BATCH: Final = {
    "tier": "the whole batch has one, in the address: leave it out here",
    "session": "an item of a batch belongs to no session: leave it out",
    "webhook": "the end of the whole batch is told, by one in the address: leave it out here",
    "stream": "the results of a batch are not streamed one by one: leave it out",
}
"""Fields of requests that an item may not set, as they would not be heeded."""


def read(body: bytes, registry: Registry, principal: Principal, max_items: int) -> Reading:
    """Read the lines of a batch: each that cannot be done is an outcome of its own.

    Empty lines are skipped.

    Args:
        body: JSON lines (https://jsonlines.org): a request in each.
        registry: the operations there are.
        principal: who asks; each item needs the scope that it would need alone.
        max_items: lines that one batch may have.

    Raises:
        BatchTooLargeError: it has more lines.
        EmptyBatchError: none of them can be done; it lists the first reasons.
    """
    items: list[Item] = []
    refused: list[Outcome] = []
    reasons: list[tuple[str, str]] = []
    estimate_s = 0.0
    for number, line in _lines(body):
        if len(items) + len(refused) == max_items:
            raise BatchTooLargeError(max_items)
        try:
            request, pipeline = _parse(line, registry, principal)
        except (RequestError, AccessError, PipelineError) as error:
            refused.append(Outcome.failed(number, code_of(error), str(error)))
            if len(reasons) < SHOWN:
                reasons.append((f"line {number}", str(error)))
            continue
        items.append(Item(number, request.operation, line, request.deadline_s))
        estimate_s += pipeline.estimate(request).seconds
    if not items:
        raise EmptyBatchError(reasons, len(refused))
    return Reading(items, refused, estimate_s)


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty; without a second copy of all of them."""
    number = start = 0
    while start < len(body):
        number += 1
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        line = body[start:end].strip()
        if line:
            yield number, line
        start = end + 1


def _parse(line: bytes, registry: Registry, principal: Principal) -> tuple[Request, AnyPipeline]:
    request = registry.parse(line)
    pipeline = registry[request.operation]
    if pipeline.realtime is None:
        raise PipelineError(request.operation, "it is a flow run of its own: ask for it alone")
    principal.require(Scope.REQUESTS_WRITE if pipeline.writes else Scope.ANSWERS_READ)
    wrong = [(name, why) for name, why in NOT_IN_A_BATCH.items() if getattr(request, name)]
    if wrong:
        raise InvalidRequestError(wrong)
    return request, pipeline
