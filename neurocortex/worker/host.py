"""What the workers of one process share: warm processes, the ledger, and who starts when."""

import asyncio
import logging
import os
import socket
import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID, uuid4

import anyio.abc
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import Flow, FlowRun
from prefect.runner._flow_run_executor import FlowRunExecutorContext
from redis.asyncio import Redis

from neurocortex.dead_letters.handler import DeadLetterHandler
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.embedded.running import find
from neurocortex.errors import LedgerUnavailableError, NotRunningError
from neurocortex.learning.consumption import Consumption
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease, WorkerOffer
from neurocortex.ledger.wakes import Wakes
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import Settings, variable
from neurocortex.worker import node
from neurocortex.worker.allocator import Allocator
from neurocortex.worker.dispatcher import Dispatcher
from neurocortex.worker.due import DueRuns, Taken
from neurocortex.worker.enforcement import enforcement
from neurocortex.worker.execution import Ended, Executions
from neurocortex.worker.holdings import Holding, Holdings, give_back, told
from neurocortex.worker.job import JobConfiguration
from neurocortex.worker.loops import Loops, patiently
from neurocortex.worker.notices import Notices
from neurocortex.worker.recovery import Recovery
from neurocortex.worker.results import DefaultStorage, OldResults
from neurocortex.worker.rounds import Rounds
from neurocortex.worker.suspensions import Suspensions
from neurocortex.worker.upkeep import BEATS_PER_LEASE, Reconciler, Retries, SignsOfLife
from neurocortex.worker.warm import WarmProcesses

RECONCILE_S: Final = 10.0
"""A lease that ran out is found so much later, or a lease later where that is less: well within a
minute."""

RETRIES_S: Final = 2.0
MOST_BEGUN: Final = 1_000
"""Runs remembered for a caller who asks which were begun; nobody has to ask."""

NOTICES_S: Final = 5.0
CATCH_UP_S: Final = 60.0
"""For runs whose end nobody could write down when it came."""

PRUNE_S: Final = 3600.0
DRAINED_S: Final = 0.05

logger = logging.getLogger(__name__)


class Pool(Protocol):
    """A work pool's worker, as the host sees it."""

    def begin(self, taken: Taken) -> None:
        """Start a run whose lease the host holds, and return at once."""


