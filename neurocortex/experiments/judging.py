"""Whether an experiment goes on, loses a variant, or ends. Pure rules.

Guardrails come first: a variant that surely breaks one is stopped at once. Then those that are
surely worse than the first variant are stopped, and the first that is surely better wins. All of
it holds however often one looks (`sequences.py`, `rollout/odds.py`). The two means of an
interleaved experiment add up to 1: one is surely above the other when it is surely above a half.
"""

import math
from datetime import datetime

from neurocortex.experiments import sequences
from neurocortex.experiments.figures import COST_RANGE, Arm, Figures
from neurocortex.experiments.plan import Experiment, ExperimentSpec, Metric, State, Unit
from neurocortex.rollout import odds


def judged(experiment: Experiment, figures: Figures, now: datetime) -> Experiment:
    """Return an experiment that runs as it is after a look."""
    spec = experiment.spec
    broken = breaks(spec, figures.arms[spec.control.name])
    if broken is not None:
        who = spec.both if spec.is_interleaved else f"{spec.control.name}, the first variant,"
        reason = f"{who} breaks a guardrail: {broken}"
        return experiment.ended(State.BROKEN, None, reason, now)
    for rival in experiment.rivals:
        broken = breaks(spec, figures.arms[rival.name])
        if broken is not None:
            experiment = experiment.without(rival.name, f"it breaks a guardrail: {broken}")
    if not experiment.rivals:
        return experiment.ended(State.BROKEN, spec.control.name, _all_stopped(experiment), now)
    for rival in experiment.rivals:
        if is_better(spec, figures, rival.name, than_first=False):
            reason = f"it is worse: {compared(spec, figures, rival.name)}"
            experiment = experiment.without(rival.name, reason)
    if not experiment.rivals:
        return experiment.ended(State.DECIDED, spec.control.name, _all_stopped(experiment), now)
    winners = [
        rival.name
        for rival in experiment.rivals
        if is_better(spec, figures, rival.name, than_first=True)
    ]
    if winners:
        best = max(winners, key=lambda name: figures.arms[name].metric.mean or 0.0)
        reason = f"{best} is better: {compared(spec, figures, best)}"
        return experiment.ended(State.DECIDED, best, reason, now)
    return _at_its_end(experiment, figures, now)


def breaks(spec: ExperimentSpec, arm: Arm) -> str | None:
    """Return which guardrail a variant surely breaks; None: none."""
    limits = spec.guardrails
    if not limits.count:
        return None
    needed = math.log(len(spec.variants) * limits.count / spec.alpha)
    requests, errors, timed = arm.requests, arm.errors, arm.timed
    if limits.error_rate is not None:
        log_excess = sequences.log_excess(errors, requests, limits.error_rate)
        if log_excess >= needed:
            limit = f"{limits.error_rate:.1%} may"
            return f"{errors:,} of {requests:,} requests could not be answered, {limit}"
    if limits.p95_s is not None and sequences.log_excess(arm.slow, timed, 0.05) >= needed:
        return f"{arm.slow:,} of {timed:,} requests took more than {limits.p95_s:g} s, 5 % may"
    if limits.cost is not None and arm.cost.low > 1 / COST_RANGE:
        mean = (arm.cost.mean or 0.0) * COST_RANGE * limits.cost
        return f"a request costs {mean:.4g} on average, {limits.cost:g} is allowed"
    return None


def is_better(spec: ExperimentSpec, figures: Figures, rival: str, *, than_first: bool) -> bool:
    """Tell whether a challenger is surely better than the first variant, or the other way round."""
    if spec.metric is Metric.SUCCESS and spec.unit is Unit.REQUEST:
        evidence = (figures.better if than_first else figures.worse)[rival]
        return odds.log_strength(evidence) >= math.log(2 * len(spec.challengers) / spec.alpha)
    first, other = figures.arms[spec.control.name].metric, figures.arms[rival].metric
    return other.low > first.high if than_first else first.low > other.high


def compared(spec: ExperimentSpec, figures: Figures, rival: str) -> str:
    """Return a challenger's mean and the first variant's, with the words for what they are."""
    first = told(spec, figures.arms[spec.control.name].metric.mean)
    other = told(spec, figures.arms[rival].metric.mean)
    return f"{spec.metric.value} {other} against {first}"


def told(spec: ExperimentSpec, value: float | None) -> str:
    """Return a value of the metric, which is kept as 0 to 1, in its own unit."""
    if value is None:
        return "unknown"
    match spec.metric:
        case Metric.SUCCESS | Metric.PREFERENCE:
            return f"{value:.1%}"
        case Metric.SCORE:
            return f"{value:.3f}"
        case Metric.LATENCY:
            return f"{(1 - value) * spec.scale:.3g} s"
        case Metric.COST:
            return f"{(1 - value) * spec.scale:.4g}"


def _at_its_end(experiment: Experiment, figures: Figures, now: datetime) -> Experiment:
    spec, first = experiment.spec, figures.arms[experiment.spec.control.name].metric
    effect = spec.minimum_effect / spec.scale
    most = max(figures.arms[each.name].metric.high for each in experiment.rivals)
    if effect and most - first.low < effect:
        reason = f"no variant can be better by {spec.minimum_effect:g} any more"
        return experiment.ended(State.DECIDED, spec.control.name, reason, now)
    samples = figures.samples(spec)
    if samples >= spec.samples:
        reason = f"no difference was found in {samples:,} values"
        return experiment.ended(State.UNDECIDED, None, reason, now)
    if spec.until is not None and now >= spec.until:
        reason = f"no difference was found until {spec.until:%Y-%m-%d %H:%M}"
        return experiment.ended(State.UNDECIDED, None, reason, now)
    return experiment


def _all_stopped(experiment: Experiment) -> str:
    return "; ".join(f"{name} was stopped, as {why}" for name, why in experiment.stopped.items())
