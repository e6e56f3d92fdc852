"""How every task fails, waits and tries again: the numbers of `settings.tasks`, in one place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypedDict

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from neurocortex.errors import (
    ConnectorError,
    NeuroCortexError,
    ProviderError,
    ProviderRefusedError,
)
from neurocortex.settings import settings

_HAS_ANOTHER: Final[ContextVar[bool]] = ContextVar("has_another", default=False)


@contextmanager
def another_provider(*, is_there: bool) -> Iterator[None]:
    """Say for the tasks of this context whether another LLM provider is asked where one fails: then
    none of them waits for it to come back."""
    token = _HAS_ANOTHER.set(is_there)
    try:
        yield
    finally:
        _HAS_ANOTHER.reset(token)


class TaskOptions(TypedDict):
    """What `@task` takes from the settings."""

    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Callable[[Task[..., Any], TaskRun, State[object]], bool]
    timeout_seconds: float


def may_pass(task: Task[..., Any], run: TaskRun, state: State[object]) -> bool:  # noqa: ARG001
    """Return whether a failure is worth a retry; Prefect asks after each (`retry_condition_fn`).

    A neighbour that does not answer (`ConnectorError`) may come back, unless it has refused, or is
    an LLM provider and another one is asked in its place. An error that is not ours may be
    anything; every other `NeuroCortexError` says what a person has to put right.
    """
    try:
        state.result()
    except ProviderRefusedError:
        return False
    except ProviderError:
        return not _HAS_ANOTHER.get()
    except ConnectorError:
        return True
    except NeuroCortexError:
        return False
    except Exception:  # noqa: BLE001 - any other failure may be a passing one
        return True
    return False


def delays(retries: int, first_s: float, backoff: float) -> list[float]:
    """Return the wait before each retry, in seconds: `first_s`, then each `backoff` times longer.

    >>> delays(3, 1.0, 1.5)
    [1.0, 1.5, 2.25]
    """
    return [first_s * backoff**retry for retry in range(retries)]


def _options(timeout_s: float) -> TaskOptions:
    chosen = settings().tasks
    return TaskOptions(
        retries=chosen.retries,
        retry_delay_seconds=delays(chosen.retries, chosen.first_delay_s, chosen.backoff),
        retry_jitter_factor=chosen.jitter,
        retry_condition_fn=may_pass,
        timeout_seconds=timeout_s,
    )


STEP: Final = _options(settings().tasks.timeout_s)
"""For a step whose work is bounded."""

LOAD: Final = _options(settings().tasks.load_timeout_s)
"""For a step that moves as much data as there is."""
