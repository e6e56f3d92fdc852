"""A structure read from a text by an LLM, checked, and asked for again once where it is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from langchain_core.messages import AIMessage
from pydantic import JsonValue, TypeAdapter

from neurocortex.agents.pursuit import Complete
from neurocortex.domain.chat import ChatMessage
from neurocortex.engines.langchain_chat import PlatformChatModel, theirs
from neurocortex.errors import ExtractionError
from neurocortex.language.extraction import messages_again
from neurocortex.language.schemas import Problems, Schema, problems_of

TRIES: Final = 2
"""A model that fails twice would fail again."""

CUT: Final = "length"
"""What a provider says of an answer that reached its limit of tokens."""

_RAW: Final = "raw"
_PARSED: Final = "parsed"
_BROKEN: Final = "parsing_error"
"""What LangChain answers with, where the raw message is included."""

_JSON: Final[TypeAdapter[JsonValue]] = TypeAdapter(JsonValue)


@dataclass(frozen=True, slots=True)
class Extracted:
    """A value that follows its schema."""

    data: JsonValue
    is_repaired: bool
    """The first try did not."""


async def extract(
    messages: Sequence[ChatMessage],
    schema: Schema,
    complete: Complete,
    model: str,
    restore: Callable[[str], str],
) -> Extracted:
    """Return what an LLM reads from a text.

    Args:
        messages: the conversation that asks for it.
        schema: what it must follow; one that was checked.
        complete: calls the model.
        model: its name, for errors.
        restore: what is done to each text in the value: names in place of their placeholders.

    Raises:
        ExtractionError: what it wrote did not follow the schema, twice.
        Exception: what `complete` raised.
    """
    asked = [theirs(each) for each in messages]
    chat = PlatformChatModel(complete=complete, name_of_model=model)
    runnable = chat.with_structured_output(schema, include_raw=True)
    problems: Problems = ()
    for attempt in range(TRIES):
        answer = await runnable.ainvoke(asked)
        written: AIMessage = answer[_RAW]
        problems, data = _checked(answer, written, schema, restore)
        if not problems:
            return Extracted(data, is_repaired=attempt > 0)
        asked += [theirs(each) for each in messages_again(written.text, problems)]
    raise ExtractionError(model, problems)


def _checked(
    answer: dict[str, object], written: AIMessage, schema: Schema, restore: Callable[[str], str]
) -> tuple[Problems, JsonValue]:
    if written.response_metadata.get("finish_reason") == CUT:
        # LangChain's parser closes what is open: half a list would pass for a whole one.
        return [("$", "it was cut where its tokens ended")], None
    if answer[_BROKEN] is not None:
        return [("$", "it is no JSON")], None
    data = _restored(_JSON.validate_python(answer[_PARSED]), restore)
    return problems_of(data, schema), data


def _restored(value: JsonValue, restore: Callable[[str], str]) -> JsonValue:
    """Return a value with each text restored; names of properties are the schema's."""
    if isinstance(value, str):
        return restore(value)
    if isinstance(value, list):
        return [_restored(each, restore) for each in value]
    if isinstance(value, dict):
        return {name: _restored(each, restore) for name, each in value.items()}
    return value
