"""How a pipeline of the real-time lane runs tasks."""

from collections.abc import Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from prefect import Task

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Steps(Protocol):
    """Runs a pipeline's tasks as each declares: its retries and waits, timeout, and cache policy.

    The same `@task` functions run in flows of the standard lane; here no call to Prefect's API is
    made for one. What does not depend on each other may run at once (`asyncio.gather`).
    """

    @overload
    async def run(
        self,
        task: Task[Arguments, Coroutine[Any, Any, Result]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result: ...

    @overload
    async def run(
        self, task: Task[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result: ...

    async def run(self, task: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run one task and return its result.

        Raises:
            Exception: what the task raised at its last try.
        """
        ...

    async def batched(self, task: Task[Any, list[Result]], item: object, *shared: Any) -> Result:
        """Run a task that takes many items at once, together with other requests' items.

        Args:
            task: Takes a list of items, then `shared`; returns a result for each item, in order.
            item: This request's.
            shared: What the items of a batch must have in common, e.g. the model; hashable.

        Returns:
            The result for `item`.

        Raises:
            Exception: what the task raised; an item that fails a batch is tried alone, so that it
                fails no other.
        """
        ...

    async def emit(self, text: str) -> None:
        """Send a part of the answer to whoever waits for it; waits while they fall behind.

        Does nothing for a request that did not ask for a stream.
        """
        ...
