"""prefect.yaml as typed values."""

from importlib.resources import files
from pathlib import Path

import yaml
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from pydantic import BaseModel, ConfigDict, ValidationError

from neurocortex.domain.deployments import Tier
from neurocortex.errors import SettingsError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkPool(_Part):
    """The pool that a deployment's runs wait in."""

    name: Tier


class CronSchedule(_Part):
    """When runs are started."""

    cron: str
    timezone: str
    slug: str
    """Names it, so that one that was paused in the UI stays paused."""


class Trigger(_Part):
    """An event that starts a run."""

    expect: tuple[str, ...]
    """Names of events."""
    parameters: dict[str, str] = {}
    """Of the run; a template may name parts of the event."""


class Deployment(_Part):
    """One entry of `deployments` in prefect.yaml; the fields have Prefect's meaning."""

    name: str
    entrypoint: str
    """Module path of the flow, e.g. `flows.answer_question.answer_question`."""
    work_pool: WorkPool
    tags: tuple[str, ...] = ()
    schedules: tuple[CronSchedule, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    concurrency_limit: ConcurrencyLimitConfig | None = None
    job_variables: dict[str, str | int | float | bool] = {}
    """See `neurocortex.worker.job.Variables`."""


class Manifest(_Part):
    """The part of prefect.yaml that NeuroCortex uses. Anything else in it is refused."""

    name: str
    build: tuple[()] = ()
    push: tuple[()] = ()
    pull: tuple[()] = ()
    deployments: tuple[Deployment, ...]


def read() -> Manifest:
    """Return the manifest: of the checkout, or the copy inside an installed package.

    Raises:
        SettingsError: prefect.yaml holds what `neurocortex deploy` would not apply.
    """
    checkout = Path(__file__).parent.parent / "prefect.yaml"
    source = checkout if checkout.is_file() else files("deployments") / "prefect.yaml"
    try:
        return Manifest.model_validate(yaml.safe_load(source.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise SettingsError(f"prefect.yaml: {error}") from error
