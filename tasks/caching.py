"""Results of tasks in the Cache: computed once on all machines, until they end or are invalidated.

`@task(**STEP, **cached(HOUR))` is all a task needs. Its key is the tenant, the source of the task's
own function (not of what it calls), and all its inputs in canonical form. A hit is a task run
`Cached` in the UI.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final, TypedDict

from prefect import task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.context import TaskRunContext
from prefect.serializers import JSONSerializer

import blocks
from blocks import saved
from neurocortex.cache.addresses import Address
from neurocortex.cache.keys import key_of
from neurocortex.cache.task_results import SERIALIZER
from neurocortex.cache.values import EVERYONE
from neurocortex.domain.deployments import DEFAULT_BLOCK
from tasks.cache_locks import LOCKS
from tasks.options import STEP
from tasks.tenant import tenant_of_run

STORAGE: Final = f"cache/{DEFAULT_BLOCK}"
"""The block whose levels keep the results."""

COLLECTION: Final = "collection:{collection}"
"""Tag of what was computed from a collection: it ends when the collection changes."""

RELEASE: Final = version("neurocortex")
"""Part of each key: another release may compute something else."""


class CacheOptions(TypedDict):
    """What `@task` takes for a result in the Cache."""

    cache_policy: CachePolicy
    persist_result: bool
    result_serializer: JSONSerializer[Any]
    result_storage: str


@dataclass
class InCache(CachePolicy):
    """Prefect's policy for the Cache: keys of one tenant, and one computation of each at a time."""

    ttl_s: float = field(kw_only=True)
    tags: tuple[str, ...] = field(kw_only=True)

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],  # noqa: ARG002 - the task's inputs are what it depends on
        **kwargs: Any,  # noqa: ARG002 - Prefect's interface
    ) -> str:
        """Return the address of the result of a task run.

        Raises:
            UnkeyableValueError: an input has no canonical form. Prefect logs it, and runs the task
                without the cache.
        """
        function, source = task_ctx.task.fn, task_ctx.task.source_code
        namespace = f"{function.__module__}.{function.__qualname__}"
        key = key_of(tenant_of_run(), namespace, (RELEASE, source, inputs))
        return str(Address(key, self.ttl_s, tuple(tag.format_map(inputs) for tag in self.tags)))


def cached(ttl: timedelta, *tags: str) -> CacheOptions:
    """Return the options of a task whose result the Cache keeps.

    Args:
        ttl: for so long; memory, Redis and disk each have a limit of their own.
        tags: names that end it when they are invalidated; `{name}` stands for an input.
    """
    policy = InCache(
        isolation_level="SERIALIZABLE", lock_manager=LOCKS, ttl_s=ttl.total_seconds(), tags=tags
    )
    return CacheOptions(
        cache_policy=policy,
        persist_result=True,
        result_serializer=SERIALIZER,
        result_storage=STORAGE,
    )


@task(**STEP, task_run_name="forget what came from {collection}", cache_policy=NO_CACHE)
def forget_collection(collection: str) -> None:
    """End all cached results that were computed from a collection, whoever's: all may read it."""
    tag = COLLECTION.format(collection=collection)
    block = saved.find(blocks.Cache, DEFAULT_BLOCK)
    if block is not None:
        told = block.shared().call(lambda results: results.cache.invalidate_tag(EVERYONE, tag))
        told.require_delivery()
