"""One run from its start to its end, held to its limits, with an end that says what happened."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import anyio.abc
from prefect._internal.attempt_control import (
    AttemptConclusion,
    EngineOutcomeReceipt,
    StateOwnershipDelegation,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.runner._flow_run_executor import FlowRunExecutor, FlowRunExecutorContext
from prefect.runner._process_manager import ProcessHandle
from prefect.utilities.engine import propose_state

from neurocortex.ledger.reconcile import Action, Step
from neurocortex.worker.enforcement import Enclosure, Enforcement
from neurocortex.worker.job import JobConfiguration
from neurocortex.worker.limits import Limits, over_time
from neurocortex.worker.recovery import Recovery
from neurocortex.worker.starter import WarmHooks, WarmStarter
from neurocortex.worker.suspensions import Suspensions
from neurocortex.worker.warm import WarmProcesses

OURS: Final = StateOwnershipDelegation("relinquish")
"""What tells Prefect's executor that the end of a process is ours to report."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a run's process."""

    status: int
    """Exit code; 0 as well where the run's state is reported already."""
    identifier: str
    cpu_s: float
    """Processor time it took."""
    memory_mb: float | None
    """The most that it was seen to take; None: it was too short."""
    written_mb: float
    """What it wrote to disks."""
    completed: bool
    """Whether the flow itself reported that it completed."""


class Executions:
    """The runs of this process."""

    def __init__(
        self,
        context: FlowRunExecutorContext,
        processes: WarmProcesses,
        suspensions: Suspensions,
        recovery: Recovery,
        enforcement: Enforcement,
    ) -> None:
        """Take what watches for cancellations and suspensions, where processes come from, what has
        runs started again, and what holds them to their limits."""
        self._context = context
        self._processes = processes
        self._suspensions = suspensions
        self._recovery = recovery
        self._enforcement = enforcement
        self._hooks = WarmHooks(processes)
        context._cancellation_manager._hook_runner = self._hooks
        self._ended_by_us: set[UUID] = set()
        self._completed: set[UUID] = set()
        self._killed_by: dict[UUID, int] = {}

    async def run(
        self,
        flow_run: FlowRun,
        configuration: JobConfiguration,
        task_status: anyio.abc.TaskStatus[int],
    ) -> Ended:
        """Run it to its end.

        Raises:
            RuntimeError: no process could be started.
        """
        limits = Limits(configuration.memory, configuration.cpu)
        with (
            _folder(configuration) as folder,
            self._hooks.of(flow_run, configuration),
            self._enforcement.enclose(limits) as enclosure,
        ):
            starter = WarmStarter(
                self._processes,
                self._context.control_channel,
                configuration,
                folder,
                self._suspensions.file(flow_run.id),
                enclosure.entrance,
            )
            executor = FlowRunExecutor(
                flow_run=flow_run,
                starter=starter,
                process_manager=self._context.process_manager,
                state_proposer=self._context._state_proposer,
                hook_runner=self._hooks,
                get_attempt_conclusion=partial(
                    self._conclusion, starter, enclosure, configuration.restart_when_lost
                ),
                propose_submitting=False,
            )
            watch = _Watch(self, flow_run.id, enclosure, configuration.timeout, task_status)
            try:
                result = await executor.submit(watch)
            finally:
                over = await watch.stop() or enclosure.verdict()
                self._ended_by_us.discard(flow_run.id)
                completed = flow_run.id in self._completed
                self._completed.discard(flow_run.id)
                killed_by = self._killed_by.pop(flow_run.id, None)
            if over is not None:
                await self._report(flow_run, over)
            elif killed_by is not None:
                await self._restart(flow_run, killed_by)
            if starter.process is None or result is None or result.status_code is None:
                raise RuntimeError("The process of the flow run could not be started.")
            cpu_s = enclosure.cpu_s or starter.process.cpu_s
            pid = str(starter.process.pid)
            written_mb = starter.process.written_mb
            return Ended(result.status_code, pid, cpu_s, enclosure.peak_mb, written_mb, completed)

    async def end(self, run_id: UUID) -> None:
        """Kill a run's process; the state the run is in is the caller's to report."""
        if run_id not in self.running:
            return  # it has ended by itself
        self._ended_by_us.add(run_id)
        await self._context.process_manager.kill(run_id, force=True)

    @property
    def running(self) -> frozenset[UUID]:
        """The runs that have a process."""
        return frozenset(self._context.process_manager.flow_run_ids())

    def _conclusion(
        self,
        starter: WarmStarter,
        enclosure: Enclosure,
        restarts: bool,
        run_id: UUID,
    ) -> AttemptConclusion | None:
        """Return what is known of how a process ended; None has Prefect's executor report it."""
        known = self._context.control_channel.get_conclusion(run_id)
        if isinstance(known, EngineOutcomeReceipt) and known.state_type == StateType.COMPLETED:
            self._completed.add(run_id)
        if known is not None:
            return known
        if run_id in self._ended_by_us or enclosure.verdict() is not None:
            return OURS
        code = starter.process.returncode if starter.process else None
        if code is not None and code < 0 and restarts:
            self._killed_by[run_id] = -code
            return OURS
        return None

    async def _restart(self, flow_run: FlowRun, number: int) -> None:
        """Have a run started again whose process was killed by a signal."""
        reason = f"Its process was killed by {signal.Signals(number).name}."
        state = await self._recovery.carry_out(Step(Action.RESTART, flow_run.id, reason))
        if state is not None and state.is_crashed():
            await self._hooks.run_crashed_hooks(flow_run, state)

    async def _report(self, flow_run: FlowRun, state: State) -> None:
        accepted = await propose_state(self._context.client, state, flow_run_id=flow_run.id)
        if accepted.is_crashed():
            await self._hooks.run_crashed_hooks(flow_run, accepted)


@dataclass(slots=True)
class _Watch:
    """Holds a run to its limits from the moment it has a process: an `anyio.abc.TaskStatus`."""

    executions: Executions
    run: UUID
    enclosure: Enclosure
    timeout_s: float | None
    task_status: anyio.abc.TaskStatus[int]
    _task: asyncio.Task[State] | None = field(default=None, init=False)

    def started(self, value: ProcessHandle | None = None) -> None:
        """Take the process."""
        if value is None or value.pid is None:
            return
        self.task_status.started(value.pid)
        self._task = asyncio.create_task(self._hold(value.pid))

    async def stop(self) -> State | None:
        """Return the state for a run that was over a limit; None for others."""
        if self._task is None:
            return None
        self._task.cancel()
        await asyncio.wait({self._task})
        return None if self._task.cancelled() else self._task.result()

    async def _hold(self, pid: int) -> State:
        try:
            async with asyncio.timeout(self.timeout_s):
                state = await self.enclosure.watch(pid)
        except TimeoutError:
            state = over_time(self.timeout_s or 0)
        await self.executions.end(self.run)
        return state


@contextmanager
def _folder(configuration: JobConfiguration) -> Iterator[Path]:
    """Yield the working directory of a run: its own, removed afterwards, unless it names one."""
    if configuration.working_dir is not None:
        yield configuration.working_dir
        return
    with tempfile.TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
