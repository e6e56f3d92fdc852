"""gRPC: the same requests, credentials, limits and errors as over HTTP."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from neurocortex.gateway.rpc.protocol import SERVICE, messages, services
from tests.integration.gateway.conftest import Gateway


@contextmanager
def stub(gateway: Gateway) -> Iterator[Any]:
    with grpc.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        yield services.NeuroCortexStub(channel)


def who(key: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {key}"),)


def asked(**request: object) -> Any:
    return messages.SubmitRequest(request=json.dumps(request).encode())


def test_a_request_is_answered(gateway: Gateway) -> None:
    with stub(gateway) as calls:
        answer = calls.Submit(asked(operation="echo", text="hi"), metadata=who(gateway.admin))
    assert json.loads(answer.result) == {"text": "hi"}
    assert (answer.lane, answer.tier) == ("realtime", "high")


def test_a_second_request_is_answered_from_the_cache_unless_it_must_be_fresh(
    gateway: Gateway,
) -> None:
    request = asked(operation="counted", text=uuid4().hex)
    with stub(gateway) as calls:
        uses = [calls.Submit(request, metadata=who(gateway.admin)).cache for _ in range(2)]
        request.fresh = True
        uses.append(calls.Submit(request, metadata=who(gateway.admin)).cache)
    assert uses == ["miss", "hit", "miss"]


def test_parts_come_before_the_result(gateway: Gateway) -> None:
    with stub(gateway) as calls:
        events = list(
            calls.Stream(
                asked(operation="echo", text="a b c", stream=True), metadata=who(gateway.admin)
            )
        )
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds == ["part"] * (len(events) - 1) + ["result"]
    assert "".join(json.loads(event.part)["text"] for event in events[:-1]).strip() == "a b c"
    assert json.loads(events[-1].result) == {"text": "a b c"}


def test_what_was_accepted_is_followed_and_cancelled(gateway: Gateway) -> None:
    slow = asked(operation="slow", text="for 20")
    slow.no_wait = True
    with stub(gateway) as calls:
        accepted = json.loads(calls.Submit(slow, metadata=who(gateway.admin)).request)
        number = accepted["id"]
        began = time.monotonic()
        looked = calls.Get(messages.GetRequest(id=number, wait_s=0.2), metadata=who(gateway.admin))
        assert time.monotonic() - began >= 0.2
        assert json.loads(looked.request)["state"] in ("accepted", "running")

        calls.Cancel(messages.CancelRequest(id=number), metadata=who(gateway.admin))
        ended = calls.Get(messages.GetRequest(id=number, wait_s=10), metadata=who(gateway.admin))
        assert json.loads(ended.request)["state"] == "cancelled"

        with pytest.raises(grpc.RpcError) as refused:
            calls.Get(messages.GetRequest(id=number), metadata=who(gateway.stranger))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"operation": "fly"}, grpc.StatusCode.INVALID_ARGUMENT, "unknown_operation"),
        ({"operation": "echo", "txt": "hi"}, grpc.StatusCode.INVALID_ARGUMENT, "invalid_request"),
        (
            {"operation": "failing", "text": "ours"},
            grpc.StatusCode.NOT_FOUND,
            "collection_not_found",
        ),
    ],
)
def test_errors_have_a_status_and_a_stable_code(
    gateway: Gateway, request_: dict[str, str], status: grpc.StatusCode, code: str
) -> None:
    with stub(gateway) as calls:
        with pytest.raises(grpc.RpcError) as refused:
            calls.Submit(asked(**request_), metadata=who(gateway.admin))
        with pytest.raises(grpc.RpcError) as streamed:
            list(calls.Stream(asked(**request_), metadata=who(gateway.admin)))
    for error in (refused.value, streamed.value):
        assert error.code() is status
        trailer = {each.key: each.value for each in error.trailing_metadata()}
        assert str(trailer["neurocortex-code"]) == code


def test_an_id_that_is_none_is_refused(gateway: Gateway) -> None:
    with stub(gateway) as calls, pytest.raises(grpc.RpcError, match="'7' is no UUID"):
        calls.Get(messages.GetRequest(id="7"), metadata=who(gateway.admin))


@pytest.mark.parametrize("key", ["a\0b", "schlüssel", "x" * 256])
def test_an_idempotency_key_that_http_would_refuse_is_refused(gateway: Gateway, key: str) -> None:
    request = asked(operation="echo", text="hi")
    request.idempotency_key = key
    with stub(gateway) as calls, pytest.raises(grpc.RpcError, match="Idempotency-Key") as refused:
        calls.Submit(request, metadata=who(gateway.admin))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_strangers_are_turned_away_and_readers_may_not_cancel(gateway: Gateway) -> None:
    with stub(gateway) as calls:
        with pytest.raises(grpc.RpcError) as stranger:
            calls.Submit(asked(operation="echo", text="hi"))
        with pytest.raises(grpc.RpcError) as reader:
            calls.Cancel(messages.CancelRequest(id=str(uuid4())), metadata=who(gateway.reader))
    assert stranger.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reader.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_call_that_is_cancelled_ends_and_others_go_on(gateway: Gateway) -> None:
    with stub(gateway) as calls:
        long = calls.Submit.future(
            asked(operation="slow", text="for 20"), metadata=who(gateway.admin)
        )
        time.sleep(0.3)
        long.cancel()
        answer = calls.Submit(asked(operation="echo", text="on"), metadata=who(gateway.admin))
    assert json.loads(answer.result) == {"text": "on"}


def test_a_body_over_the_limit_is_refused(gateway: Gateway) -> None:
    with stub(gateway) as calls, pytest.raises(grpc.RpcError) as refused:
        calls.Submit(asked(operation="echo", text="x" * 2**21), metadata=who(gateway.admin))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_health_and_reflection_need_no_credential(gateway: Gateway) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            status = health.Check(health_pb2.HealthCheckRequest(service=name)).status
            assert status == health_pb2.HealthCheckResponse.SERVING
        assert SERVICE in ProtoReflectionDescriptorDatabase(channel).get_services()
