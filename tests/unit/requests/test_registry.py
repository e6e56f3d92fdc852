"""Bytes become one of the known requests, or an error that says what is wrong and where."""

from collections.abc import Callable
from typing import Literal

import pytest
from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    InvalidRequestError,
    PipelineError,
    UnknownOperationError,
    UnrecordableError,
)
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.registry import Registry
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.requests.texts import refuse_nul


class Shout(Request):
    operation: Literal["shout"]
    text: str


class Whisper(Request):
    operation: Literal["whisper"]
    text: str
    times: int = 1


class Said(BaseModel):
    text: str


async def _said(request: Shout | Whisper, steps: Steps) -> Said:
    return Said(text=request.text)


def _pipeline(operation: str, request: type[Request]) -> Pipeline[Request, Said]:
    return Pipeline(
        operation=operation,
        family="nlp",
        summary="Says it.",
        request=request,
        result=Said,
        tier=Tier.HIGH,
        estimate=lambda _: Estimate(seconds=0.001),
        realtime=_said,  # type: ignore[arg-type]
    )


REGISTRY = Registry([_pipeline("shout", Shout), _pipeline("whisper", Whisper)])
ONE = Registry([_pipeline("shout", Shout)])


def test_the_operation_decides_the_fields() -> None:
    asked = REGISTRY.parse('{"operation": "whisper", "text": "hi", "times": 2, "tier": "low"}')
    assert asked == Whisper(operation="whisper", text="hi", times=2, tier=Tier.LOW)


def test_a_registry_of_one_operation_reads_it_too() -> None:
    assert ONE.parse(b'{"operation": "shout", "text": "hi"}') == Shout(operation="shout", text="hi")


def test_an_unknown_operation_is_told_from_a_bad_field() -> None:
    with pytest.raises(UnknownOperationError, match=r"'sing'.*shout, whisper") as caught:
        REGISTRY.parse('{"operation": "sing"}')
    assert caught.value.code == "unknown_operation"
    with pytest.raises(UnknownOperationError, match=r"'sing'.*shout"):
        ONE.parse('{"operation": "sing", "text": "la"}')


def test_every_bad_field_is_named_with_its_place() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        REGISTRY.parse(
            '{"operation": "whisper", "times": "many", "budget": {"tokens": 0}, "text": 1}'
        )
    places = [place for place, _ in caught.value.problems]
    assert sorted(places) == ["budget.tokens", "text", "times"]


@pytest.mark.parametrize("kind", [str, str.encode], ids=["text", "bytes"])
def test_a_text_with_nul_is_refused_with_its_place(kind: Callable[[str], str | bytes]) -> None:
    with pytest.raises(UnrecordableError, match=r"text holds the character U\+0000") as caught:
        REGISTRY.parse(kind('{"operation": "shout", "text": "a\\u0000b"}'))
    assert caught.value.code == "unrecordable"
    escaped = REGISTRY.parse(kind('{"operation": "shout", "text": "a\\\\u0000b"}'))
    assert isinstance(escaped, Shout)
    assert escaped.text == "a\\u0000b"


def test_nul_is_found_at_any_depth() -> None:
    with pytest.raises(UnrecordableError, match=r"a\.1\.b holds"):
        refuse_nul('{"a": [1, {"b": "\\u0000"}]}')
    with pytest.raises(UnrecordableError, match="it holds"):
        refuse_nul('{"\\u0000": 1}')


def test_a_stream_has_no_webhook_beside_it() -> None:
    asked = '{"operation": "shout", "text": "a", "stream": true, "webhook": "https://a.example"}'
    with pytest.raises(InvalidRequestError, match="leave out `webhook`"):
        REGISTRY.parse(asked)


@pytest.mark.parametrize("registry", [REGISTRY, ONE], ids=["two", "one"])
@pytest.mark.parametrize("body", ["", "{", "[]", "null", "1", "{}", b"\xff", '{"operation": 1}'])
def test_what_is_no_request_is_refused(registry: Registry, body: str | bytes) -> None:
    with pytest.raises((InvalidRequestError, UnknownOperationError)):
        registry.parse(body)


def test_a_misspelt_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidRequestError, match="Did you mean 'text'"):
        REGISTRY.parse('{"operation": "shout", "txt": "hi", "text": "hi"}')


def test_two_pipelines_of_one_operation_are_refused() -> None:
    with pytest.raises(PipelineError, match="shout: two pipelines"):
        Registry([_pipeline("shout", Shout), _pipeline("shout", Whisper)])


def test_a_registry_needs_a_pipeline() -> None:
    with pytest.raises(PipelineError, match="names no pipeline"):
        Registry([])


@pytest.mark.parametrize(
    ("module", "reason"),
    [("there.is.none", "cannot be imported"), ("json", "no Pipeline under the name PIPELINE")],
)
def test_a_module_without_a_pipeline_is_named(module: str, reason: str) -> None:
    with pytest.raises(PipelineError, match=reason):
        Registry.load([module])


def test_a_pipeline_needs_a_lane() -> None:
    with pytest.raises(ValueError, match="neither lane"):
        Pipeline(
            operation="none",
            family="nlp",
            summary="",
            request=Shout,
            result=Said,
            tier=Tier.LOW,
            estimate=lambda _: Estimate(seconds=1),
        )
