"""Where a request is served: an ordered list of small rules, each with its reason.

The order (in the manner of `server/orchestration/core_policy.py` of Prefect):

1. What is asked: the operation's own tier, the tier asked for, and then the ceiling of the role,
   so that nothing before it can exceed it.
2. The deadline and what finished runs say about the work (`expected`): the choice of a lane depends
   on both.
3. The lane. The first rule that chooses one has the say, so the necessary ones come first
   (`one_lane`, `stream`, `metered`, `permitted`), then those that weigh.
4. What follows from the lane: a tier that the flow is deployed on, and one on which it is in time.
   Both stay below the ceiling.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request
from neurocortex.routing import rules
from neurocortex.routing.draft import Draft
from neurocortex.routing.route import Caller, Expectation, Load, Route

Rule = Callable[[Draft], Draft]

RULES: Final[Sequence[Rule]] = (
    rules.operation,
    rules.asked,
    rules.ceiling,
    rules.deadline,
    rules.expected,
    rules.one_lane,
    rules.stream,
    rules.metered,
    rules.permitted,
    rules.short,
    rules.near_deadline,
    rules.long,
    rules.deployed,
    rules.in_time,
)

IDLE: Final = Load()


def route(
    request: Request,
    pipeline: Pipeline[Any, Any],
    caller: Caller,
    now: float,
    load: Load | None = None,
    expectation: Expectation | None = None,
) -> Route:
    """Decide where a request is served.

    Args:
        request: a valid one of the pipeline's type.
        pipeline: of its operation.
        caller: who asks.
        now: seconds since the epoch; the deadline counts from here.
        load: how busy the lanes are; None: not known, as if nobody waited.
        expectation: what finished runs say about it; None: nothing, the pipeline's own estimate
            counts.

    Raises:
        ForbiddenError: it has flow runs only, and on no tier that the caller may use.
    """
    estimate = pipeline.estimate(request)
    draft = Draft(
        request=request,
        pipeline=pipeline,
        caller=caller,
        now=now,
        load=load or IDLE,
        tier=pipeline.tier,
        estimate=estimate,
        length=rules.length_of(estimate.seconds),
        late_s=estimate.seconds,
        expectation=expectation,
    )
    for rule in RULES:
        draft = rule(draft)
    return draft.final()
