"""Choosing the runs that start now, and starting them."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.errors import LedgerClosedError, NeverFitsError
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease, Reason, Refusal, WorkerOffer
from neurocortex.scheduling.choose import Start, choose
from neurocortex.scheduling.holds import Hold
from neurocortex.scheduling.policy import Policy
from neurocortex.worker.due import DueRuns, Taken

TAKEN: Final = frozenset({Reason.LEASED, Reason.HANDED_OVER})
"""Refusals that mean: somebody else has it."""

CLOSED: Final = frozenset({Reason.LOST, Reason.NOT_JOINED})
"""Refusals of whatever this worker might ask for. They end by themselves and nothing tells of it:
who is refused asks again."""

Begin = Callable[[Taken, Lease], None]
"""Starts a run that has its lease, and returns at once."""

logger = logging.getLogger(__name__)


class Dispatcher:
    """Starts due runs as slots and resources allow."""

    def __init__(
        self, due: DueRuns, ledger: Ledger, offer: WorkerOffer, policy: Policy, begin: Begin
    ) -> None:
        """Take what is due, what there is, and the rules."""
        self.limits: Mapping[Tier, int] = {}
        """Slots of each tier, as allocated last; a tier that is not in it has its ceiling."""
        self.holds: Mapping[UUID, Hold] = {}
        """Why runs that were looked at last were passed over."""
        self._due = due
        self._ledger = ledger
        self._offer = offer
        self._policy = policy
        self._begin = begin

    async def round(self) -> None:
        """Start what can start now.

        Raises:
            LedgerUnavailableError: Redis does not answer, or the ledger is closed for now; whatever
                was started has its lease.
        """
        if not len(self._due.backlog):
            self.holds = {}
            return
        usage = await self._ledger.usage(self._offer.name)
        reserve = self._policy.reserve(usage.slots)
        choice = choose(self._due.backlog, usage, self.limits, self._policy, time.time())
        self.holds = choice.holds
        for start in choice.starts:
            await self._take(start, reserve)

    async def _take(self, start: Start, reserve: int) -> None:
        """Get the lease of a run and begin it, unless another worker was faster."""
        work = start.work
        try:
            answer = await self._ledger.acquire(
                work, self._offer.name, self.limits, reserve, start.charges
            )
        except NeverFitsError as error:
            # A worker has left since it became due; it ends when all due runs are read again.
            logger.warning("Flow run %s: %s", work.id, error)
            self._due.discard(work.id)
            return
        if isinstance(answer, Refusal):
            if answer.reason in CLOSED:
                raise LedgerClosedError("ledger", answer.text)
            logger.debug("Flow run %s: %s", work.id, answer.text)
            if answer.reason in TAKEN:
                self._due.discard(work.id)
            return
        self._begin(self._due.take(work.id), answer)
