"""Which LLM provider a request was given, where it left that to the platform."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

AUTO: Final = "auto"
"""In place of the name of an LLM Provider block: the platform chooses among those there are."""


class Choice(BaseModel):
    """What was chosen, and why. The receipt has the scores of all candidates."""

    model_config = ConfigDict(frozen=True)

    receipt: UUID = Field(description="Its receipt: `neurocortex choices RECEIPT` shows it.")
    provider: str = Field(description="Name of the LLM Provider block.")
    explored: bool = Field(
        description="Whether it was tried to learn about it, though another promised more."
    )
    failed: tuple[str, ...] = Field((), description="Providers that were asked before, in vain.")
    why: str = Field(description="The reason in one sentence.")
