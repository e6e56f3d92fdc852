"""A pipeline's run: inputs, outputs, the platform's components, what each component did."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from haystack import Document
from haystack.dataclasses import ChatMessage, GeneratedAnswer
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import JsonValue

from neurocortex.domain import chat
from neurocortex.domain.chat import Completion
from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.engines.haystack_pipelines import catalog
from neurocortex.engines.haystack_pipelines.components import CollectionWriter
from neurocortex.engines.haystack_pipelines.platform import IncomingText, Platform, WrittenTexts
from neurocortex.engines.haystack_pipelines.running import run
from neurocortex.engines.haystack_pipelines.values import decoded, encoded
from neurocortex.errors import (
    HaystackComponentError,
    HaystackInputError,
    HaystackUnboundError,
    ProviderMissingError,
)

OURS = "neurocortex.engines.haystack_pipelines.components"
PROMPT = "haystack.components.builders.prompt_builder.PromptBuilder"

ASKING = f"""
summary: Asks.
parameters: {{provider: default, most: 20}}
components:
  prompt:
    type: {PROMPT}
    init_parameters: {{template: 'What of {{{{ thing }}}}?', required_variables: [thing]}}
  llm:
    type: {OURS}.PlatformChatGenerator
    init_parameters: {{provider: $provider, max_tokens: $most}}
connections:
  - {{sender: prompt.prompt, receiver: llm.messages}}
inputs: {{thing: prompt.thing}}
outputs: {{replies: llm.replies}}
"""

ROUTING = """
summary: Splits by length.
components:
  router:
    type: haystack.components.routers.document_length_router.DocumentLengthRouter
    init_parameters: {threshold: 3}
inputs: {documents: router.documents}
outputs: {short: router.short_documents, long: router.long_documents}
"""

BRANCHING = """
summary: Takes one of two ways.
components:
  router:
    type: haystack.components.routers.conditional_router.ConditionalRouter
    init_parameters:
      routes:
        - {condition: '{{ n > 3 }}', output: '{{ n }}', output_name: much, output_type: int}
        - {condition: '{{ n <= 3 }}', output: '{{ n }}', output_name: little, output_type: int}
