"""What the learned model says about a request, in microseconds."""

from collections.abc import Callable, Mapping
from math import exp
from typing import Any, Final

from neurocortex.learning.features import RULE_S, RULE_TOKENS, features_of
from neurocortex.learning.model import LENGTHS, OperationModel, RouterModel
from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request
from neurocortex.routing.route import Expectation

Expect = Callable[[Pipeline[Any, Any], Request, int], Expectation | None]
"""Takes a pipeline, a request of it and the bytes of its JSON."""

LEAST: Final[Mapping[str, float]] = {RULE_S: 1e-4, RULE_TOKENS: 1.0}
"""What is learned is a multiple of the rule's figure, or of this if that is smaller."""


def nothing_expected(
    pipeline: Pipeline[Any, Any],  # noqa: ARG001 - the shape of `Expect`
    request: Request,  # noqa: ARG001
    size: int,  # noqa: ARG001
) -> Expectation | None:
    """Say nothing: the pipelines' own rules count."""
    return None


def expecting(model: RouterModel) -> Expect:
    """Return a function that asks a model."""
    operations = {name: model.operations[name] for name in model.serving}

    def expect(pipeline: Pipeline[Any, Any], request: Request, size: int) -> Expectation | None:
        learned = operations.get(pipeline.operation)
        if learned is None:
            return None
        return expectation(learned, features_of(pipeline, request, size))

    return expect


def expectation(learned: OperationModel, features: Mapping[str, float]) -> Expectation | None:
    """Return what is expected of a request; None: it is unlike all that was learned from."""
    values = []
    for bound in learned.features:
        value = features.get(bound.name)
        if value is None or not bound.lowest <= value <= bound.highest:
            return None
        values.append(value)
    seconds = late_s = tokens = cpu_s = memory_mb = storage_mb = length = None
    if learned.seconds is not None:
        base = max(features[RULE_S], LEAST[RULE_S])
        seconds, late_s = (base * exp(each) for each in learned.seconds.mean(values))
    if learned.tokens is not None:
        base = max(features[RULE_TOKENS], LEAST[RULE_TOKENS])
        tokens = round(base * exp(learned.tokens.mean(values)[0]))
    if learned.cpu_s is not None:
        base = max(features[RULE_S], LEAST[RULE_S])
        cpu_s = base * exp(learned.cpu_s.mean(values)[0])
    if learned.memory_mb is not None:
        memory_mb = exp(learned.memory_mb.mean(values)[1])
    if learned.storage_mb is not None:
        storage_mb = exp(learned.storage_mb.mean(values)[1])
    if learned.length is not None:
        shares = learned.length.mean(values)
        length = LENGTHS[shares.index(max(shares))]
    return Expectation(learned.runs, seconds, late_s, tokens, cpu_s, memory_mb, storage_mb, length)
