"""What the variants of an experiment did, as values that grow with each request. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.experiments import sequences
from neurocortex.experiments.plan import ExperimentSpec, Metric, Unit
from neurocortex.rollout import odds
from neurocortex.rollout.counts import Histogram, time_class
from neurocortex.rollout.odds import Evidence, Trials

PER_TENANT: Final = 20
"""Where tenants are assigned, a tenant is one value: the mean of its first so many. Its requests
are alike, so each for itself would say more than is known."""

COST_RANGE: Final = 10.0
"""A cost counts as that many times the guardrail's limit at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A request of an experiment that has ended."""

    variant: str
    tenant: str
    failed: bool
    seconds: float | None
    """None: it was answered from the cache."""
    cost: float | None
    """None: it was answered from the cache, or nobody knows."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer that was judged."""

    variant: str
    tenant: str
    score: float


class Arm(BaseModel):
    """One variant."""

    model_config = ConfigDict(frozen=True)

    requests: int = 0
    errors: int = 0
    """Requests that could not be answered, or only by what stands in for an answer."""
    times: Histogram = {}
    """Requests whose time is known, by its class."""
    slow: int = 0
    """Requests that took longer than the guardrail for the 95th percentile."""
    metric: sequences.Sequence
    """Of values from 0 to 1, the higher the better."""
    cost: sequences.Sequence
    """In `COST_RANGE` times the guardrail's limit; of nothing where there is none."""
    tenants: Mapping[str, tuple[int, float]] = {}
    """Values of each tenant so far, and their sum; where tenants are assigned."""
    wins: int = 0
    """Interleaved answers of which more of its passages were used than of the other's."""
    losses: int = 0
    ties: int = 0
    """Those of which as many were."""

    @property
    def timed(self) -> int:
        """Requests whose time is known."""
        return sum(self.times.values())


class Figures(BaseModel):
    """All variants, after the last look."""

    model_config = ConfigDict(frozen=True)

    arms: Mapping[str, Arm]
    better: Mapping[str, Evidence] = {}
    """By challenger, that the first variant fails more often; where success decides."""
    worse: Mapping[str, Evidence] = {}
    """By challenger, that it fails more often itself."""

    def samples(self, spec: ExperimentSpec) -> int:
        """Return how many values of the metric there are in all; an interleaved answer is one."""
        if spec.is_interleaved:
            return self.arms[spec.control.name].metric.count
        return sum(each.metric.count for each in self.arms.values())


def nothing(spec: ExperimentSpec) -> Figures:
    """Return the figures of an experiment that begins.

    All intervals of the metric hold at once, and so do those of the guardrails, each with the
    experiment's error (Bonferroni). Of an interleaved experiment one mean is sought: the second
    variant's is what the first one's leaves.
    """
    each = spec.alpha / len(spec.variants)
    guarded = each / max(1, spec.guardrails.count)
    arm = Arm(
        metric=sequences.Sequence(spec.alpha if spec.is_interleaved else each),
        cost=sequences.Sequence(2 * guarded),  # one side of it is asked
    )
    rivals = [variant.name for variant in spec.challengers]
    return Figures(
        arms={variant.name: arm for variant in spec.variants},
        better=dict.fromkeys(rivals, odds.NONE),
        worse=dict.fromkeys(rivals, odds.NONE),
    )


