"""What many ask of Redis at the same time goes out in one pipeline.

A command alone costs a round trip and a system call or two; all that come during one round trip
share the next. Nobody waits for others to come.

Who waits here can be cancelled at any moment. In redis-py it cannot: `neurocortex.cancellation`.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Final, TypeAlias

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from neurocortex.redis_line import Argument, RedisLine

PATIENCE_S: Final = 5.0
"""A Redis that has not answered by then counts as gone."""

_Call: TypeAlias = tuple[Sequence[Argument], asyncio.Future[object]]


class Together:
    """The commands of one event loop."""

    def __init__(self, redis: Redis) -> None:
        """Ask a Redis."""
        self._line = RedisLine(redis, PATIENCE_S)
        self._digests: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._waiting: list[_Call] = []
        self._sender: asyncio.Task[None] | None = None

    async def script(self, text: str, keys_and_arguments: Sequence[Argument]) -> object:
        """Run a script, sent by its digest, and return its answer.

        Args:
            text: the script's.
            keys_and_arguments: the number of keys, the keys, the arguments.

        Raises:
            RedisError: Redis does not answer, or the script failed.
        """
        return await self.command("EVALSHA", self._digest(text), *keys_and_arguments)

    async def command(self, *parts: Argument) -> object:
        """Run a command and return its answer. Raises as `script`."""
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append((parts, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return await answer

    def _digest(self, text: str) -> str:
        digest = self._digests.get(text)
        if digest is None:
            # Redis names a script by its SHA-1; nothing is kept secret by it.
            digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
            self._digests[text] = digest
            self._texts[digest] = text
        return digest

    async def _send(self) -> None:
        try:
            while self._waiting:
                calls, self._waiting = self._waiting, []
                await self._answer(calls)
        finally:
            self._sender = None

    async def _answer(self, calls: Sequence[_Call]) -> None:
        try:
            answers = await self._answers([parts for parts, _ in calls])
        except Exception as error:  # noqa: BLE001 - it is raised where each call is awaited
            answers = [error] * len(calls)
        except asyncio.CancelledError:
            for _, future in calls:
                future.cancel()
            raise
        for (_, future), answer in zip(calls, answers, strict=True):
            if future.done():  # who called was cancelled meanwhile
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    async def _answers(self, commands: Sequence[Sequence[Argument]]) -> Sequence[object]:
        answers = await self._line.exchange(commands)
        unknown = [at for at, each in enumerate(answers) if isinstance(each, NoScriptError)]
        if unknown:  # Redis is new, or was emptied; such a call did nothing
            again = [commands[at] for at in unknown]
            texts = {self._texts[str(command[1])] for command in again}
            loads = [("SCRIPT", "LOAD", text) for text in texts]
            found = await self._line.exchange([*loads, *again])
            for at, answer in zip(unknown, found[len(loads) :], strict=True):
                answers[at] = answer
        return answers
