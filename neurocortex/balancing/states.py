"""What is known of endpoints at a moment, and who keeps it."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from neurocortex.balancing.counting import Ended
from neurocortex.balancing.health import Health
from neurocortex.balancing.retry_budget import RETRY, Need, RetryBudget


@dataclass(frozen=True, slots=True)
class State:
    """One endpoint's."""

    health: Health
    in_flight: int
    text: str = ""
    """The health as it is kept: what a change is compared with."""


@dataclass(frozen=True, slots=True)
class Look:
    """Several endpoints at one moment."""

    now: float
    """Seconds since 1970, by the clock of who keeps the states."""
    states: Mapping[str, State]


class States(Protocol):
    """Keeps the health and the calls in flight of endpoints, which are known by their names."""

    async def look(self, names: Sequence[str]) -> Look:
        """Return what is known; an endpoint that nothing is known of is fine and idle."""

    async def begin(self, name: str, call: str, most: int | None) -> bool:
        """Count a call in flight; False, and not counted: there are `most` already."""

    async def end(self, name: str, call: str, ended: Ended | None = None) -> None:
        """Count it no more, but what it came to, where that is known."""

    async def change(self, name: str, before: State, after: Health) -> bool:
        """Write a health; False, and not written: it is no longer what it was `before`."""

    async def may_retry(self, model: str, calls: int, share: float, need: Need = RETRY) -> bool:
        """Take a further attempt out of a model's budget of retries; False: none is left.

        Args:
            model: name of the model's endpoints.
            calls: that this process made since it asked last: each adds its share.
            share: of a call. At 0 nothing is ever tried again.
            need: what the attempt wants of the budget.
        """


class LocalStates:
    """Those that one process knows by itself. Safe to use from several threads."""

    def __init__(self) -> None:
        self._healths: dict[str, Health] = {}
        self._calls: defaultdict[str, set[str]] = defaultdict(set)
        self._budgets: dict[str, RetryBudget] = {}
        self._lock = Lock()

    async def look(self, names: Sequence[str]) -> Look:
        """Return what is known."""
        with self._lock:
            return Look(
                time.time(),
                {
                    name: State(self._healths.get(name, Health()), len(self._calls[name]))
                    for name in names
                },
            )

    async def begin(self, name: str, call: str, most: int | None) -> bool:
        """Count a call in flight, where there is room."""
        with self._lock:
            calls = self._calls[name]
            if most is not None and len(calls) >= most:
                return False
            calls.add(call)
            return True

    async def end(self, name: str, call: str, ended: Ended | None = None) -> None:  # noqa: ARG002
        """Count it no more: what it came to is shown for all processes together, or not at all."""
        with self._lock:
            self._calls[name].discard(call)

    async def change(self, name: str, before: State, after: Health) -> bool:
        """Write a health that nobody has changed meanwhile."""
        with self._lock:
            if self._healths.get(name, Health()) != before.health:
                return False
            self._healths[name] = after
            return True

    async def may_retry(self, model: str, calls: int, share: float, need: Need = RETRY) -> bool:
        """Take a further attempt out of a model's budget of retries."""
        now = time.monotonic()
        with self._lock:
            budget = self._budgets.get(model) or RetryBudget(share, now)
            left = budget.called(now, calls).taken(now, need)
            self._budgets[model] = left or budget.called(now, calls)
            return left is not None

    def remember(self, look: Look) -> None:
        """Take over what somebody else keeps, for the time when he is away."""
        with self._lock:
            for name, state in look.states.items():
                self._healths[name] = state.health