def looked(
    figures: Figures,
    spec: ExperimentSpec,
    ended: Sequence[Outcome],
    scored: Sequence[Scored],
) -> Figures:
    """Return the figures with what came since the last look.

    Args:
        figures: so far.
        spec: of the experiment.
        ended: requests, in an order that does not depend on what came of them.
        scored: answers that were judged, in any order. Of an interleaved one the score is how much
            the second variant is preferred.
    """
    if spec.is_interleaved:
        ended, scored = _of_both(ended, spec), _preferred(scored, spec)
    arms = dict(figures.arms)
    for outcome in ended:
        arms[outcome.variant] = _with_outcome(arms[outcome.variant], spec, outcome)
    if spec.metric in (Metric.SCORE, Metric.PREFERENCE):
        for each in scored:
            arms[each.variant] = _with_score(arms[each.variant], spec, each)
    control = _trials(ended, spec.control.name)
    rivals = {variant.name: _trials(ended, variant.name) for variant in spec.challengers}
    return Figures(
        arms=arms,
        better={
            name: odds.updated(figures.better[name], trials, control)
            for name, trials in rivals.items()
        },
        worse={
            name: odds.updated(figures.worse[name], control, trials)
            for name, trials in rivals.items()
        },
    )


def _of_both(ended: Sequence[Outcome], spec: ExperimentSpec) -> Sequence[Outcome]:
    return [replace(each, variant=variant.name) for each in ended for variant in spec.variants]


def _preferred(scored: Sequence[Scored], spec: ExperimentSpec) -> Sequence[Scored]:
    first, second = (variant.name for variant in spec.variants)
    return [
        replace(each, variant=name, score=score)
        for each in scored
        for name, score in ((first, 1 - each.score), (second, each.score))
    ]


def _trials(ended: Sequence[Outcome], variant: str) -> Trials:
    own = [each.failed for each in ended if each.variant == variant]
    return Trials(len(own), sum(own))


def _with_outcome(arm: Arm, spec: ExperimentSpec, outcome: Outcome) -> Arm:
    limits = spec.guardrails
    changed: dict[str, object] = {
        "requests": arm.requests + 1,
        "errors": arm.errors + int(outcome.failed),
    }
    if outcome.seconds is not None:
        each = time_class(outcome.seconds)
        changed["times"] = {**arm.times, each: arm.times.get(each, 0) + 1}
        changed["slow"] = arm.slow + int(
            limits.p95_s is not None and outcome.seconds > limits.p95_s
        )
    if limits.cost is not None and outcome.cost is not None:
        changed["cost"] = arm.cost.plus(min(1.0, outcome.cost / (COST_RANGE * limits.cost)))
    value = _value(spec, outcome)
    arm = arm.model_copy(update=changed)
    return arm if value is None else _with_value(arm, spec, outcome.tenant, value)


def _value(spec: ExperimentSpec, outcome: Outcome) -> float | None:
    """Return the metric's value, 0 to 1 and the higher the better; None: it has none."""
    match spec.metric:
        case Metric.SUCCESS:
            return float(not outcome.failed)
        case Metric.LATENCY:
            measured = None if outcome.failed else outcome.seconds
        case Metric.COST:
            measured = outcome.cost
        case Metric.SCORE | Metric.PREFERENCE:
            return None
    return None if measured is None else 1 - min(1.0, measured / spec.scale)


def _with_score(arm: Arm, spec: ExperimentSpec, scored: Scored) -> Arm:
    arm = _with_value(arm, spec, scored.tenant, scored.score)
    if spec.metric is not Metric.PREFERENCE:
        return arm
    won, lost = scored.score > 0.5, scored.score < 0.5
    changed = {
        "wins": arm.wins + int(won),
        "losses": arm.losses + int(lost),
        "ties": arm.ties + int(not won and not lost),
    }
    return arm.model_copy(update=changed)


def _with_value(arm: Arm, spec: ExperimentSpec, tenant: str, value: float) -> Arm:
    if spec.unit is Unit.REQUEST:
        return arm.model_copy(update={"metric": arm.metric.plus(value)})
    count, total = arm.tenants.get(tenant, (0, 0.0))
    if count >= PER_TENANT:
        return arm
    count, total = count + 1, total + value
    metric = arm.metric.plus(total / count) if count == PER_TENANT else arm.metric
    tenants = {**arm.tenants, tenant: (count, total)}
    return arm.model_copy(update={"metric": metric, "tenants": tenants})
