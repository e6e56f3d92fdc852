"""How an experiment goes or ended: an artifact for people, and events for automations."""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from neurocortex.experiments.chart import chart
from neurocortex.experiments.figures import Arm
from neurocortex.experiments.judging import told
from neurocortex.experiments.plan import Experiment, ExperimentSpec, Variant
from neurocortex.experiments.store import Known
from neurocortex.rollout.counts import seconds_of, share_below
from tasks.markdown import plain
from tasks.options import STEP
from tasks.picture import shown

ENDED = "neurocortex.experiment.ended"
VARIANT_STOPPED = "neurocortex.experiment.variant-stopped"


@task(**STEP, task_run_name="publish the experiment", cache_policy=NO_CACHE)
def publish_report(known: Known) -> None:
    """Leave how an experiment goes as an artifact."""
    leave(known)


def leave(known: Known) -> None:
    """Leave the report of an experiment as an artifact, each in place of the one before."""
    spec = known.experiment.spec
    create_markdown_artifact(
        render(known), key=f"experiment-{spec.name}", description=title(known.experiment)
    )


def announce(known: Known) -> None:
    """Leave the report of an experiment that changed, and tell automations of it."""
    leave(known)
    experiment = known.experiment
    emit_event(
        VARIANT_STOPPED if experiment.is_running else ENDED,
        {
            "prefect.resource.id": f"neurocortex.experiment.{experiment.spec.name}",
            "prefect.resource.name": experiment.spec.name,
            "neurocortex.kind": "experiment",
        },
        payload={
            "state": experiment.state.value,
            "winner": experiment.winner,
            "reason": experiment.reason,
            "stopped": dict(experiment.stopped),
        },
    )


def title(experiment: Experiment) -> str:
    """Return what is said of an experiment in one line."""
    if experiment.is_running:
        return f"Experiment {experiment.spec.name} goes on"
    found = f": {experiment.winner}" if experiment.winner else ""
    return f"Experiment {experiment.spec.name}: {experiment.state.value}{found}"


def render(known: Known) -> str:
    """Return an experiment with the figures of its variants as Markdown."""
    experiment, spec = known.experiment, known.experiment.spec
    lines = [f"## {title(experiment)}", ""]
    if experiment.reason:
        lines += [f"The reason: {plain(experiment.reason)}.", ""]
    served = "won / lost / tied" if spec.is_interleaved else "%"
    measured = f"95 % within | values of {spec.metric.value} | mean | interval"
    lines += [
        f"| variant | {served} | requests | failed | {measured} | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        *(_row(experiment, each, known.figures.arms[each.name]) for each in spec.variants),
        "",
        shown(f"{spec.metric.value} by variant", chart(experiment, known.figures)),
        "",
        _plan(spec),
    ]
    return "\n".join(lines)


def _row(experiment: Experiment, variant: Variant, arm: Arm) -> str:
    spec, seen = experiment.spec, arm.metric
    slow = share_below(arm.times, 0.95)
    within = "–" if slow is None else f"{seconds_of(slow):.3g} s"
    low, high = (seen.low, seen.high) if not spec.metric.is_capped else (seen.high, seen.low)
    interval = f"{told(spec, low)} to {told(spec, high)}"
    served = f"{spec.shares[variant.name]:g}"
    if spec.is_interleaved:
        served = f"{arm.wins:,} / {arm.losses:,} / {arm.ties:,}"
    became = experiment.stopped.get(variant.name, "")
    if experiment.winner == variant.name:
        became = "**it is to serve**"
    return (
        f"| {variant.name} | {served} | {arm.requests:,} |"
        f" {arm.errors:,} | {within} | {seen.count:,} | {told(spec, seen.mean)} |"
        f" {interval} | {became} |"
    )


def _plan(spec: ExperimentSpec) -> str:
    """Return what was agreed before it began."""
    rails = spec.guardrails.model_dump(exclude_none=True)
    guarded = ", ".join(f"{name} {value:g}" for name, value in rails.items()) or "none"
    served = f"assigned by {spec.unit.value}"
    if spec.is_interleaved:
        served = f"each served by both variants in turns, counted by {spec.unit.value}"
    return (
        f"Requests of `{spec.operation}`, {served}. A false decision has a"
        f" chance of {spec.alpha:.0%} at most, however often one looks. Guardrails: {guarded}."
        f" It ends after {spec.samples:,} values"
        + (f" or at {spec.until:%Y-%m-%d %H:%M}." if spec.until else ".")
    )
