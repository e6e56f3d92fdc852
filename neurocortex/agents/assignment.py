"""What somebody asks of an agent."""

from typing import Self

from pydantic import Field, model_validator

from neurocortex.agents.tools import ToolName
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.strict import Strict
from neurocortex.selection.limits import (
    FALLBACKS,
    Fallbacks,
    Limits,
    only_with_a_name,
    only_with_auto,
)


class Assignment(Strict):
    """What an agent is to do, and with what."""

    task: str = Field(min_length=1, max_length=20_000, description="What is wanted, in words.")
    tools: tuple[ToolName, ...] = Field(
        (ToolName.SEARCH, ToolName.CALCULATE, ToolName.EXTRACT),
        min_length=1,
        description="What it may use. predict needs `models`.",
    )
    collection: str = Field("documents", min_length=1, description="Where search looks.")
    passages: int = Field(5, ge=1, le=20, description="That a search returns.")
    models: tuple[str, ...] = Field(
        (), max_length=20, description="Models of the Forge that predict may ask."
    )
    llm: str = Field(
        DEFAULT_BLOCK,
        min_length=1,
        description="Name of the LLM Provider block, or `auto`: the one that serves best now.",
    )
    fallbacks: Fallbacks = Field((), description=FALLBACKS)
    choose: Limits = Field(
        Limits(), description="With `auto` for the provider: which ones may be chosen."
    )
    max_steps: int = Field(8, ge=1, le=30, description="Uses of tools, at most.")
    max_cost: float | None = Field(
        None,
        gt=0,
        description="What its calls of LLMs may cost, by the prices of the blocks. No call begins"
        " that could cost more than is left.",
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")
    forge: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Forge block.")

    @model_validator(mode="after")
    def _predict_has_models(self) -> Self:
        if ToolName.PREDICT in self.tools and not self.models:
            raise ValueError("the tool predict asks `models`: name one, or leave the tool out")
        return self

    @model_validator(mode="after")
    def _providers_count(self) -> Self:
        only_with_auto(self.llm, self.choose)
        only_with_a_name(self.llm, self.fallbacks)
        return self
