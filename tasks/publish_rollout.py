"""How a rollout began and ended: an artifact for people, and events for automations."""

from enum import StrEnum
from typing import Final

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from neurocortex.rollout.chart import chart
from neurocortex.rollout.counts import ArmCounts, miss_of, seconds_of, share_below
from neurocortex.rollout.judging import Judged
from neurocortex.rollout.plan import Rollout, State, Strategy
from tasks.markdown import plain
from tasks.options import STEP
from tasks.picture import shown


class Occurrence(StrEnum):
    """The names of the events."""

    BEGUN = "neurocortex.rollout.begun"
    PROMOTED = "neurocortex.rollout.promoted"
    RETURNED = "neurocortex.rollout.returned"
    SUPERSEDED = "neurocortex.rollout.superseded"


ENDS: Final = {
    State.PROMOTED: Occurrence.PROMOTED,
    State.RETURNED: Occurrence.RETURNED,
    State.SUPERSEDED: Occurrence.SUPERSEDED,
}


@task(**STEP, task_run_name="publish the rollout", cache_policy=NO_CACHE)
def publish_beginning(rollout: Rollout) -> None:
    """Leave the plan of a rollout as an artifact, and tell that it has begun."""
    create_markdown_artifact(_plan(rollout), key=_key(rollout), description=_title(rollout))
    _announce(Occurrence.BEGUN, rollout)


def publish_end(rollout: Rollout, judged: Judged) -> None:
    """Leave the figures of a rollout that has ended as an artifact, and tell why it ended."""
    create_markdown_artifact(
        render(rollout, judged), key=_key(rollout), description=_title(rollout)
    )
    _announce(ENDS[rollout.state], rollout)


def render(rollout: Rollout, judged: Judged) -> str:
    """Return a rollout that has ended, with the figures of both versions, as Markdown."""
    stable, candidate = judged.sums.stable, judged.sums.candidate
    lines = [
        f"## {_title(rollout)}",
        "",
        f"{plain(rollout.reason[:1].upper() + rollout.reason[1:])}.",
        "",
        f"| | version {rollout.candidate.version}, new | version {rollout.stable.version}, old |",
        "| --- | ---: | ---: |",
        f"| requests, copies too | {candidate.requests:,} | {stable.requests:,} |",
        f"| could not be answered | {candidate.errors:,} | {stable.errors:,} |",
        f"| median computing time | {_time(candidate, 0.5)} | {_time(stable, 0.5)} |",
        f"| 95 % are done within | {_time(candidate, 0.95)} | {_time(stable, 0.95)} |",
        f"| answers that were judged | {candidate.scored:,} | {stable.scored:,} |",
        f"| judged wrong | {candidate.bad:,} | {stable.bad:,} |",
        f"| numbers that were corrected | {candidate.corrected:,} | {stable.corrected:,} |",
        f"| their median distance from the right one | {_miss(candidate)} | {_miss(stable)} |",
        *_picture(candidate, stable),
    ]
    return "\n".join(lines)


def _picture(candidate: ArmCounts, stable: ArmCounts) -> list[str]:
    if not candidate.times and not stable.times:
        return []
    medians = f"median {_time(candidate, 0.5)} of the new, {_time(stable, 0.5)} of the old version"
    return ["", shown(f"Computing times: {medians}", chart(candidate, stable))]


def _plan(rollout: Rollout) -> str:
    share = f"{rollout.percent:g} %"
    match rollout.strategy:
        case Strategy.SHADOW:
            how = f"It computes copies of {share} of the requests; nobody gets its answers."
        case Strategy.CANARY:
            how = f"It answers {share} of the requests."
        case Strategy.BLUE_GREEN:
            how = f"It answers all requests; the old version computes copies of {share}."
    guard = rollout.guard
    ends = f"It is returned when it is worse, wrongly with a chance of {guard.error:.0%} at most"
    if guard.promote:
        shown = "better in something and no worse" if guard.only_better else "no worse"
        ends += (
            f", and promoted after {guard.enough:,} requests once it is shown to be {shown} within"
            f" the margins: {100 * guard.margin:g} points of requests that could not be answered,"
            f" {100 * guard.margin_wrong:g} points of answers judged wrong, and"
            f" {guard.slower:g} times the computing time"
        )
    return f"## {_title(rollout)}\n\n{how}\n\n{ends}."


def _title(rollout: Rollout) -> str:
    state = "goes on" if rollout.is_running else rollout.state.value
    return (
        f"Rollout of {plain(rollout.model)}: version {rollout.candidate.version}"
        f" ({rollout.strategy.value}) {state}"
    )


def _key(rollout: Rollout) -> str:
    return f"rollout-{rollout.model.replace('_', '-')}"


def _time(counts: ArmCounts, share: float) -> str:
    found = share_below(counts.times, share)
    return "–" if found is None else f"{seconds_of(found) * 1000:.3g} ms"


def _miss(counts: ArmCounts) -> str:
    found = share_below(counts.misses, 0.5)
    return "–" if found is None else f"{miss_of(found):.3g}"


def _announce(what: Occurrence, rollout: Rollout) -> None:
    emit_event(
        what,
        {
            "prefect.resource.id": f"neurocortex.model.{rollout.model}",
            "prefect.resource.name": rollout.model,
            "neurocortex.kind": "model",
        },
        payload={
            "version": rollout.candidate.version,
            "instead_of": rollout.stable.version,
            "strategy": rollout.strategy.value,
            "reason": rollout.reason,
        },
    )
