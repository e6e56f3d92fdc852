"""What an agent did."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neurocortex.domain.choices import Choice
from neurocortex.domain.usage import Usage


class Stop(StrEnum):
    """Why an agent ended."""

    ANSWERED = "answered"
    """It had its answer."""
    STEPS = "steps"
    """As many steps as it may take were taken; it then answered from what it had."""
    TOKENS = "tokens"
    """The request, or its tenant, has no tokens left."""
    COST = "cost"
    """The next call could cost more than is left."""
    TIME = "time"
    """Whoever waits would not wait any longer."""
    PROVIDER = "provider"
    """Every provider refused or failed."""


class AgentStep(BaseModel):
    """One use of a tool."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    tool: str = Field(description="Empty where the model wrote no usable call.")
    arguments: Mapping[str, JsonValue] = {}
    result: str | None = Field(None, description="What the model read of it.")
    error: str | None = None
    seconds: float = Field(0.0, ge=0)


class AgentAnswer(BaseModel):
    """What came of a task."""

    model_config = ConfigDict(frozen=True)

    text: str
    stopped: Stop
    note: str | None = Field(None, description="What the reader should know of it.")
    steps: tuple[AgentStep, ...] = Field((), description="Each use of a tool, in order.")
    model: str = Field(description="The LLM that wrote last.")
    usage: Usage = Field(Usage(), description="What the whole work took of LLMs.")
    choice: Choice | None = Field(
        None, description="Which provider was chosen, and why; none where the request named one."
    )
