"""Calls at a steady rate, whatever becomes of those before them, and what became of each."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.race import Emit
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.openai_chat import complete
from neurocortex.errors import ProviderError

ASKED: Final = [ChatMessage(role="user", content="How many priority tiers are there?")]

DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that was."""

    began: float
    """By the monotonic clock."""
    seconds: float


@dataclass(slots=True)
class Load:
    """Calls of one provider by one balancer."""

    balancer: Balancer
    provider: LlmProvider
    per_s: float
    answered: list[Answered] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    attempts: int = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Make calls until told to stop, and wait for the last of them."""
        began, made = time.monotonic(), 0
        async with asyncio.TaskGroup() as calls:
            while not stopping.is_set():
                calls.create_task(self._call())
                made += 1
                await asyncio.sleep(max(0.0, began + made / self.per_s - time.monotonic()))

    async def _call(self) -> None:
        began = time.monotonic()
        try:
            await self.balancer.call(self.provider, self._attempt, _drop, deadline_s=DEADLINE_S)
        except ProviderError as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        else:
            self.answered.append(Answered(began, time.monotonic() - began))

    async def _attempt(self, endpoint: LlmEndpoint, emit: Emit) -> Completion:
        self.attempts += 1
        return await complete(ASKED, endpoint, emit=emit)


async def _drop(_piece: str) -> None:
    """Somebody reads the stream: no other endpoint may begin anew."""
