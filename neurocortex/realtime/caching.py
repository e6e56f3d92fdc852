"""Results of tasks that the lane keeps, as their `@task` declares with `cache_policy`.

Prefect keeps such results in the storage that the task names; here they are in the Cache, whose
keys are the caller's tenant's own. What is written is the JSON of the declared type.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar, get_type_hints

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import TaskRun
from prefect.context import TaskRunContext
from pydantic import TypeAdapter

from neurocortex.cache import addresses
from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key, digest
from neurocortex.cache.values import EVERYONE, Policy
from neurocortex.errors import UnkeyableValueError

TTL_S: Final = 3600.0
"""Of a result whose task does not say how long it is kept; the levels keep none longer than their
own limits."""

CHANGE_S: Final = 120.0
"""A change that nobody waits for any more is ended after so long: it hangs."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


def is_cached(task: Task[..., Any]) -> bool:
    """Return whether a task's results are kept: as in a flow run, when they are persisted."""
    policy: object = task.cache_policy
    return bool(task.persist_result) and isinstance(policy, CachePolicy) and policy != NO_CACHE


class TaskCache:
    """Results in one cache."""

    def __init__(self, cache: Cache) -> None:
        """Keep them in `cache`."""
        self._cache = cache
        self._changes: set[asyncio.Task[Any]] = set()

    @property
    def changes(self) -> Collection[asyncio.Task[Any]]:
        """Changes that go on, those that nobody waits for any more too."""
        return frozenset(self._changes)

    async def get_or_run(
        self,
        task: Task[..., Any],
        tenant: str,
        inputs: dict[str, Any],
        run: Callable[[], Awaitable[Any]],
    ) -> Any:
        """Return a task's result for a tenant: one that is kept, or what `run` returns.

        Raises:
            Exception: what `run` raised.
        """
        # Not validated: a client and a store of Prefect's are what the lane does without.
        fields: dict[str, Any] = {
            "task": task,
            "task_run": TaskRun(task_key=task.task_key, dynamic_key="0"),
            "parameters": inputs,
        }
        context: TaskRunContext = TaskRunContext.model_construct(**fields)
        policy: CachePolicy = task.cache_policy
        text = policy.compute_key(task_ctx=context, inputs=inputs, flow_parameters={})
        if text is None:
            return await run()
        adapter = _result_of(task)
        name = f"{task.fn.__module__}.{task.fn.__qualname__}"
        ttl_s, tags = _lifetime(task, text)
        key = Key(tenant, name.replace("<locals>", "local"), digest(text))

        async def compute() -> bytes:
            return adapter.dump_json(await run())

        found = await self._cache.get_or_compute(key, compute, Policy(ttl_s=ttl_s), tags)
        return adapter.validate_json(found.value)

    async def change(self, tags: Sequence[str], work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` returns, having ended what is kept under these tags, whoever's it is.

        Cancelling this does not end the work: its threads would commit what they do unheeded, and
        what is kept would be stale. A work that fails may have changed something, too.

        Raises:
            Exception: what the work raised.
        """
        task = asyncio.create_task(self._changed(tags, work))
        self._changes.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def _changed(self, tags: Sequence[str], work: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(CHANGE_S):
                return await work()
        finally:
            for tag in tags:
                await self._cache.invalidate_tag(EVERYONE, tag)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._changes.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.debug("A change failed; who waits for it hears of it: %s", error)


def _lifetime(task: Task[..., Any], key: str) -> tuple[float, tuple[str, ...]]:
    """Return how long a result is kept, and its tags: a key of the platform's policy says both."""
    try:
        address = addresses.parse(key)
    except UnkeyableValueError:
        expires = task.cache_expiration
        return (expires.total_seconds() if expires else TTL_S), ()
    return address.ttl_s, address.tags


@lru_cache(maxsize=256)
def _result_of(task: Task[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(task.fn).get("return", Any))
