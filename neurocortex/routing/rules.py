"""The rules of the router, each one small; `router.py` says in which order and why."""

from dataclasses import replace
from typing import Final

from neurocortex.domain.deployments import Tier
from neurocortex.errors import ForbiddenError
from neurocortex.routing.draft import Draft
from neurocortex.routing.route import Lane, Length

ORDER: Final = tuple(Tier)
"""Most urgent first."""

SHORT_S: Final = 10.0
"""What is expected to take longer has a flow run of its own: a third of the real-time lane's
timeout, as an estimate may be wrong by that."""

LONGEST_S: Final = 30.0
"""The real-time lane ends what takes longer."""

USUAL_START_S: Final = 0.5
"""Of a flow run when nobody waits; measured: 0.3 to 0.6 s."""


def length_of(seconds: float) -> Length:
    """Return how long so many seconds of work are."""
    if seconds <= SHORT_S:
        return Length.SHORT
    return Length.MIDDLE if seconds <= LONGEST_S else Length.LONG


def operation(draft: Draft) -> Draft:
    """Each operation has a type and a tier of its own."""
    pipeline = draft.pipeline
    return draft.on(
        pipeline.tier,
        "operation",
        f"{pipeline.operation} is of type {pipeline.family}; its own tier is {pipeline.tier}",
    )


def asked(draft: Draft) -> Draft:
    """A tier that the request asks for counts more than the operation's own."""
    tier = draft.request.tier
    if tier is None or tier is draft.tier:
        return draft
    return draft.on(tier, "asked", f"tier {tier} was asked for")


def ceiling(draft: Draft) -> Draft:
    """Nobody goes above the ceiling of their role, and a tier that was lowered is said to be."""
    highest = draft.caller.tier_ceiling
    if _within(draft.tier, highest):
        return draft
    return draft.on(
        highest,
        "ceiling",
        f"tier {draft.tier} is above {highest}, the most urgent one of the role"
        f" {draft.caller.role}: lowered to it",
    )


def deadline(draft: Draft) -> Draft:
    """A deadline is a moment: it counts from the arrival of the request."""
    after_s = draft.request.deadline_s
    if after_s is None:
        return draft
    return draft.until(draft.now + after_s, "deadline", f"no answer is of use after {after_s:g} s")


def expected(draft: Draft) -> Draft:
    """What finished runs of the operation say counts more than its own estimate.

    A deadline is held to what nine in ten runs keep to.
    """
    known = draft.expectation
    if known is None:
        return draft
    estimate, late_s, parts = draft.estimate, draft.late_s, []
    if known.seconds is not None and known.late_s is not None:
        estimate, late_s = replace(estimate, seconds=known.seconds), known.late_s
        parts.append(f"p50 {known.seconds:.3g} s, p90 {known.late_s:.3g} s")
    if known.tokens is not None:
        estimate = replace(estimate, tokens=known.tokens)
        parts.append(f"{known.tokens} tokens")
    if known.cpu_s is not None:
        estimate = replace(estimate, cpu_s=known.cpu_s)
        parts.append(f"{known.cpu_s:.3g} s of processor time")
    if known.memory_mb is not None:
        needs = replace(estimate.needs, memory_mb=known.memory_mb)
        estimate = replace(estimate, needs=needs)
        parts.append(f"p90 {known.memory_mb:.0f} MB")
    if known.storage_mb is not None:
        needs = replace(estimate.needs, storage_mb=known.storage_mb)
        estimate = replace(estimate, needs=needs)
        parts.append(f"p90 {known.storage_mb:.0f} MB on disk")
    if known.length is not None:
        parts.append(f"it is {known.length}")
    text = f"estimated from {known.runs} runs: {', '.join(parts)}"
    return draft.expecting(estimate, late_s, known.length or draft.length, "expected", text)


def one_lane(draft: Draft) -> Draft:
    """Most pipelines can be served in one lane only."""
    if draft.pipeline.realtime is None:
        how = " (progress is streamed, not parts)" if draft.request.stream else ""
        return draft.by(Lane.STANDARD, "one_lane", f"it always has a flow run of its own{how}")
    if draft.pipeline.standard is None:
        return draft.by(Lane.REALTIME, "one_lane", "it is always served in the real-time lane")
    return draft