class Host:
    """Serves some work pools from one process. An async context manager.

    None of its loops ends silently: see `Loops`.
    """

    def __init__(
        self,
        settings: Settings,
        processes: WarmProcesses,
        pools: Sequence[str],
        queues: set[str] | None = None,
        slots: int | None = None,
    ) -> None:
        """Take what to serve.

        Args:
            settings: of this process.
            processes: where runs get theirs; it is the caller's to end.
            pools: work pools by name.
            queues: work queues by name; empty or None: all.
            slots: runs at once, where they are to be fewer than the settings say.
        """
        self.looked_at = datetime.now(UTC)
        """When due runs were last looked for."""
        self.suspensions = Suspensions()
        self._settings = settings
        self._processes = processes
        self._pool_names = list(pools)
        self._queues = queues or set()
        self._slots = min(filter(None, (slots, node.slots(settings.worker))))
        self._pools: dict[str, Pool] = {}
        self._holdings = Holdings()
        self._begun: deque[FlowRun] = deque(maxlen=MOST_BEGUN)
        self._flows: dict[UUID, Flow] = {}
        self._stack = AsyncExitStack()
        self._loops = Loops()
        self._draining = False
        self._endings: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Host":
        """Start up.

        Raises:
            NotRunningError: there is no Redis to share the ledger in, or no PostgreSQL to keep
                dead letters in.
        """
        running = find(self._settings)
        if running.redis_url is None:
            raise NotRunningError("Redis", variable("redis_url"))
        if running.database_url is None:
            raise NotRunningError("PostgreSQL", variable("database_url"))
        enter = self._stack.enter_async_context
        redis = await enter(Redis.from_url(running.redis_url, decode_responses=True))
        self._client = client = await enter(get_client())
        self.default_storage = DefaultStorage(client)
        context = await enter(FlowRunExecutorContext())
        letters = self._stack.enter_context(DeadLetters(running.database_url))
        keep = timedelta(days=self._settings.dead_letters.keep_days)
        self._dead_letters = DeadLetterHandler(client, letters, keep)
        policy = Policy.of(self._settings.tiers, self._settings.scheduling)
        offer = WorkerOffer(
            name=f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}",
            slots=self._slots,
            offered=node.offered(self._settings.worker, Path(tempfile.gettempdir())),
            lease_s=self._settings.worker.lease_s,
        )
        self._offer = offer
        self._ledger = ledger = Ledger(redis)
        self._consumption = Consumption(redis)
        allocations = Allocations(redis)
        recovery = Recovery(client, self._pool_names, self._settings.worker.restarts)
        suspensions = await enter(self.suspensions)
        held = self._stack.enter_context(enforcement())
        self._executions = Executions(context, self._processes, suspensions, recovery, held)
        self._due = DueRuns(
            client,
            self._ledger,
            self._pool_names,
            is_ours=self._is_ours,
            refuse=recovery.refuse,
        )
        self._dispatcher = Dispatcher(self._due, self._ledger, offer, policy, self._begin)
        poll_s = self._settings.worker.poll_s
        self._rounds = Rounds(self._look, self._dispatcher.round, self._is_busy, poll_s)
        life = SignsOfLife(self._ledger, offer, self._holdings, self._executions)
        allocator = Allocator(client, self._ledger, allocations, offer, policy)
        self._reconciler = Reconciler(ledger, recovery, allocations, offer, self._holdings, life)
        retries = Retries(client, recovery, self._holdings, self._executions)
        await patiently(lambda: life.join(recovery))
        await enter(self._loops)
        every_s = self._settings.worker.lease_s / BEATS_PER_LEASE
        allocate_s = self._settings.scheduling.allocate_every_s
        self._loops.repeat(life.beat, every_s, every_s)  # a later one would find the lease up
        self._loops.repeat(lambda: allocator.allocate(self._due, self._dispatcher), allocate_s)
        self._loops.repeat(allocator.show, allocate_s)
        self._loops.repeat(self._reconciler.look, min(RECONCILE_S, offer.lease_s))
        self._loops.repeat(retries.look, RETRIES_S)
        notices = Notices(client, self._ledger, allocations, offer.name, policy)
        self._loops.repeat(lambda: notices.write(self._due, self._dispatcher.limits), NOTICES_S)
        self._loops.repeat(lambda: self._dead_letters.catch_up(self._pool_names), CATCH_UP_S)
        self._loops.repeat(OldResults.of(client, running).prune, PRUNE_S)
        self._loops.start(self._listen(Wakes(redis)))
        self._loops.start(self._rounds.run(self._is_on))
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop. What still runs is killed: `drain` first."""
        self._loops.stop()
        try:
            await self._ledger.leave(self._offer.name)
        except LedgerUnavailableError as error:
            logger.warning("The ledger hears of our end later: %s", error)
        await self._stack.aclose()

    def serve(self, name: str, pool: Pool) -> None:
        """Hand the runs of a work pool to its worker."""
        self._pools[name] = pool
        self._rounds.announce()

    async def look(self) -> None:
        """Look for due runs, and start what can start now."""
        await self._rounds.look_now()

    def begun(self) -> list[FlowRun]:
        """Return the runs that were started since the last call."""
        begun = list(self._begun)
        self._begun.clear()
        return begun

    async def flow(self, flow_id: UUID) -> Flow:
        """Return a flow: its name and labels, which do not change."""
        if flow_id not in self._flows:
            self._flows[flow_id] = await self._client.read_flow(flow_id)
        return self._flows[flow_id]

    async def run(
        self,
        flow_run: FlowRun,
        configuration: JobConfiguration,
        task_status: anyio.abc.TaskStatus[int],
    ) -> Ended:
        """Run a flow run that was begun to its end."""
        holding = self._holdings.get(flow_run.id)
        if holding is not None:
            holding.has_started = True
        ended = await self._executions.run(flow_run, configuration, task_status)
        if holding is not None:
            holding.cpu_s, holding.completed = ended.cpu_s, ended.completed
            holding.memory_mb, holding.reserved_mb = ended.memory_mb, configuration.memory
            holding.written_mb = ended.written_mb
            holding.reserved_storage_mb = configuration.storage
        return ended

    def runs(self, run_id: UUID) -> bool:
        """Return whether a run has a process here."""
        return run_id in self._executions.running

    async def kill(self, run_id: UUID) -> bool:
        """Kill a run's process; False: there is none."""
        if not self.runs(run_id):
            return False
        await self._executions.end(run_id)
        return True

    def ended(self, run_id: UUID) -> None:
        """Give back what a run held that has ended, or could not be started."""
        holding = self._holdings.take_out(run_id)
        if holding is None:
            return
        task = self._loops.begin(self._settle(holding))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def drain(self) -> None:
        """Start nothing more; let what runs end in time, and hand back what does not."""
        self._draining = True
        await self._rounds.settled()
        deadline = asyncio.get_running_loop().time() + self._settings.worker.drain_s
        while len(self._holdings) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(DRAINED_S)
        if len(self._holdings):
            await self._reconciler.hand_back(self._executions, "Its worker was told to stop.")
        while len(self._holdings):
            await asyncio.sleep(DRAINED_S)
        await asyncio.gather(*self._endings)

    def _is_on(self) -> bool:
        """Whether to start runs. What waits in all pools is read once, when all have a worker."""
        return len(self._pools) == len(self._pool_names) and not self._draining

    def _is_ours(self, run: FlowRun) -> bool:
        return run.work_pool_name in self._pools and (
            not self._queues or run.work_queue_name in self._queues
        )

    def _begin(self, taken: Taken, lease: Lease) -> None:
        self._holdings.add(taken.run, lease)
        self._begun.append(taken.run)
        self._pools[taken.run.work_pool_name or ""].begin(taken)

    async def _settle(self, holding: Holding) -> None:
        """Give back the lease of a run, and keep the run for people if it has failed for good."""
        if not holding.has_started:
            self._due.doubt(holding.run.id)
        await give_back(holding, self._ledger, lambda: self._draining)
        self._rounds.freed()
        if holding.completed:
            await told(holding, self._consumption)
        else:
            await patiently(lambda: self._dead_letters.run_ended(holding.run.id))

    async def _look(self) -> None:
        await self._due.refresh(frozenset(self._holdings))
        self.looked_at = datetime.now(UTC)
        await self._dispatcher.round()
        await self._due.reread(frozenset(self._holdings))

    def _is_busy(self) -> bool:
        return bool(len(self._due.backlog) or len(self._holdings))

    async def _listen(self, wakes: Wakes) -> None:
        async with aclosing(wakes.listen()) as calls:
            async for pool in calls:
                if pool is None or pool in self._pools:
                    self._rounds.announce()
