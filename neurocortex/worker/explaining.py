"""Why a run waits, in words: the limit that blocks it, its place, its expected start."""

import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Usage
from neurocortex.ledger.ledger import DRAIN_WINDOW_S, Ledger
from neurocortex.ledger.values import Drain
from neurocortex.scheduling.backlog import Backlog
from neurocortex.scheduling.forecast import Explanation, Pace, explain
from neurocortex.scheduling.policy import Policy

LONG_S: Final = 90


async def pace(ledger: Ledger, tier: Tier) -> Pace:
    """Return how fast runs of a tier ended lately."""
    drain: Drain = await ledger.drain(tier)
    if not drain.ended:
        return Pace()
    return Pace(starts_per_s=drain.ended / DRAIN_WINDOW_S, mean_run_s=drain.mean_s)


async def why(
    run_id: UUID,
    backlog: Backlog,
    ledger: Ledger,
    usage: Usage,
    limits: Mapping[Tier, int],
    policy: Policy,
) -> Explanation:
    """Explain why a run of the backlog waits.

    Raises:
        KeyError: the run does not wait.
        LedgerUnavailableError: Redis does not answer.
    """
    work = backlog.get(run_id)
    if work is None:
        raise KeyError(run_id)
    known = await pace(ledger, work.tier)
    return explain(work, backlog, usage, limits, policy, known, time.time())


def sentence(found: Explanation, tier: Tier) -> str:
    """Return an explanation in words."""
    if found.hold is None:
        return "It is among the next to start."
    place = f"It is number {found.position} of all that wait, {found.position_in_tier} in {tier}."
    if found.starts_in_s is None:
        start = "When it starts is not known: no run of its tier has ended lately."
    else:
        start = f"It is expected to start in about {_duration(found.starts_in_s)}."
    return f"It waits: {found.hold.text}. {place} {start}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < LONG_S else f"{seconds / 60:.0f} min"