inputs: {n: router.n}
outputs: {much: router.much, little: router.little}
"""


class Asked:
    """What components asked of the platform."""

    def __init__(self, answer: str | Exception = "Fine.") -> None:
        self.answer = answer
        self.calls: list[tuple[list[chat.ChatMessage], str, int | None]] = []
        self.texts: list[IncomingText] = []

    def platform(self) -> Platform:
        return Platform(self._complete, self._write)

    async def _complete(
        self,
        messages: Sequence[chat.ChatMessage],
        provider: str,
        max_tokens: int | None,
        temperature: float | None,
        fallbacks: Sequence[str],
    ) -> Completion:
        assert (temperature, fallbacks) == (None, ())
        self.calls.append((list(messages), provider, max_tokens))
        if isinstance(self.answer, Exception):
            raise self.answer
        return Completion(text=self.answer, model="m", finish_reason="stop")

    async def _write(self, collection: str, texts: Sequence[IncomingText]) -> WrittenTexts:
        assert collection == "documents"
        self.texts += texts
        return WrittenTexts(len(texts), 0, ())


def ran(
    folder: Path,
    content: str,
    inputs: dict[str, JsonValue],
    asked: Asked | None = None,
    **parameters: JsonValue,
) -> PipelineOutcome:
    (folder / "own.yaml").write_text(content)
    described = catalog.find("own", folder, ())
    return asyncio.run(run(described, parameters, inputs, (asked or Asked()).platform()))


def test_an_llm_is_asked_through_the_platform(tmp_path: Path) -> None:
    asked = Asked()
    outcome = ran(tmp_path, ASKING, {"thing": "tiers"}, asked, provider="other", most=7)
    assert outcome.outputs == {"replies": ["Fine."]}
    ((messages, provider, most),) = asked.calls
    assert [(each.role, each.content) for each in messages] == [("user", "What of tiers?")]
    assert (provider, most) == ("other", 7)
    assert [(each.component, each.type) for each in outcome.components] == [
        ("prompt", "PromptBuilder"),
        ("llm", "PlatformChatGenerator"),
    ]


def test_runs_at_once_do_not_hear_of_each_other(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(ASKING)
    described = catalog.find("own", tmp_path, ())
    both = [Asked("one"), Asked("two")]

    async def main() -> list[PipelineOutcome]:
        return await asyncio.gather(
            *(run(described, {}, {"thing": each.answer}, each.platform()) for each in both)  # type: ignore[dict-item]
        )

    outcomes = asyncio.run(main())
    assert [each.outputs["replies"] for each in outcomes] == [["one"], ["two"]]
    assert [len(each.components) for each in outcomes] == [2, 2]
    assert [len(each.calls) for each in both] == [1, 1]


def test_an_error_of_ours_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ProviderMissingError):
        ran(tmp_path, ASKING, {"thing": "tiers"}, Asked(ProviderMissingError("default")))


def test_an_error_of_others_names_pipeline_and_component(tmp_path: Path) -> None:
    with pytest.raises(HaystackComponentError, match="component llm failed: KeyError: 'x'") as told:
        ran(tmp_path, ASKING, {"thing": "tiers"}, Asked(KeyError("x")))
    assert (told.value.pipeline, told.value.component) == ("own", "llm")


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({}, "its input 'documents' is missing; it takes: documents"),
        ({"documents": [], "top": 1}, "it takes no 'top'; it takes: documents"),
        ({"documents": [3]}, "its input 'documents': Document is needed"),
        ({"documents": [{"content": "x", "meta": 3}]}, "its input 'documents': Document is needed"),
    ],
    ids=["missing", "unknown", "number", "broken"],
)
def test_wrong_inputs_are_told(tmp_path: Path, inputs: dict[str, JsonValue], reason: str) -> None:
    with pytest.raises(HaystackInputError, match=reason):
        ran(tmp_path, ROUTING, inputs)


def test_a_branch_that_is_not_taken_gives_null(tmp_path: Path) -> None:
    assert ran(tmp_path, BRANCHING, {"n": 7}).outputs == {"much": 7, "little": None}


def test_documents_come_out_without_embeddings(tmp_path: Path) -> None:
    given: dict[str, JsonValue] = {"documents": ["ab", {"content": "c", "meta": {"source": "s"}}]}
    outputs = ran(tmp_path, ROUTING, given).outputs
    assert outputs["long"] == []
    short = outputs["short"]
    assert isinstance(short, list)
    assert [each["content"] for each in short if isinstance(each, dict)] == ["ab", "c"]
    assert isinstance(short[1], dict)
    assert short[1]["meta"] == {"source": "s"}
    assert "embedding" not in short[1]


def test_a_mean_input_stays_a_text(tmp_path: Path) -> None:
    """What is given is never read as a template."""
    asked = Asked()
    ran(tmp_path, ASKING, {"thing": "{{ 6 * 7 }}"}, asked)
    assert asked.calls[0][0][0].content == "What of {{ 6 * 7 }}?"


def test_documents_are_brought_into_a_collection(tmp_path: Path) -> None:
    described = catalog.find("indexing", tmp_path, ())
    asked = Asked()
    given: list[JsonValue] = [
        {"content": "Bees   fly.", "meta": {"source": "bees", "title": "Bees"}},
        {"id": "x", "content": "Ants walk."},
        {"content": None},
    ]
    platform = asked.platform()
    outcome = asyncio.run(run(described, {}, {"documents": given}, platform))
    assert outcome.outputs == {"written": 2, "unchanged": 0, "refused": []}
    assert asked.texts == [
        IncomingText("bees", "Bees fly.", "Bees"),
        IncomingText("x", "Ants walk.", None),
    ]


def test_components_of_ours_say_where_they_work() -> None:
    with pytest.raises(HaystackUnboundError, match="the operation `run_pipeline`"):
        CollectionWriter().run([Document(content="x")])


def test_values_go_in_and_out_as_json() -> None:
    assert decoded("x", list[ChatMessage])[0].text == "x"
    assert decoded(None, Document | None) is None
    assert decoded([1], list[int]) == [1]
    with pytest.raises(ValueError, match="int is needed"):
        decoded("x", int)
    answer = GeneratedAnswer("It is.", "Is it?", [Document(content="x", embedding=[1.0])])
    found = encoded(answer)
    assert isinstance(found, dict)
    assert (found["data"], found["query"]) == ("It is.", "Is it?")
    assert encoded(ChatMessage.from_assistant("Yes.")) == "Yes."
    assert encoded({"a": (1, {"b"}, Path("c"))}) == {"a": [1, ["b"], "c"]}
    with pytest.raises(TypeError, match="object has no form in JSON"):
        encoded(object())


def test_components_are_spans_without_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    ran(tmp_path, ASKING, {"thing": "secrets"})
    with pytest.raises(HaystackComponentError):
        ran(tmp_path, ASKING, {"thing": "secrets"}, Asked(KeyError("secrets")))
    spans = exporter.get_finished_spans()
    whole = [each for each in spans if each.name == "haystack.pipeline.run"]
    components = [each for each in spans if each.name == "haystack.component.run"]
    named = [(each.attributes or {})["haystack.component.name"] for each in components]
    assert named == ["prompt", "llm", "prompt", "llm"]
    assert [each.status.is_ok for each in components] == [True, True, True, False]
    assert components[0].parent == whole[0].context
    assert "secrets" not in str(
        [(each.attributes, each.events, each.status.description) for each in spans]
    )
