"""When a failed task is tried again: what its `@task` declares, as Prefect's engine reads it.

The rules are those of `prefect.task_engine` (3.8): `handle_retry` and `can_retry`.
"""

import asyncio
import inspect
import logging
from collections.abc import Sequence
from typing import Any, cast

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Failed
from prefect.utilities.math import clamped_poisson_interval

logger = logging.getLogger(__name__)


def delay_before(task: Task[..., Any], retry: int) -> float:
    """Return the wait before a retry, counted from 0, in seconds; jitter makes it a random one."""
    declared: float | Sequence[float] | None = task.retry_delay_seconds
    if isinstance(declared, Sequence):
        declared = declared[min(retry, len(declared) - 1)] if declared else 0.0
    delay = float(declared or 0.0)
    if task.retry_jitter_factor and delay > 0:
        delay = clamped_poisson_interval(delay, clamping_factor=task.retry_jitter_factor)
    return delay


async def is_tried_again(task: Task[..., Any], error: Exception, failures: int) -> bool:
    """Return whether a task is tried again after so many failures, the last with this error.

    A `retry_condition_fn` that is a plain function is asked in a thread, where it may read the
    state's result as it can in a flow run. One that fails means no retry.
    """
    if failures > task.retries:
        return False
    condition = task.retry_condition_fn
    if condition is None:
        return True
    state: State[Any] = Failed(data=error, message=f"Task run encountered an exception: {error!r}")
    run = TaskRun(task_key=task.task_key, dynamic_key="0", run_count=failures, state=state)
    try:
        if inspect.iscoroutinefunction(condition):
            return bool(await condition(task, run, state))
        if inspect.isfunction(condition):
            return bool(await asyncio.to_thread(condition, task, run, cast("Any", state)))
    except Exception:
        logger.exception("The retry_condition_fn of task %s failed: no retry.", task.name)
    return False
