"""The meter of one request: no call of an LLM begins for which its budget has no room.

A call reserves the tokens of its prompt, estimated, and of its answer, at most, and what these may
cost; when it has ended it is charged what the provider counted. Calls at the same time thus cannot
overdraw together.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Final

from neurocortex.domain.usage import Usage
from neurocortex.errors import (
    CostBudgetSpentError,
    LedgerUnavailableError,
    TokenBudgetSpentError,
)
from neurocortex.spending.tenants import TenantTokens

logger = logging.getLogger(__name__)


class Meter:
    """Safe to use from several threads."""

    def __init__(self, limit: int | None, tenant: TenantTokens | None = None) -> None:
        """Count from nothing.

        Args:
            limit: tokens, in and out, that all calls together may use; None: as many as they take.
            tenant: what the tenant has left; None: as much as it takes.
        """
        self._limit = limit
        self._tenant = tenant
        self._lock = Lock()
        self._spent = Usage()
        self._reserved = 0
        self._most_cost = float("inf")
        self._reserved_cost = 0.0

    @property
    def spent(self) -> Usage:
        """What was charged so far."""
        return self._spent

    def cap(self, cost: float) -> None:
        """Let all calls from now on cost so much together, in the operator's currency."""
        with self._lock:
            self._most_cost = self._spent.cost + cost

    def reserve(self, prompt: int, answer: int, cost: float = 0.0) -> "Reservation":
        """Make room for a call; it may talk to Redis.

        Args:
            prompt: tokens of what is sent, estimated.
            answer: tokens of what comes back, at most.
            cost: of these, by the endpoint's prices.

        Returns:
            The room; its answer is shorter where the request's budget ends sooner.

        Raises:
            TokenBudgetSpentError: the request has no room left for the prompt and a first word.
            CostBudgetSpentError: it could cost more than is left.
            TenantBudgetSpentError: its tenant has not so many left today.
            LedgerUnavailableError: nobody knows what the tenant has left.
        """
        with self._lock:
            if self._limit is not None:
                left = self._limit - self._spent.tokens - self._reserved
                if left <= prompt:
                    raise TokenBudgetSpentError(self._limit, self._spent, prompt)
                answer = min(answer, left - prompt)
            left_cost = self._most_cost - self._spent.cost - self._reserved_cost
            if cost > left_cost:
                raise CostBudgetSpentError(left_cost, cost)
            self._reserved += prompt + answer
            self._reserved_cost += cost
        try:
            if self._tenant is not None:
                self._tenant.take(prompt + answer)
        except Exception:
            self._free(prompt + answer, cost)
            raise
        return Reservation(self, prompt, answer, cost)

    def _settle(self, reserved: int, cost: float, used: Usage) -> None:
        with self._lock:
            self._reserved -= reserved
            self._reserved_cost -= cost
            self._spent += used
        if self._tenant is None:
            return
        try:
            self._tenant.give_back(reserved - used.tokens)
        except LedgerUnavailableError as error:  # the answer is there, and paid for
            logger.warning("What a call reserved stays counted for its tenant: %s", error)

    def _free(self, reserved: int, cost: float) -> None:
        with self._lock:
            self._reserved -= reserved
            self._reserved_cost -= cost


class Reservation:
    """Room for one call. Settle it once, however the call ends."""

    def __init__(self, meter: Meter, prompt: int, answer: int, cost: float) -> None:
        self._meter = meter
        self._cost = cost
        self.prompt: Final = prompt
        """Tokens of the prompt, estimated."""
        self.answer: Final = answer
        """Tokens that the answer may have."""

    def settle(self, used: Usage) -> None:
        """Charge what a call used, and give the rest back; it may talk to Redis."""
        self._meter._settle(self.prompt + self.answer, self._cost, used)


_METER: Final[ContextVar[Meter | None]] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """Have all calls of this context, and of tasks and threads begun in it, charged to a meter."""
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def current() -> Meter | None:
    """Return the meter of this context; None: nobody has set one."""
    return _METER.get()
