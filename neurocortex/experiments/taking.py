"""What a process that serves requests does for experiments: it assigns, and tells what came."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import NeuroCortexError, UnrecordableError
from neurocortex.experiments.assigning import (
    as_applied,
    as_interleaved,
    as_varied,
    assign,
    experiment_of,
)
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.outcomes import Taken
from neurocortex.experiments.plan import Experiment
from neurocortex.experiments.store import Snapshot
from neurocortex.experiments.trials import Trial
from neurocortex.requests.request import Request

PAUSE_S: Final = 0.3
"""Between looks for experiments that began or ended: all processes agree within a second."""

MOST: Final = 10_000
"""Outcomes that wait for PostgreSQL; beyond, the oldest are lost."""

AT_ONCE: Final = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Varied:
    """A request as it is served."""

    request: Request
    applied: tuple[Experiment, ...] = ()
    """Experiments that have ended, and as whose applied variant it is served."""
    trial: Trial | None = None
    """None: it is in no experiment that runs."""

    @property
    def is_as_asked(self) -> bool:
        """Whether nothing of it may differ from what was asked."""
        return not self.applied and self.trial is None

    @property
    def body(self) -> bytes:
        """Its JSON."""
        return self.request.model_dump_json(exclude_unset=True).encode()


Vary = Callable[[Request, str, str, UUID], Varied]
"""`Taking.vary`."""


def nothing_varied(request: Request, tenant: str, key: str, id_: UUID) -> Varied:
    """Stand in for experiments where there are none."""
    del tenant, key, id_
    return Varied(request)


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
                    await self._take(taken)
                except NeuroCortexError:
                    self._waiting.extendleft(reversed(taken))
                    raise

    async def _take(self, taken: Sequence[Taken]) -> None:
        try:
            await asyncio.to_thread(self._experiments.table.take, taken)
        except UnrecordableError as error:
            if len(taken) == 1:
                logger.error("An outcome of an experiment is lost: %s", error)
                return
            # None was written. Whoever it is about, the others must not wait behind it for ever.
            for each in taken:
                await self._take([each])

    def tell(self, taken: Taken) -> None:
        """Have an outcome written down soon."""
        self._waiting.append(taken)

    def concern(self, operation: str) -> bool:
        """Tell whether requests of an operation may be served otherwise than they ask."""
        known = self._snapshot
        return any(
            each.spec.operation == operation for each in (*known.experiments, *known.applied)
        )

    def vary(self, request: Request, tenant: str, key: str, id_: UUID) -> Varied:
        """Return a request as it is served: as applied variants have it, and then as its own has.

        Args:
            request: as it was asked.
            tenant: whose it is.
            key: decides the variant: the same key has the same one.
            id_: of the request.
        """
        base, applied = as_applied(request, self._snapshot.applied)
        experiment = experiment_of(base, self._snapshot.experiments)
        if experiment is None:
            return Varied(base, applied)
        spec = experiment.spec
        try:
            if spec.is_interleaved:
                variant, varied = spec.both, as_interleaved(base, spec)
            else:
                assigned = assign(experiment, tenant, key)
                variant, varied = assigned.name, as_varied(base, assigned)
        except ValidationError:
            # Its other fields go with no such variant; whoever asked is answered all the same.
            logger.debug("A request does not go with a variant of %s", spec.name)
            return Varied(base, applied)
        experiment_id, is_two = experiment.id, spec.is_interleaved
        trial = Trial(id_, tenant, experiment_id, spec.name, variant, self.tell, is_two)
        return Varied(varied, applied, trial)

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
