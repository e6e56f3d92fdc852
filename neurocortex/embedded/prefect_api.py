"""The few calls to Prefect's REST API that need no Prefect import, which takes two seconds."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from neurocortex.errors import ConnectorError

HEALTH_TIMEOUT_S: Final = 2.0
"""A server that is up says so within milliseconds, even a busy one within a second."""

CALL_TIMEOUT_S: Final = 30.0
"""A server that records thousands of task runs may take seconds to answer anything else."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Worker(_Part):
    """A worker of a pool."""

    name: str
    status: str
    last_heartbeat_time: datetime | None = None


class Deployment(_Part):
    """A deployment that exists."""

    id: UUID
    work_pool_name: str | None = None


class RunState(_Part):
    """The state of a flow run."""

    type: str
    """Prefect's state type, e.g. `COMPLETED`."""
    name: str
    message: str | None = None


class FlowRun(_Part):
    """A flow run."""

    id: UUID
    name: str
    state: RunState | None = None


class Submission(_Part):
    """What a flow run was asked to do, and what became of it."""

    deployment_id: UUID | None = None
    """None for a run of no deployment, or of one that is gone."""
    parameters: dict[str, object] = {}
    job_variables: dict[str, object] | None = None
    tags: list[str] = []
    state: RunState | None = None


class Progress(_Part):
    """A progress artifact: how much of a long load is done."""

    data: float = Field(ge=0, le=100)
    """Per cent."""
    description: str | None = None


class ApiError(ConnectorError):
    """Prefect's API cannot be reached, or refused a call."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__("Prefect", reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class PrefectApi:
    """Prefect's REST API at an address. Each call raises ApiError where it fails."""

    url: str
    """Up to and with `/api`."""

    def is_healthy(self, timeout_s: float = HEALTH_TIMEOUT_S) -> bool:
        """Tell whether the server says within that time that it is well."""
        try:
            self._call("GET", "/health", timeout_s=timeout_s)
        except ApiError:
            return False
        return True

    def version(self) -> str:
        """Return the server's version."""
        return TypeAdapter(str).validate_json(self._call("GET", "/admin/version"))

    def workers(self, pool: str, timeout_s: float = CALL_TIMEOUT_S) -> list[Worker]:
        """Return the workers of a pool, none for a pool that does not exist."""
        path = f"/work_pools/{quote(pool)}/workers/filter"
        try:
            found = self._call("POST", path, {}, timeout_s)
        except ApiError as error:
            if error.status == 404:
                return []
            raise
        return TypeAdapter(list[Worker]).validate_json(found)

    def deployment(self, name: str) -> Deployment | None:
        """Return a deployment by `flow name/deployment name`."""
        try:
            found = self._call("GET", f"/deployments/name/{quote(name)}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return Deployment.model_validate_json(found)

    def start(self, deployment: UUID, parameters: Mapping[str, object]) -> FlowRun:
        """Start a run of a deployment, as the UI's button does."""
        body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        made = self._call("POST", f"/deployments/{deployment}/create_flow_run", body)
        return FlowRun.model_validate_json(made)

    def flow_run(self, run: UUID) -> FlowRun:
        """Return a flow run as it is now."""
        return FlowRun.model_validate_json(self._call("GET", f"/flow_runs/{run}"))

    def find_run(self, name: str) -> FlowRun | None:
        """Return a flow run by its id, or the youngest of that name."""
        try:
            which = {"id": {"any_": [str(UUID(name))]}}
        except ValueError:
            which = {"name": {"any_": [name]}}
        body = {"flow_runs": which, "sort": "ID_DESC", "limit": 1}
        found = TypeAdapter(list[FlowRun]).validate_json(
            self._call("POST", "/flow_runs/filter", body)
        )
        return found[0] if found else None

    def waiting(self, pool: str) -> int:
        """Return how many runs of a work pool are due and wait."""
        body = {
            "work_pools": {"name": {"any_": [pool]}},
            "flow_runs": {
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "next_scheduled_start_time": {"before_": datetime.now(UTC).isoformat()},
            },
        }
        return TypeAdapter(int).validate_json(self._call("POST", "/flow_runs/count", body))

    def submission(self, run: UUID) -> Submission | None:
        """Return what a run was asked to do, None where the run is gone."""
        try:
            return Submission.model_validate_json(self._call("GET", f"/flow_runs/{run}"))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def submit(self, deployment: UUID, what: Submission, key: str) -> FlowRun | None:
        """Start a run of a deployment, or return the one that was started with this key.

        Returns:
            None where the deployment is gone.
        """
        body = {
            "state": {"type": "SCHEDULED"},
            "idempotency_key": key,
            **what.model_dump(mode="json", include={"parameters", "job_variables", "tags"}),
        }
        try:
            made = self._call("POST", f"/deployments/{deployment}/create_flow_run", body)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return FlowRun.model_validate_json(made)

    def progress(self, run: UUID) -> Progress | None:
        """Return the newest progress artifact of a run."""
        wanted = {
            "artifacts": {"flow_run_id": {"any_": [str(run)]}, "type": {"any_": ["progress"]}},
            "sort": "UPDATED_DESC",
            "limit": 1,
        }
        found = TypeAdapter(list[Progress]).validate_json(
            self._call("POST", "/artifacts/filter", wanted)
        )
        return found[0] if found else None

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> bytes:
        request = Request(  # noqa: S310 - settings allow http and https only
            self.url.rstrip("/") + path,
            method=method,
            headers={"Content-Type": "application/json", **_authorization()},
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with _opener(self.url).open(request, timeout=timeout_s) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            raise ApiError(_refusal(error), error.code) from None
        except (URLError, TimeoutError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ApiError(f"{self.url} does not answer: {reason}") from None


def _opener(url: str) -> OpenerDirector:
    """A proxy set for the world is none for this machine."""
    return build_opener(ProxyHandler({})) if urlsplit(url).hostname in LOOPBACK else build_opener()


def _authorization() -> dict[str, str]:
    """As Prefect's client: a key for its cloud, `user:password` for a server of one's own."""
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if secret := os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    return {}


def _refusal(error: HTTPError) -> str:
    """Say what a refused call said about itself, as far as that is legible."""
    try:
        said = json.loads(error.read())
        detail = said.get("detail") or said.get("exception_detail") or said
    except (ValueError, AttributeError, OSError):
        detail = error.reason
    return f"refused ({error.code}): {detail}"
