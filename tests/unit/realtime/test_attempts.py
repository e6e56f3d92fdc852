"""A task in the lane is tried as often, and after the same waits, as in a flow run."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.task_engine import TaskRunTimeoutError

from neurocortex.errors import CollectionNotFoundError, LakeUnavailableError
from neurocortex.realtime.attempts import delay_before, is_tried_again
from neurocortex.realtime.batching import Limits
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from tasks.options import may_pass

PASSING = LakeUnavailableError("Lake", "gone")
LASTING = CollectionNotFoundError("papers", ())


def run(tried: Task[..., Any], *arguments: object, **named: object) -> Any:
    async def main() -> Any:
        with Threads(2) as threads:
            runner = TaskRunner(threads, Limits(8, 0.01), None)
            return await runner.run("acme", tried, arguments, named)

    return asyncio.run(main())


class Fails:
    """Raises each error in turn, then returns the number of the call."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def options(**more: Any) -> dict[str, Any]:
    return {"retries": 2, "retry_delay_seconds": 0, "cache_policy": NO_CACHE, **more}


def made(fails: Fails, *, is_async: bool, **more: Any) -> Task[..., Any]:
    def plain() -> int:
        return fails()

    async def coroutine() -> int:
        return fails()

    return task(coroutine if is_async else plain, **options(**more))


@pytest.mark.parametrize("is_async", [True, False])
def test_a_passing_failure_is_tried_again(is_async: bool) -> None:
    fails = Fails(PASSING, ValueError("x"))
    assert run(made(fails, is_async=is_async, retry_condition_fn=may_pass)) == 3


@pytest.mark.parametrize("is_async", [True, False])
def test_the_last_error_is_raised_when_tries_are_used_up(is_async: bool) -> None:
    fails = Fails(ValueError("1"), ValueError("2"), ValueError("3"), ValueError("4"))
    with pytest.raises(ValueError, match="3"):
        run(made(fails, is_async=is_async))
    assert fails.calls == 3


def test_the_condition_says_no() -> None:
    fails = Fails(LASTING)
    with pytest.raises(CollectionNotFoundError):
        run(made(fails, is_async=True, retry_condition_fn=may_pass))
    assert fails.calls == 1


def _fails(*_: object) -> bool:
    raise RuntimeError("no opinion")


async def _asynchronous(*_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(None, True), (lambda *_: True, True), (lambda *_: False, False), (_fails, False)],
)
def test_conditions_count_as_in_prefect(
    condition: Callable[..., bool] | None, expected: bool
) -> None:
    tried = made(Fails(), is_async=True, retry_condition_fn=condition)
    assert asyncio.run(is_tried_again(tried, ValueError(), 1)) is expected


def test_a_condition_may_be_async() -> None:
    tried = made(Fails(), is_async=True, retry_condition_fn=_asynchronous)
    assert asyncio.run(is_tried_again(tried, ValueError(), 1))


@pytest.mark.parametrize(
    ("declared", "waits"),
    [([1.0, 1.5], [1.0, 1.5, 1.5]), (2, [2.0, 2.0, 2.0]), (None, [0.0, 0.0, 0.0])],
)
def test_waits_are_those_declared_and_the_last_is_repeated(
    declared: list[float] | float | None, waits: list[float]
) -> None:
    tried = made(Fails(), is_async=True, retries=3, retry_delay_seconds=declared)
    assert [delay_before(tried, retry) for retry in range(3)] == waits


def test_jitter_stays_within_its_share() -> None:
    tried = made(Fails(), is_async=True, retry_delay_seconds=10, retry_jitter_factor=0.5)
    waits = {delay_before(tried, 0) for _ in range(200)}
    assert len(waits) > 100
    assert all(0 < wait <= 15 for wait in waits)


@pytest.mark.parametrize("is_async", [True, False])
def test_a_task_that_hangs_times_out_and_is_tried_again(is_async: bool) -> None:
    release = asyncio.Event()
    calls = 0

    async def hanging() -> int:
        nonlocal calls
        calls += 1
        await release.wait()
        return 0

    def blocking() -> int:
        nonlocal calls
        calls += 1
        import time

        time.sleep(0.3)
        return 0

    tried = task(hanging if is_async else blocking, **options(retries=1, timeout_seconds=0.05))
    with pytest.raises(TaskRunTimeoutError, match=r"0\.05 s"):
        run(tried)
    assert calls == 2


def test_an_item_alone_in_its_batch_is_tried_as_often_as_any_task() -> None:
    calls = 0

    @task(retries=2, retry_delay_seconds=0, cache_policy=NO_CACHE)
    async def fail(items: list[str]) -> list[str]:
        nonlocal calls
        calls += 1
        raise ValueError(f"try {calls}")

    async def main() -> None:
        with Threads(1) as threads:
            runner = TaskRunner(threads, Limits(8, 0.01), None)
            with pytest.raises(ValueError, match="try 3"):
                await runner.batched(fail, "item", ())

    asyncio.run(main())
    assert calls == 3
