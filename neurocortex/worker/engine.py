"""`python -m neurocortex.worker.engine FLOW_RUN ENTRYPOINT SUSPENSION RESULTS`: run a flow run.

What `python -m prefect.engine` does, told what the worker knows already: FLOW_RUN, the run as JSON,
and ENTRYPOINT, the module path of its flow, are empty where Prefect has to be asked; SUSPENSION is
the file of `suspensions`; RESULTS is `files` where the server names no other storage. It saves five
calls to the API and a web socket for each run.
"""

import asyncio
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from prefect._flow_run_suspension import register_flow_run_suspension_request
from prefect._internal.control_listener import configure_from_env
from prefect._internal.metrics import RunMetrics
from prefect.client.schemas.objects import FlowRun
from prefect.engine import _drive_run_flow_result, handle_engine_signals
from prefect.flow_engine import (
    AsyncFlowRunEngine,
    BaseFlowRunEngine,
    FlowRunEngine,
    _flow_parameters,
    load_flow,
    load_flow_run,
    run_flow,
)
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.logging.loggers import PrefectLogAdapter, flow_run_logger
from prefect.results import should_persist_result
from prefect.settings import get_current_settings

from neurocortex.worker.suspensions import SuspensionRequest

AnyFlow = Flow[..., Any]

IN_FILES: Final = "files"
"""Of RESULTS."""


class _ToldOfSuspension(BaseFlowRunEngine[..., Any]):
    """An engine whose suspension request hears from the worker: it needs no observer."""

    @contextmanager
    def setup_flow_run_suspension_request(self) -> Generator[SuspensionRequest, None, None]:
        request, run = self._get_flow_run_suspension_request(), self.flow_run
        assert isinstance(request, SuspensionRequest)  # noqa: S101 - as it was made with
        assert run is not None  # noqa: S101
        with register_flow_run_suspension_request(run.id, request):
            request.raise_if_requested()
            yield request


class _Engine(_ToldOfSuspension, FlowRunEngine[..., Any]):
    """Of a flow that is a function."""


class _AsyncEngine(_ToldOfSuspension, AsyncFlowRunEngine[..., Any]):
    """Of a flow that is a coroutine."""


def main(known_run: str, entrypoint: str, suspension: Path, results: str) -> None:
    """Run it, and end the process as Prefect's engine does."""
    configure_from_env()
    run_id = UUID(os.environ["PREFECT__FLOW_RUN_ID"])
    with handle_engine_signals(run_id):
        run = FlowRun.model_validate_json(known_run) if known_run else load_flow_run(run_id)
        logger = flow_run_logger(run)
        try:
            flow = _load(run, entrypoint, logger)
            if results == IN_FILES:
                flow = _with_results_in_files(flow)
        except Exception:
            logger.exception("Unexpected exception encountered when trying to load flow")
            raise
        with RunMetrics(run, flow):
            if flow.isgenerator:
                _drive_run_flow_result(flow, run_flow(flow, flow_run=run))
            else:
                _run(flow, run, SuspensionRequest(suspension), logger)


def _load(run: FlowRun, entrypoint: str, logger: PrefectLogAdapter) -> AnyFlow:
    if not entrypoint:
        return load_flow(run)
    logger.debug("Importing flow code from module path %s", entrypoint)
    return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)


def _with_results_in_files(flow: AnyFlow) -> AnyFlow:
    """Return a flow for which the engine need not ask where to keep results, and whether to.

    Not `with_options`: that makes another flow, and reads its signature anew for some milliseconds.
    """
    settings = get_current_settings().results
    if settings.default_storage_block is not None:
        return flow
    told = copy(flow)
    if told.result_storage is None:
        told.result_storage = settings.local_storage_path
    if told.persist_result is None:
        told.persist_result = should_persist_result()
    return told


def _run(
    flow: AnyFlow, run: FlowRun, suspension: SuspensionRequest, logger: PrefectLogAdapter
) -> None:
    """Do what Prefect's `run_flow` does for a deployment's run, with our engine."""
    try:
        parameters = _flow_parameters(flow, run, None)
        if not flow.isasync:
            _run_sync(_Engine(flow, parameters, run, _flow_run_suspension_request=suspension))
            return
    except Exception:
        logger.exception("Engine execution exited with unexpected exception")
        raise
    except (KeyboardInterrupt, SystemExit):
        logger.exception("Engine execution interrupted by base exception")
        raise
    asyncio.run(
        _run_async(_AsyncEngine(flow, parameters, run, _flow_run_suspension_request=suspension))
    )


def _run_sync(engine: _Engine) -> None:
    with engine.start():
        while engine.is_running():
            with engine.run_context():
                engine.call_flow_fn()
    engine.result()


async def _run_async(engine: _AsyncEngine) -> None:
    async with engine.start():
        while engine.is_running():
            async with engine.run_context():
                _ = await engine.call_flow_fn()
    await engine.result()


if __name__ == "__main__":
    told, sys.argv[1:] = sys.argv[1:], []  # the command line is not the flow's
    main(told[0], told[1], Path(told[2]), told[3])
