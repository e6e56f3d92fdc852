"""`cached(...)` on tasks of one's own."""

import asyncio
import threading
from datetime import timedelta

import pytest
from prefect import flow, tags, task
from pydantic import SecretStr

import blocks
from neurocortex.cache.process import close_all
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.worker.job import RUN_TENANT
from tasks.caching import cached, forget_collection
from tasks.tenant import tenant_of_run
from tests.integration.conftest import MortalRedis

MINUTE = timedelta(minutes=1)

pytestmark = [
    pytest.mark.usefixtures("cache"),
    # Tasks that are called outside of a flow.
    pytest.mark.filterwarnings("ignore:Logger .* without a flow run id:UserWarning"),
]


def test_a_result_of_any_class_of_ours_comes_back_as_it_was() -> None:
    calls: list[int] = []

    @task(**cached(MINUTE))
    def measure(document: int, *, unit: str = "words") -> dict[str, object]:
        calls.append(document)
        return {"document": document, "unit": unit, "parts": [1.5, None, "ü"]}

    first = measure(1, return_state=True)
    same = measure(document=1, unit="words", return_state=True)
    other = measure(2, return_state=True)
    assert [run.name for run in (first, same, other)] == ["Completed", "Cached", "Completed"]
    assert same.result() == {"document": 1, "unit": "words", "parts": [1.5, None, "ü"]}
    assert calls == [1, 2]


def test_two_at_once_compute_once() -> None:
    calls: list[int] = []
    both_asked = threading.Event()

    @task(**cached(MINUTE))
    def slow() -> int:
        calls.append(1)
        assert both_asked.wait(10)
        return len(calls)

    @flow
    def twice() -> list[str]:
        first, second = slow.submit(), slow.submit()
        both_asked.set()
        for each in (first, second):
            each.wait()
        return sorted(str(each.state.name) for each in (first, second))

    assert twice() == ["Cached", "Completed"]
    assert calls == [1]


def test_a_change_while_it_is_computed_makes_the_next_run_compute_again() -> None:
    calls: list[int] = []

    @task(**cached(MINUTE, "collection:{collection}"))
    def count(collection: str) -> int:
        calls.append(1)
        if len(calls) == 1:
            forget_collection.fn(collection)
        return len(calls)

    assert count("papers") == 1, "who asked before the change gets what was computed"
    assert count("papers") == 2
    forget_collection.fn("others")
    assert count("papers") == 2
    forget_collection.fn("papers")
    assert count("papers") == 3


def test_a_task_that_fails_leaves_the_key_to_its_retry() -> None:
    calls: list[int] = []

    @task(retries=1, retry_delay_seconds=0, **cached(MINUTE))
    def shaky() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("connection reset")
        return len(calls)

    assert shaky() == 2
    assert shaky() == 2


# Prefect leaves a connection to its server to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_async_task_is_cached_too() -> None:
    calls: list[int] = []

    @task(**cached(MINUTE))
    async def count(tenant: str) -> str:
        calls.append(1)
        return f"{tenant} {len(calls)}"

    @flow
    async def counting() -> list[str]:
        return list(await asyncio.gather(count("a"), count("a"), count("b")))

    first, again, other = asyncio.run(counting())
    assert first == again != other
    asyncio.run(counting())
    assert len(calls) == 2


def test_an_input_without_a_canonical_form_is_computed_each_time() -> None:
    calls: list[int] = []

    @task(**cached(MINUTE))
    def take(what: object) -> int:
        calls.append(1)
        return len(calls)

    assert take(object()) == 1
    assert take(object()) == 2


def test_tasks_run_on_while_redis_is_gone(mortal_redis: MortalRedis) -> None:
    blocks.Cache(url=SecretStr(mortal_redis.url)).save(DEFAULT_BLOCK, overwrite=True)
    calls: list[int] = []

    @task(**cached(MINUTE))
    def count(what: str) -> int:
        calls.append(1)
        return len(calls)

    assert count("a") == 1
    mortal_redis.kill()
    assert count("a") in (1, 2)
    assert count("b") == len(calls)
    close_all()
    mortal_redis.start()


def test_a_task_is_the_tenants_that_the_worker_told_or_a_tag_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @flow
    def whose() -> str:
        return tenant_of_run()

    assert tenant_of_run() == whose() == "default"
    with tags("a tag", "tenant:acme"):
        assert whose() == "acme"
        monkeypatch.setenv(RUN_TENANT, "umbrella")
        assert tenant_of_run() == whose() == "umbrella"
