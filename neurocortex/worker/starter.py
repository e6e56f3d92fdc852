"""Starting the process of a run: its flow in a warm one, or a command of its own."""

import json
import math
import shlex
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import anyio.abc
from prefect.client.schemas.objects import FlowRun, State
from prefect.runner._control_channel import ControlChannel
from prefect.runner._process_manager import ProcessHandle, create_isolated_termination_scope

from neurocortex.worker import engine, hooks
from neurocortex.worker.job import JobConfiguration
from neurocortex.worker.messages import MAX_PACKET, Start
from neurocortex.worker.warm import WarmProcess, WarmProcesses

LARGEST_RUN: Final = MAX_PACKET // 8
"""Bytes on the wire; a run with larger parameters asks Prefect for them, as the zygote would not
take it."""

REMEMBERED: Final = 200
"""Ended runs whose hooks can still be run: minutes of them."""

RUN_BY_WORKER: Final = {"PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false"}
"""The worker runs those hooks: it knows of an end that the process could not see."""

ATTEMPTS: Final = 3
"""Zygotes that may die before a run is given up. Each takes another one's start to replace."""


class WarmStarter:
    """Starts one run in a warm process: a `ProcessStarter` of Prefect's runner."""

    def __init__(
        self,
        processes: WarmProcesses,
        control: ControlChannel,
        configuration: JobConfiguration,
        folder: Path,
        suspension: Path,
        entrance: str,
    ) -> None:
        """Take how to run it.

        Args:
            processes: where it gets its process.
            control: by which Prefect talks to it.
            configuration: its job variables.
            folder: its working directory.
            suspension: the file that tells of a suspension.
            entrance: of the cgroup it is to run in; empty: of none.
        """
        self._processes = processes
        self._control = control
        self._configuration = configuration
        self._folder = folder
        self._suspension = suspension
        self._entrance = entrance
        self.process: WarmProcess | None = None
        """Known once it runs."""

    async def start(
        self,
        flow_run: FlowRun,
        task_status: anyio.abc.TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Start it, say so, and wait for its end."""
        port, token = self._control.register(flow_run.id)
        channel = {"PREFECT__CONTROL_PORT": str(port), "PREFECT__CONTROL_TOKEN": token}
        module, arguments = self._program(flow_run)
        order = _order(flow_run, self._configuration, self._folder, module, channel, arguments)
        self.process = await _start(self._processes, replace(order, entrance=self._entrance))
        scope = create_isolated_termination_scope(self.process.pid)
        task_status.started(ProcessHandle(cast("anyio.abc.Process", self.process), scope))
        await self.process.wait()

    def _program(self, flow_run: FlowRun) -> tuple[str, tuple[str, ...]]:
        """Return the module and the arguments of the order."""
        if self._configuration.command is not None:
            return "", tuple(shlex.split(self._configuration.command))
        results = engine.IN_FILES if self._configuration.results_in_files else ""
        entrypoint = self._configuration.module_entrypoint
        return engine.__name__, (known(flow_run), entrypoint, str(self._suspension), results)


def known(flow_run: FlowRun) -> str:
    """Return a run as JSON for its process; empty where that is too long for a message."""
    text = flow_run.model_dump_json()
    on_wire = len(json.dumps(text))  # messages are ASCII: other letters take up to 12 bytes each
    return text if on_wire <= LARGEST_RUN else ""


class WarmHooks:
    """Runs a flow's hooks in warm processes: a `FlowRunHookRunner` of Prefect's runner."""

    def __init__(self, processes: WarmProcesses) -> None:
        """Take where."""
        self._processes = processes
        self._configurations: dict[UUID, JobConfiguration] = {}
        self._ended: deque[UUID] = deque()

    @contextmanager
    def of(self, flow_run: FlowRun, configuration: JobConfiguration) -> Iterator[None]:
        """Know how this run's hooks are run while it goes on, and for some time after.

        Whoever cancels a run asks for its hooks seconds after the process has ended.
        """
        self._configurations[flow_run.id] = configuration
        try:
            yield
        finally:
            self._ended.append(flow_run.id)
            if len(self._ended) > REMEMBERED:
                self._configurations.pop(self._ended.popleft(), None)

    async def run_crashed_hooks(self, flow_run: FlowRun, state: State) -> None:
        """Run the `on_crashed` hooks."""
        await self._run(flow_run, hooks.CRASHED, state.message or "")

    async def run_cancellation_hooks(self, flow_run: FlowRun, state: State) -> None:
        """Run the `on_cancellation` hooks."""
        await self._run(flow_run, hooks.CANCELLED, state.message or "")

    async def _run(self, flow_run: FlowRun, which: str, message: str) -> None:
        configuration = self._configurations.get(flow_run.id)
        if configuration is None:
            return
        asked = {hooks.WHICH: which, hooks.MESSAGE: message}
        with tempfile.TemporaryDirectory(prefix="hooks-") as folder:
            order = _order(flow_run, configuration, Path(folder), hooks.__name__, asked)
            await (await _start(self._processes, order)).wait()


def _order(
    flow_run: FlowRun,
    configuration: JobConfiguration,
    folder: Path,
    module: str,
    more: Mapping[str, str],
    arguments: tuple[str, ...] = (),
) -> Start:
    environment = {name: value for name, value in configuration.env.items() if value is not None}
    own = {"PREFECT__FLOW_RUN_ID": str(flow_run.id), **RUN_BY_WORKER, **more}
    return Start(
        run=f"{flow_run.id} {module}",
        module=module,
        environment={**environment, **own},
        folder=str(folder),
        cores=math.ceil(configuration.cpu),
        quiet=not configuration.stream_output,
        arguments=arguments,
    )


async def _start(processes: WarmProcesses, order: Start) -> WarmProcess:
    for _ in range(ATTEMPTS - 1):
        try:
            return await processes.start(order)
        except ConnectionError:
            await processes.replaced()
    return await processes.start(order)
