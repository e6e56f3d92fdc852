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
from prefect.runner._starter_engine import EngineCommandStarter
from prefect.utilities.engine import propose_state

from neurocortex.ledger.reconcile import Action, Step
from neurocortex.worker.job import JobConfiguration
from neurocortex.worker.limits import Limits, Peak, exceeded
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
    cpu_s: float | None
    """Processor time it took; None where it ran by a command of its own."""
    memory_mb: float | None
    """The most that it was seen to take; None: it was too short."""
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
    ) -> None:
        """Take what watches for cancellations and suspensions, where processes come from, and what
        has runs started again."""
        self._context = context
        self._processes = processes
        self._suspensions = suspensions
        self._recovery = recovery
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
        with _folder(configuration) as folder, self._hooks.of(flow_run, configuration):
            starter = self._starter(flow_run.id, configuration, folder)
            executor = FlowRunExecutor(
                flow_run=flow_run,
                starter=starter,
                process_manager=self._context.process_manager,
                state_proposer=self._context._state_proposer,
                hook_runner=self._hooks,
                get_attempt_conclusion=partial(self._conclusion, starter, configuration),
                propose_submitting=False,
            )
            watch = _Watch(self, flow_run, configuration, task_status)
            try:
                result = await executor.submit(watch)
            finally:
                over = await watch.stop()
                self._ended_by_us.discard(flow_run.id)
                completed = flow_run.id in self._completed
                self._completed.discard(flow_run.id)
                killed_by = self._killed_by.pop(flow_run.id, None)
            if over is not None:
                await self._report(flow_run, over)
            elif killed_by is not None:
                await self._restart(flow_run, killed_by)
        if result is None or result.status_code is None:
            raise RuntimeError("The process of the flow run could not be started.")
        process = starter.process if isinstance(starter, WarmStarter) else None
        cpu_s = process.cpu_s if process else None
        return Ended(result.status_code, str(result.handle.pid), cpu_s, watch.peak.mb, completed)

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

    def _starter(
        self, run_id: UUID, configuration: JobConfiguration, folder: Path
    ) -> WarmStarter | EngineCommandStarter:
        control = self._context.control_channel
        if configuration.command is None:
            suspension = self._suspensions.file(run_id)
            return WarmStarter(self._processes, control, configuration, folder, suspension)
        return EngineCommandStarter(
            command=configuration.command,
            cwd=folder,
            env=configuration.env,
            stream_output=configuration.stream_output,
            control_channel=control,
            env_overrides_settings=True,
        )

    def _conclusion(
        self,
        starter: WarmStarter | EngineCommandStarter,
        configuration: JobConfiguration,
        run_id: UUID,
    ) -> AttemptConclusion | None:
        """Return what is known of how a process ended; None has Prefect's executor report it."""
        known = self._context.control_channel.get_conclusion(run_id)
        if isinstance(known, EngineOutcomeReceipt) and known.state_type == StateType.COMPLETED:
            self._completed.add(run_id)
        if known is not None:
            return known
        if run_id in self._ended_by_us:
            return OURS
        process = starter.process if isinstance(starter, WarmStarter) else None
        code = process.returncode if process else None
        if code is not None and code < 0 and configuration.restart_when_lost:
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
    flow_run: FlowRun
    configuration: JobConfiguration
    task_status: anyio.abc.TaskStatus[int]
    peak: Peak = field(default_factory=Peak, init=False)
    _task: asyncio.Task[State] | None = field(default=None, init=False)

    def started(self, value: ProcessHandle | None = None) -> None:
        """Take the process."""
        if value is None or value.pid is None:
            return
        self.task_status.started(value.pid)
        limits = Limits(self.configuration.memory, self.configuration.timeout)
        self._task = asyncio.create_task(self._hold(value.pid, limits))

    async def stop(self) -> State | None:
        """Return the state for a run that was over a limit; None for others."""
        if self._task is None:
            return None
        self._task.cancel()
        await asyncio.wait({self._task})
        return None if self._task.cancelled() else self._task.result()

    async def _hold(self, pid: int, limits: Limits) -> State:
        state = await exceeded(pid, limits, self.peak)
        await self.executions.end(self.flow_run.id)
        return state


@contextmanager
def _folder(configuration: JobConfiguration) -> Iterator[Path]:
    """Yield the working directory of a run: its own, removed afterwards, unless it names one."""
    if configuration.working_dir is not None:
        yield configuration.working_dir
        return
    with tempfile.TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
