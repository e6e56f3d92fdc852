"""How a search may be made better by an LLM, at the price of its time and tokens."""

from typing import Self

from pydantic import Field, model_validator

from neurocortex.domain.choices import AUTO
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.strict import Strict, problem


class Refinement(Strict):
    """What an LLM does before and after a search. Ask for one of the two at least."""

    llm: str = Field(
        DEFAULT_BLOCK, min_length=1, description="Name of the LLM Provider block that does it."
    )
    rewordings: int = Field(
        0, ge=0, le=5, description="Search for so many other wordings of the question, too."
    )
    rerank: bool = Field(
        False, description="Have the LLM grade what was found, and put the best first."
    )

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.rewordings and not self.rerank:
            raise problem((), "nothing to refine: set `rerank`, or `rewordings` above 0")
        if self.llm == AUTO:
            raise problem(("llm",), f"{AUTO!r} chooses who answers, not who refines: name a block")
        return self
