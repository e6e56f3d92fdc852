"""What becomes of texts: summaries, classes, and structures read from them."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neurocortex.domain.choices import Choice


class Method(StrEnum):
    """How a result came about."""

    LLM = "llm"
    """A language model wrote it."""
    EXTRACTIVE = "extractive"
    """The text's own sentences, word for word."""
    EXAMPLES = "examples"
    """A classifier that was fitted on the request's examples."""
    SIMILARITY = "similarity"
    """The embeddings of the text and of the labels."""


class Result(BaseModel):
    """A value, and how it came about."""

    model_config = ConfigDict(frozen=True)

    method: Method
    model: str = Field(description="The LLM, or what else did it.")
    note: str | None = Field(None, description="What the reader should know of it.")
    is_fallback: bool = Field(
        False, description="The LLM that was to do it failed. The cache does not keep it."
    )
    choice: Choice | None = Field(
        None, description="Whose LLM did it, and why that one, where the request left it open."
    )


class Summary(Result):
    """A shorter text."""

    text: str
    sources: tuple[str, ...] = Field((), description="Documents it was drawn from.")


class Score(BaseModel):
    """How well a label fits."""

    model_config = ConfigDict(frozen=True)

    label: str
    score: float = Field(ge=0, le=1)


class Classification(Result):
    """The label that fits a text best."""

    label: str
    scores: tuple[Score, ...] = Field(
        description="Of all labels, best first. They add up to 1, and are no calibrated"
        " probabilities."
    )


class Extraction(Result):
    """What was read from a text."""

    data: JsonValue = Field(description="It follows the schema of the request.")
    is_repaired: bool = Field(description="The LLM's first try did not follow the schema.")


class Example(BaseModel):
    """A text whose label is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, max_length=10_000)
    label: str = Field(min_length=1, max_length=200)


class DocumentText(BaseModel):
    """A document as the Lake holds it."""

    model_config = ConfigDict(frozen=True)

    source: str
    title: str
    text: str
