"""What a process that takes requests does for experiments: it assigns them, and tells what came."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.domain.usage import Usage
from neurocortex.errors import (
    AdmissionError,
    InvalidRequestError,
    NeuroCortexError,
    QuestionError,
    RequestCancelledError,
)
from neurocortex.experiments.assigning import as_interleaved, as_varied, assign, experiment_of
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.interleaving import Team
from neurocortex.experiments.outcomes import Taken
from neurocortex.experiments.store import Snapshot
from neurocortex.requests.request import Request

PAUSE_S: Final = 0.3
"""Between looks for experiments that began or ended: all processes agree within a second."""

MOST: Final = 10_000
"""Outcomes that wait for PostgreSQL; beyond, the oldest are lost."""

AT_ONCE: Final = 500

NOT_ITS_FAULT: Final = (
    AdmissionError,
    InvalidRequestError,
    QuestionError,
    RequestCancelledError,
)
"""Ends of a request that say nothing of the variant."""

ASKED_WRONG: Final = frozenset({"invalid_request", "question"})
"""The codes of such errors where the lane reports them."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """One request of an experiment."""

    request: UUID
    tenant: str
    experiment: UUID
    name: str
    """Of the experiment."""
    variant: str
    """Of an interleaved one both."""
    note: Callable[[Taken], None] = field(repr=False, compare=False)
    is_interleaved: bool = False
    began: float = field(default_factory=time.monotonic)

    def answered(
        self,
        usage: Usage | None,
        *,
        is_kept: bool = False,
        stands_in: bool = False,
        teams: Sequence[Team] | None = None,
    ) -> None:
        """Note that it was answered.

        Args:
            usage: of LLMs; None: none was asked.
            is_kept: the answer is from the cache, which says nothing of time and cost.
            stands_in: for a better one, as while an LLM is away: the variant failed.
            teams: of its passages, if it is interleaved.
        """
        if is_kept:
            self._ended(failed=False)
            return
        seconds = time.monotonic() - self.began
        cost = usage.cost if usage else 0.0
        self._ended(failed=stands_in, seconds=seconds, cost=cost, teams=teams)

    def failed(self, error: Exception) -> None:
        """Note that it could not be answered, unless that is not the variant's fault."""
        if not isinstance(error, NOT_ITS_FAULT) and getattr(error, "code", "") not in ASKED_WRONG:
            self._ended(failed=True, seconds=time.monotonic() - self.began)

    def accepted(self) -> None:
        """Note that it was accepted: its record will tell what came of it."""
        self._ended(failed=None)

    def _ended(
        self,
        *,
        failed: bool | None,
        seconds: float | None = None,
        cost: float | None = None,
        teams: Sequence[Team] | None = None,
    ) -> None:
        self.note(
            Taken(
                id=self.request,
                experiment=self.experiment,
                variant=self.variant,
                tenant=self.tenant,
                made_at=datetime.now(UTC),
                failed=failed,
                seconds=seconds,
                cost=cost,
                teams=teams,
            )
        )


Vary = Callable[[Request, str, str, UUID], tuple[Request, Trial | None]]
"""`Taking.vary`."""


def nothing_varied(
    request: Request, tenant: str, key: str, id_: UUID
) -> tuple[Request, Trial | None]:
    """Stand in for experiments where there are none."""
    del tenant, key, id_
    return request, None


class Taking:
    """Experiments as one process and event loop knows them."""

    def __init__(self, experiments: Experiments) -> None:
        """Know what runs once `run` goes on; before, nothing does."""
        self._experiments = experiments
        self._snapshot = Snapshot()
        self._waiting: deque[Taken] = deque(maxlen=MOST)
        self._writing = asyncio.Lock()
        self._is_cut_off = False

    async def run(self) -> None:
        """Look for experiments and write down outcomes, for ever."""
        while not is_cancelled():
            await self.once()
            await asyncio.sleep(PAUSE_S)

    async def once(self) -> None:
        """Look and write once; while nobody answers, what was known last holds."""
        try:
            self._snapshot = await self._experiments.snapshot()
            await self.write()
        except (RedisError, OSError, NeuroCortexError) as error:
            level = logging.DEBUG if self._is_cut_off else logging.WARNING  # it is said once
            logger.log(level, "Experiments are as they were known last: %s", error)
            self._is_cut_off = True
        else:
            self._is_cut_off = False

    async def write(self) -> None:
        """Write the outcomes that wait.

        Raises:
            LakeUnavailableError: PostgreSQL does not take them now; they wait.
        """
        async with self._writing:  # when this returns, what another call writes is there, too
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                try:
                    await asyncio.to_thread(self._experiments.table.take, taken)
                except NeuroCortexError:
                    self._waiting.extendleft(reversed(taken))
                    raise

    def vary(
        self, request: Request, tenant: str, key: str, id_: UUID
    ) -> tuple[Request, Trial | None]:
        """Return a request as its variant has it; without a trial it is in no experiment.

        Args:
            request: as it was asked.
            tenant: whose it is.
            key: decides the variant: the same key has the same one.
            id_: of the request.
        """
        experiment = experiment_of(request, self._snapshot.experiments)
        if experiment is None:
            return request, None
        spec = experiment.spec
        try:
            if spec.is_interleaved:
                variant, varied = spec.both, as_interleaved(request, spec)
            else:
                assigned = assign(experiment, tenant, key)
                variant, varied = assigned.name, as_varied(request, assigned)
        except ValidationError:
            # Its other fields go with no such variant; whoever asked is answered all the same.
            logger.debug("A request does not go with a variant of %s", spec.name)
            return request, None
        note = self._waiting.append
        return varied, Trial(
            id_, tenant, experiment.id, spec.name, variant, note, spec.is_interleaved
        )

    async def score(self, request: UUID, tenant: str, score: float) -> bool | None:
        """Take down how good an answer was; returns as `ExperimentTable.score`.

        Raises:
            LakeUnavailableError: PostgreSQL does not answer.
        """
        await self.write()
        return await asyncio.to_thread(self._experiments.table.score, request, tenant, score)

    async def prefer(self, request: UUID, tenant: str, used: Collection[int]) -> bool | None:
        """Take down which passages helped; returns and raises as `ExperimentTable.prefer`.

        Raises:
            LakeUnavailableError: PostgreSQL does not answer.
        """
        await self.write()
        return await asyncio.to_thread(self._experiments.table.prefer, request, tenant, used)
