"""The description of the API says what the gateway does: found out by random calls."""

import gc
import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, CheckContext, Response, SerializationContext
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.gateway.conftest import Gateway

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Schemathesis leaves sockets to the garbage collector."""


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """Collect the garbage of these tests within them, so that no other is blamed."""
    yield
    gc.collect()


OWN_LIMITS = {"deadline_passed", "budget_spent"}
"""Codes of status 504 where a call allowed itself too little time: it was answered as it asked."""


def no_fault_of_ours(context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Fail for a server error, unless the caller's own limit was met."""
    is_late = response.status_code == HTTPStatus.GATEWAY_TIMEOUT
    if is_late and response.json()["code"] in OWN_LIMITS:
        return None
    return not_a_server_error(context, response, case)


CHECKS = [
    no_fault_of_ours,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def lines(context: SerializationContext, value: object) -> bytes:
    """Write what a batch may look like: one JSON value in each line."""
    values = value if isinstance(value, list) else [value]
    return "\n".join(map(json.dumps, values)).encode()


ENDLESS = "/console/events"


def operations(gateway: Gateway) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    schema = schemathesis.openapi.from_url(f"{gateway.url}/openapi.json")
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path != ENDLESS:
            yield operation


def test_random_calls_are_answered_as_described(gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {gateway.admin}"}
    called = set()
    for operation in operations(gateway):

        @given(case=operation.as_strategy())
        @settings(
            max_examples=15,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Case[Any]) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)
            called.add(case.operation.path)

        call()
    assert {"/v1/requests", "/v1/chat/completions", "/v1/requests/{id}", "/v1/tiers"} <= called


def test_every_operation_and_its_fields_are_described(gateway: Gateway) -> None:
    with gateway.client("") as client:
        document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert {"EchoRequest", "SlowRequest", "FlowingRequest"} <= schemas.keys()
    kinds = schemas["AnyRequest"]["discriminator"]["mapping"]
    assert kinds["echo"] == "#/components/schemas/EchoRequest"
    assert document["paths"]["/v1/requests"]["post"]["responses"].keys() >= {"200", "202", "429"}
    examples = document["paths"]["/v1/requests"]["post"]["requestBody"]["content"]
    assert examples["application/json"]["examples"]["echo"]["value"]["operation"] == "echo"
