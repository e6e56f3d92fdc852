"""Start a run of a deployment, follow it, and fetch what it returned."""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from neurocortex.cli.console import Steps
from neurocortex.embedded.prefect_api import FlowRun, PrefectApi
from neurocortex.embedded.running import Running, environment_of
from neurocortex.errors import LedgerUnavailableError, RunError, ServiceError

POLL_S: Final = 0.5

FINAL: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
"""Prefect's state types after which a run does not move."""

Result = TypeVar("Result", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Runs:
    """Starts runs on a platform, and shows how they go."""

    running: Running
    show: Steps

    def run(self, deployment: str, parameters: Mapping[str, object], kind: type[Result]) -> Result:
        """Run a deployment to its end and return what its flow returned.

        Args:
            deployment: `flow name/deployment name`.
            parameters: of the flow, as JSON values.
            kind: type of the result.

        Raises:
            RunError: the run did not complete, or returned something else.
            ServiceError: there is no such deployment.
            ApiError: Prefect does not answer, or refuses the parameters.
        """
        api = PrefectApi(self.running.api_url)
        found = api.deployment(deployment)
        if found is None:
            raise ServiceError(
                "prefect",
                f"There is no deployment {deployment}. Apply them with `neurocortex deploy`.",
            )
        started = api.start(found.id, parameters)
        self._announce(found.work_pool_name)
        url = f"{self.running.api_url.removesuffix('/api')}/runs/flow-run/{started.id}"
        self.show.note(f"{deployment}: {url}")
        try:
            with self.show.step(deployment):
                ended = self._follow(api, started)
                if ended.state is None or ended.state.type != "COMPLETED":
                    raise _failure(ended, url)
        except KeyboardInterrupt:
            self.show.note(f"The run goes on without us: {url}")
            raise
        try:
            return _typed(asyncio.run(_read_result(ended.id)), kind)
        except (OSError, ValueError) as error:
            reason = f"its result cannot be read ({type(error).__name__}: {error})"
            raise RunError(ended.name, ended.state.name, reason, url) from error

    def _announce(self, pool: str | None) -> None:
        """Have a worker look at once. Where that fails, one finds the run when it looks next."""
        if pool is None or self.running.redis_url is None:
            return
        from neurocortex.ledger.wakes import announce

        with suppress(LedgerUnavailableError):
            announce(self.running.redis_url, pool)

    def _follow(self, api: PrefectApi, run: FlowRun) -> FlowRun:
        """Show each change of state, and of progress, until the last."""
        # Takes two seconds, in which the run only just starts; its result will need it.
        _import_prefect(self.running)
        said = ""
        while True:
            run = api.flow_run(run.id)
            text = run.state.name if run.state else "gone"
            if run.state is None or run.state.type in FINAL:
                return run
            if run.state.type == "RUNNING" and (progress := api.progress(run.id)):
                text += f", {progress.data:.0f}% {progress.description or ''}".rstrip()
            if text != said:
                self.show.now(f"{run.name}: {text}")
                said = text
            time.sleep(POLL_S)


def _failure(run: FlowRun, url: str) -> RunError:
    if run.state is None:
        return RunError(run.name, "gone", "somebody deleted it", url)
    return RunError(run.name, run.state.name, run.state.message or "no reason given", url)


def _import_prefect(running: Running) -> None:
    """Import Prefect's client with the platform's settings, which it reads while it is imported."""
    os.environ.update(environment_of(running))
    import prefect.client.orchestration  # noqa: F401


async def _read_result(run_id: UUID) -> object:
    """Fetch a completed run's result from wherever it was kept."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        run = await client.read_flow_run(run_id)
    if run.state is None:
        raise ValueError("the run is gone")
    result: object = await run.state.aresult(raise_on_failure=False)
    return result


def _typed(result: object, kind: type[Result]) -> Result:
    """Return the result as its type.

    Prefect 3.8 keeps a flow's result as `{"__class__": ..., "data": ...}`, takes that for a record
    of its own old format when it reads it, and hands out the bare `data`.
    """
    if isinstance(result, kind):
        return result
    return kind.model_validate_json(json.dumps(result))
