"""A streamed request that is sent again with its idempotency key is not done again."""

from uuid import uuid4

import httpx

from tests.integration.gateway.conftest import Gateway


def stream(client: httpx.Client, operation: str, text: str, key: str) -> tuple[int, list[str]]:
    body = {"operation": operation, "text": text, "stream": True}
    headers = {"Idempotency-Key": key, "Cache-Control": "no-cache"}
    with client.stream("POST", "/v1/requests", json=body, headers=headers) as answer:
        return answer.status_code, [line for line in answer.iter_lines() if line]


def test_the_second_hears_the_answer_of_the_first(gateway: Gateway) -> None:
    key = uuid4().hex
    with gateway.client() as client:
        _, first = stream(client, "counted", "same", key)
        status, again = stream(client, "counted", "same", key)
    assert (status, again) == (200, first[-2:])
    assert again[0] == "event: result"


def test_another_request_may_not_have_the_same_key(gateway: Gateway) -> None:
    key = uuid4().hex
    with gateway.client() as client:
        stream(client, "echo", "one", key)
        status, _ = stream(client, "echo", "another", key)
    assert status == 422
