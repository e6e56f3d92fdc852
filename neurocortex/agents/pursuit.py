"""What an agent works with, and what comes of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from neurocortex.agents.tools import Tool
from neurocortex.domain.agents import AgentStep, Stop
from neurocortex.domain.chat import ChatMessage, Completion

AnyTool = Tool[Any]

OnStep = Callable[[AgentStep], Awaitable[None]]

Complete = Callable[[Sequence[ChatMessage], Mapping[str, JsonValue] | None], Awaitable[Completion]]
"""A call of an LLM: a conversation, and the JSON Schema that the answer should follow or None."""


@dataclass(frozen=True, slots=True)
class Model:
    """What an agent thinks with."""

    name: str
    complete: Complete


@dataclass(frozen=True, slots=True)
class Pursuit:
    """What came of a task. `text` is empty where the model could not be asked for an answer."""

    text: str
    stopped: Stop
    model: str
    steps: tuple[AgentStep, ...]
    reason: str | None = None
    """Why it stopped before it had its answer."""
