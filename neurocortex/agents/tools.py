"""The tools an agent may have: what each takes, and how a model reads what it returns."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from neurocortex.agents.protocol import Schema
from neurocortex.domain.answers import Passage

PASSAGE_CHARS: Final = 1200
"""Of a passage that a model reads: all of the usual 200 words."""

MAX_FIELDS: Final = 20
MAX_ROWS: Final = 20
MAX_CHARS: Final = 20_000


class ToolName(StrEnum):
    """What an agent may be given."""

    SEARCH = "search"
    CALCULATE = "calculate"
    EXTRACT = "extract"
    PREDICT = "predict"


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SearchArguments(_Arguments):
    """Find passages."""

    query: str = Field(min_length=1, max_length=1000, description="A question, or words.")


class CalculateArguments(_Arguments):
    """Calculate."""

    expression: str = Field(min_length=1, description="Such as round((3 + 4) * 2 ^ 0.5, 2).")


class ExtractArguments(_Arguments):
    """Read values from a text."""

    text: str = Field(min_length=1, max_length=MAX_CHARS, description="What they are read from.")
    fields: tuple[Annotated[str, StringConstraints(min_length=1, max_length=100)], ...] = Field(
        min_length=1, max_length=MAX_FIELDS, description="Names of what is wanted."
    )


class PredictArguments(_Arguments):
    """Ask a model of the Forge."""

    model: str = Field(min_length=1, description="Its name.")
    rows: tuple[Mapping[str, float | int | str | bool | None], ...] = Field(
        min_length=1, max_length=MAX_ROWS, description="A value for each feature, null if unknown."
    )


ArgumentsT = TypeVar("ArgumentsT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tool(Generic[ArgumentsT]):
    """A tool: its arguments are checked before it is used."""

    name: ToolName
    description: str
    arguments: type[ArgumentsT]
    use: Callable[[ArgumentsT], Awaitable[str]]
    """Returns what the model reads. A NeuroCortexError is read by the model, too."""


def shown_passages(passages: Sequence[Passage]) -> str:
    """Return passages as a model reads them: numbered, with their sources."""
    if not passages:
        return "Nothing was found."
    return "\n\n".join(
        f"[{number}] {each.title} ({each.source})\n{each.text[:PASSAGE_CHARS]}"
        for number, each in enumerate(passages, start=1)
    )


def schema_of(fields: Sequence[str]) -> dict[str, JsonValue]:
    """Return the JSON Schema of an object with these fields, each null where the text has none."""
    kinds: JsonValue = ["string", "number", "boolean", "array", "null"]
    return {
        "type": "object",
        "properties": {name: {"type": kinds} for name in fields},
        "required": list(fields),
        "additionalProperties": False,
    }


def as_schema(arguments: type[BaseModel]) -> Schema:
    """Return the JSON Schema of a tool's arguments, without what only people read."""
    found = arguments.model_json_schema()
    return {key: value for key, value in found.items() if key not in ("title", "description")}
