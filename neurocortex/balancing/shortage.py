"""What changes where few of a model's endpoints are in, or none: pure rules.

Below a half Envoy calls all of them as if they were fine (its "panic threshold"). Here what is
known of them is used:

- One that refuses at once is probed before its time, as often as calls ask for it, with pauses that
  grow with the time for which it has refused: it is found to be back soon after it is.
- Such a one has shown within moments whether it refuses a probe, too. If it did not, others follow,
  and do not wait for the answer: Finagle's fail-fast takes a connection for a sign.
- Where nobody is in, a call waits for such a one first, no longer than an answer takes: a server
  that is many times slower is worth its time only when the wait for the fast one is long (Lin and
  Kumar 1984, "Optimal control of a queueing system with two heterogeneous servers"). Waiting costs
  no attempt, and a refused probe nothing of the budget of retries: one at a time is no storm.
- Then one that is slow gets the call.

https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold
https://twitter.github.io/finagle/guide/Clients.html#fail-fast
"""

from collections.abc import Collection
from typing import Final

from neurocortex.balancing.health import Health, Standing

ENOUGH: Final = 0.5
"""Of the endpoints; fewer are few."""

SOONEST_S: Final = 0.125
"""Between two probes: eight refusals a second are no load for who refuses at once."""

LATEST_S: Final = 1.0

SHARE: Final = 0.25
"""Of the time for which it has failed: it is away a quarter longer than it was at most."""

FAST: Final = 0.5
"""Of what is slow for an answer: who fails within that refuses. A busy caller hears of it late."""

FAR: Final = 2.0
"""Times what is slow for an answer: one that was left out as slow is no better yet."""

SETTLE_S: Final = 0.05
SETTLE_TIMES: Final = 3
"""A probe that lives three times as long as the quickest one that failed was not refused."""

LONGEST_WAIT_S: Final = 3.0
"""For an endpoint that refuses, however long answers take."""


def pause_s(age_s: float) -> float:
    """Return the seconds until one looks again at what has lasted for so long."""
    return min(max(SHARE * age_s, SOONEST_S), LATEST_S)


def is_short(standings: Collection[Standing]) -> bool:
    """Tell whether few of those are in."""
    fine = sum(each is Standing.IN for each in standings)
    return fine < ENOUGH * len(standings)


def is_fast(seconds: float, slow_s: float | None) -> bool:
    """Tell whether a failure after so long was a refusal; `slow_s` is slow for an answer, None:
    that is not known, and nothing is."""
    return slow_s is not None and seconds <= FAST * slow_s


def settle_s(health: Health) -> float | None:
    """Return how long a probe must live for others to follow; None: until it has succeeded."""
    refused_s = health.refused_after_s
    return None if refused_s is None else max(SETTLE_S, SETTLE_TIMES * refused_s)


def is_due_early(health: Health, now: float) -> bool:
    """Tell whether an endpoint that refuses, and is out, may be probed now, where few are in."""
    is_out = health.standing(now) is Standing.OUT and health.probed_until <= now
    pause = pause_s(health.ejected_at - health.failing_since)
    return health.refused_after_s is not None and is_out and now >= health.ejected_at + pause


def is_brief(health: Health, now: float, wait_s: float) -> bool:
    """Tell whether an endpoint that refuses is worth waiting for.

    Args:
        health: what is known of it.
        now: by the clock of the states.
        wait_s: what a call waits at most.
    """
    is_out = health.standing(now) is Standing.OUT
    return health.refused_after_s is not None and is_out and now - health.failing_since < wait_s