def stream(draft: Draft) -> Draft:
    """Only the real-time lane can send parts of an answer."""
    if draft.lane is not None or not draft.request.stream:
        return draft
    return draft.by(Lane.REALTIME, "stream", "parts of the answer were asked for")


def metered(draft: Draft) -> Draft:
    """A budget of tokens is kept in the real-time lane: a flow run does not know it."""
    if draft.lane is not None or draft.request.budget.tokens is None:
        return draft
    return draft.by(Lane.REALTIME, "metered", "its calls of LLMs are to keep to a budget")


def permitted(draft: Draft) -> Draft:
    """No tier of its flow runs may be used: the real-time lane, which serves every tier."""
    if draft.lane is not None or _deployed_within_ceiling(draft):
        return draft
    return draft.by(
        Lane.REALTIME,
        "permitted",
        f"its flow runs are all above {draft.caller.tier_ceiling}, the ceiling of the role",
    )


def short(draft: Draft) -> Draft:
    """What is short does not wait for a flow run to start."""
    if draft.lane is not None or draft.length is not Length.SHORT:
        return draft
    return draft.by(
        Lane.REALTIME,
        "short",
        f"about {draft.estimate.seconds:g} s of work; up to {SHORT_S:g} s are real-time",
    )


def near_deadline(draft: Draft) -> Draft:
    """A deadline before a flow run would end: the real-time lane, if the work fits into it."""
    left_s = draft.request.deadline_s
    if draft.lane is not None or left_s is None or draft.length is Length.LONG:
        return draft
    ready_s = _starts_s(draft, draft.tier) + draft.late_s
    if ready_s <= left_s:
        return draft
    return draft.by(
        Lane.REALTIME,
        "near_deadline",
        f"a flow run would end in {ready_s:.1f} s, after the deadline",
    )


def long(draft: Draft) -> Draft:
    """All else has a flow run of its own."""
    if draft.lane is not None:
        return draft
    return draft.by(Lane.STANDARD, "long", f"about {draft.estimate.seconds:g} s of work")


def deployed(draft: Draft) -> Draft:
    """A flow run needs a tier that it is deployed on: the next less urgent one, else the next.

    Raises:
        ForbiddenError: all of them are above the ceiling of the caller's role.
    """
    standard = draft.pipeline.standard
    if draft.lane is not Lane.STANDARD or standard is None or draft.tier in standard.deployments:
        return draft
    allowed = _deployed_within_ceiling(draft)
    if not allowed:
        tiers = ", ".join(standard.deployments)
        raise ForbiddenError(
            f"{draft.pipeline.operation} runs on the tiers {tiers}, above"
            f" {draft.caller.tier_ceiling}, the most urgent one of the role {draft.caller.role}.",
            lacks=min(standard.deployments, key=ORDER.index),
        )
    less_urgent = [tier for tier in allowed if _within(tier, draft.tier)]
    tier = less_urgent[0] if less_urgent else allowed[-1]
    return draft.on(tier, "deployed", f"its flow is not deployed on {draft.tier}, but on {tier}")


def in_time(draft: Draft) -> Draft:
    """A flow run that would be late on its tier goes to a more urgent one, if the caller named no
    tier and may use that one."""
    left_s = draft.request.deadline_s
    if draft.lane is not Lane.STANDARD or left_s is None or draft.request.tier is not None:
        return draft
    if _starts_s(draft, draft.tier) + draft.late_s <= left_s:
        return draft
    for tier in reversed(_deployed_within_ceiling(draft)):
        more_urgent = not _within(tier, draft.tier)
        if more_urgent and _starts_s(draft, tier) + draft.late_s <= left_s:
            return draft.on(tier, "in_time", f"on {draft.tier} it would end after its deadline")
    return draft


def _within(tier: Tier, highest: Tier) -> bool:
    """Tell whether a tier is not more urgent than another."""
    return ORDER.index(tier) >= ORDER.index(highest)


def _deployed_within_ceiling(draft: Draft) -> list[Tier]:
    """Return the tiers that the caller may have a flow run on, most urgent first."""
    standard = draft.pipeline.standard
    deployments = standard.deployments if standard is not None else {}
    highest = draft.caller.tier_ceiling
    return [tier for tier in ORDER if tier in deployments and _within(tier, highest)]


def _starts_s(draft: Draft, tier: Tier) -> float:
    return draft.load.starts_s.get(tier, USUAL_START_S)
