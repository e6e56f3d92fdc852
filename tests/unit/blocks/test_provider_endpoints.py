"""The LLM Provider block names one endpoint or several of one model."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from blocks.llm_provider import LLMProvider

FIRST = "http://127.0.0.1:8000/v1"
SAME_HOST = "http://127.0.0.1:8001/v1"
ELSEWHERE = "https://api.example.org/v1"


def block(*endpoints: dict[str, Any], **fields: Any) -> LLMProvider:
    return LLMProvider.model_validate(
        {"base_url": FIRST, "model": "small", "endpoints": list(endpoints), **fields}
    )


def keys(provider: LLMProvider) -> list[str | None]:
    return [
        each.api_key.get_secret_value() if each.api_key else None
        for each in provider.connect().endpoints
    ]


def test_a_block_of_one_endpoint_is_as_before() -> None:
    found = LLMProvider(base_url=FIRST, model="small", api_key=SecretStr("key")).connect()
    assert [each.base_url for each in found.endpoints] == [FIRST]
    assert (found.model, found.max_tokens, found.hedge) == ("small", 1024, False)


def test_further_endpoints_are_as_the_first_but_for_what_they_say() -> None:
    found = block(
        {"base_url": SAME_HOST, "model": "small-q4", "weight": 2, "prompt_price": 1.5},
        prompt_price=3,
        completion_price=4,
        timeout_s=7,
        region="eu",
        max_concurrent=3,
    ).connect()
    first, second = found.endpoints
    assert (second.model, second.weight, second.timeout_s) == ("small-q4", 2, 7)
    assert (second.prompt_price, second.completion_price) == (1.5, 4)
    assert (first.region, first.max_concurrent) == ("eu", 3)
    assert (second.region, second.max_concurrent) == (None, None)


def test_the_key_goes_to_no_other_host() -> None:
    both = ({"base_url": SAME_HOST}, {"base_url": ELSEWHERE})
    assert keys(block(*both, api_key="first")) == ["first", "first", None]
    named = block(*both, api_key="first", endpoint_keys={ELSEWHERE: "other"})
    assert keys(named) == ["first", "first", "other"]
    assert "other" not in repr(named)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"endpoint_keys": {ELSEWHERE: "key"}}, "no base URL of a further"),
        ({"endpoints": [{"base_url": "nowhere"}]}, "endpoints.0.base_url"),
        ({"endpoints": [{"base_url": SAME_HOST, "wieght": 2}]}, "wieght"),
        ({"endpoints": [{"base_url": SAME_HOST, "weight": 0}]}, "weight"),
    ],
)
def test_what_is_wrong_is_refused_when_the_block_is_made(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        block(**fields)


def test_names_tell_endpoints_apart_by_key_and_records_have_none() -> None:
    one, other = block(api_key="a").connect(), block(api_key="b").connect()
    assert one.endpoints[0].name != other.endpoints[0].name
    assert one.without_keys() == other.without_keys()
