"""Sampled runs, and the model that was learned from them, in Redis."""

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from neurocortex.learning import layout
from neurocortex.learning.finished import Finished
from neurocortex.learning.model import RouterModel
from neurocortex.stream.stream import reached

RUN: Final = b"run"

NAMES: Final = TypeAdapter(set[str])
ENTRIES: Final = TypeAdapter(list[tuple[bytes, dict[bytes, bytes]]])


class LearningStore:
    """Each method raises StreamUnavailableError when Redis does not answer."""

    def __init__(self, redis: Redis, namespace: str = layout.NAMESPACE) -> None:
        """Keep things in a Redis, under keys that start with the namespace.

        The client is one with `decode_responses=False`.
        """
        self._redis = redis
        self._namespace = namespace

    async def keep(self, runs: Sequence[Finished], most: int) -> None:
        """Add runs, one at least; about the newest `most` of each operation stay."""
        with reached():
            async with self._redis.pipeline(transaction=False) as pipeline:
                for run in runs:
                    key = self._key(layout.runs(run.operation))
                    pipeline.xadd(key, {RUN: run.model_dump_json()}, maxlen=most, approximate=True)
                pipeline.sadd(self._key(layout.OPERATIONS), *{run.operation for run in runs})
                await pipeline.execute()

    async def runs(self, operation: str) -> Sequence[Finished]:
        """Return the sampled runs of an operation, in the order in which they ended.

        What another release wrote and this one cannot read is left out.
        """
        found = []
        with reached():
            entries = await self._redis.xrange(self._key(layout.runs(operation)))
        for _, fields in ENTRIES.validate_python(entries):
            try:
                found.append(Finished.model_validate_json(fields.get(RUN, b"")))
            except ValidationError:
                continue
        return sorted(found, key=lambda run: run.at)

    async def operations(self) -> Sequence[str]:
        """Return the operations that have sampled runs."""
        with reached():
            found = await self._redis.smembers(self._key(layout.OPERATIONS))
        return sorted(NAMES.validate_python(found))

    async def publish(self, model: RouterModel) -> None:
        """Let a model take the place of the one before: the gateways read it soon."""
        with reached():
            await self._redis.set(self._key(layout.MODEL), model.model_dump_json())

    async def model(self) -> RouterModel | None:
        """Return the model; None: none was learned yet, or another release's."""
        with reached():
            content = await self._redis.get(self._key(layout.MODEL))
        if content is None:
            return None
        try:
            return RouterModel.model_validate_json(content)
        except ValidationError:
            return None

    def _key(self, name: str) -> str:
        return f"{self._namespace}:{name}"
