"""The platform's LLM calls as a chat model of LangChain, with structured output and tools.

https://docs.langchain.com/oss/python/langchain/structured-output
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from pydantic import JsonValue

from neurocortex.agents.protocol import Described, schema
from neurocortex.agents.pursuit import Complete
from neurocortex.domain.chat import ChatMessage
from neurocortex.engines.langchain_tools import answered, as_texts, described

SCHEMA: Final = "schema"
TOOLS: Final = "tools"
"""The names under which a bound schema and bound tools reach the call."""


class PlatformChatModel(BaseChatModel):
    """A model behind a function that calls it: what that charges, hides and refuses holds here."""

    complete: Complete
    name_of_model: str

    @property
    def _llm_type(self) -> str:
        return "neurocortex"

    def with_structured_output(  # type: ignore[override]
        self, schema: Mapping[str, JsonValue], *, include_raw: bool = False
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a runnable that answers with the JSON of a schema; see LangChain.

        Whether it follows the schema is not checked: `neurocortex.language.schemas` does that.
        """
        asked = self.bind(**{SCHEMA: schema})
        parser = JsonOutputParser()
        if not include_raw:
            return asked | parser
        parsed = RunnablePassthrough.assign(
            parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
        )
        broken = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=asked) | parsed.with_fallbacks(
            [broken], exception_key="parsing_error"
        )

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a runnable that answers, or calls one of the tools; see LangChain.

        The model is told of them in words: see `neurocortex.agents.protocol`.

        Raises:
            ValueError: a certain tool was to be called.
        """
        if tool_choice is not None:
            raise ValueError("Which tool is called is the model's choice: leave out tool_choice.")
        return self.bind(**{TOOLS: described(tools)}, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain's interface
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop, None, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - as above
        **kwargs: Any,
    ) -> ChatResult:
        if stop:
            raise ValueError("Stop words are not sent: leave them out.")
        tools: Sequence[Described] = kwargs.get(TOOLS, ())
        if tools:
            asked = [_ours(each) for each in as_texts(messages, tools)]
            completion = await self.complete(asked, schema(tools))
            message = answered(completion, tools)
        else:
            asked = [_ours(each) for each in messages]
            completion = await self.complete(asked, kwargs.get(SCHEMA))
            message = AIMessage(completion.text)
        sent, written = completion.prompt_tokens or 0, completion.completion_tokens or 0
        message.response_metadata = {
            "finish_reason": completion.finish_reason,
            "model_name": completion.model,
        }
        message.usage_metadata = UsageMetadata(
            input_tokens=sent, output_tokens=written, total_tokens=sent + written
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def theirs(message: ChatMessage) -> BaseMessage:
    """Return a message of ours as one of LangChain's."""
    match message.role:
        case "system":
            return SystemMessage(message.content)
        case "user":
            return HumanMessage(message.content)
        case "assistant":
            return AIMessage(message.content)


def _ours(message: BaseMessage) -> ChatMessage:
    match message:
        case SystemMessage():
            return ChatMessage(role="system", content=message.text)
        case AIMessage():
            return ChatMessage(role="assistant", content=message.text)
        case HumanMessage():
            return ChatMessage(role="user", content=message.text)
    raise ValueError(f"A message of type {message.type!r} cannot be sent.")
