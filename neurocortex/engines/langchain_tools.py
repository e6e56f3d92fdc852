"""Tools of LangChain on any model: `bind_tools` of `PlatformChatModel`, in its own words.

See `neurocortex.agents.protocol` for what is sent and read, and why.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from neurocortex.agents.protocol import Call, Described, Said, called, instructions, read, told
from neurocortex.domain.chat import Completion

CUT: Final = "length"
"""What a provider says of an answer that reached its limit of tokens."""


def described(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
) -> list[Described]:
    """Return tools as a model is told of them."""
    found = [convert_to_openai_tool(each)["function"] for each in tools]
    return [
        Described(each["name"], each.get("description", ""), each.get("parameters", {}))
        for each in found
    ]


def as_texts(messages: Sequence[BaseMessage], tools: Sequence[Described]) -> list[BaseMessage]:
    """Return a conversation with its calls and their results as texts, the tools told of in
    front."""
    rules = instructions(tools)
    rest = list(messages)
    if rest and isinstance(rest[0], SystemMessage):  # some endpoints take one only
        rules = f"{rest.pop(0).text}\n\n{rules}"
    return [SystemMessage(rules), *map(_as_text, rest)]


def answered(completion: Completion, tools: Sequence[Described]) -> AIMessage:
    """Return what a model wrote: an answer, a call of a tool, or one that is not usable."""
    found = read(completion.text, tools, is_cut=completion.finish_reason == CUT)
    match found:
        case Said(text):
            return AIMessage(text)
        case Call(tool, arguments):
            call = ToolCall(name=tool, args=dict(arguments), id=uuid4().hex)
            return AIMessage("", tool_calls=[call])
    broken = InvalidToolCall(
        type="invalid_tool_call", name=None, args=None, id=uuid4().hex, error=found.reason
    )
    return AIMessage(completion.text, invalid_tool_calls=[broken])


def _as_text(message: BaseMessage) -> BaseMessage:
    match message:
        case AIMessage() if message.tool_calls:
            calls = (Call(each["name"], each["args"]) for each in message.tool_calls)
            return AIMessage("\n".join(map(called, calls)))
        case ToolMessage():
            return HumanMessage(told(message.name or "", message.text))
    return message
