"""How the lines of a batch are read."""

import json

import pytest

from neurocortex.batches.reading import SHOWN, read
from neurocortex.batches.values import ItemFailure, Reading
from neurocortex.domain.deployments import Tier
from neurocortex.errors import BatchTooLargeError, EmptyBatchError
from neurocortex.requests.registry import Registry
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Role, Scope

REGISTRY = Registry.load(
    (
        "flows.pipelines.echo",
        "flows.pipelines.delete",
        "tests.integration.gateway.served.flowing",
    )
)
ECHO = b'{"operation": "echo", "text": "hello"}'
DELETE = b'{"operation": "delete", "collection": "papers", "sources": ["a"]}'


def sender(*scopes: Scope) -> Principal:
    return Principal(
        subject="key",
        tenant="acme",
        role=Role.OPERATOR,
        scopes=frozenset(scopes or Scope),
        ceiling=Tier.HIGH,
        issuer=None,
        expires_at=None,
    )


def reading(body: bytes, *scopes: Scope, most: int = 1000) -> Reading:
    return read(body, REGISTRY, sender(*scopes), most)


def failures(found: Reading) -> dict[int, str]:
    return {each.line: ItemFailure.model_validate_json(each.content).code for each in found.refused}


def test_a_line_is_an_item_with_its_number_and_its_bytes() -> None:
    found = reading(ECHO + b"\r\n\n  \n" + ECHO)
    assert [(item.line, item.operation, item.body) for item in found.items] == [
        (1, "echo", ECHO),
        (4, "echo", ECHO),
    ]
    assert found.estimate_s == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "invalid_request"),
        (b"[]", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b'{"operation": "echo", "texts": 1}', "invalid_request"),
        (b'{"operation": "sing"}', "unknown_operation"),
        (b'{"operation": "flowing"}', "pipeline"),
        (b'{"operation": "echo", "stream": true}', "invalid_request"),
        (b'{"operation": "echo", "session": "mine"}', "invalid_request"),
        (b'{"operation": "echo", "tier": "low"}', "invalid_request"),
    ],
)
def test_a_bad_line_fails_alone(line: bytes, code: str) -> None:
    found = reading(b"\n".join([ECHO, line, ECHO]))
    assert [item.line for item in found.items] == [1, 3]
    assert failures(found) == {2: code}


def test_each_item_needs_the_scope_that_it_would_need_alone() -> None:
    found = reading(ECHO + b"\n" + DELETE, Scope.ANSWERS_READ)
    assert failures(found) == {2: "forbidden"}
    assert not reading(ECHO + b"\n" + DELETE).refused


def test_a_deadline_goes_with_its_item() -> None:
    body = json.dumps({"operation": "echo", "deadline_s": 60}).encode()
    assert reading(body).items[0].deadline_s == 60


def test_a_batch_of_nothing_valid_lists_the_first_reasons() -> None:
    with pytest.raises(EmptyBatchError, match=r"line 1: .*no operation 'sing'") as refused:
        reading(b'{"operation": "sing"}\n' * 500)
    assert len(refused.value.problems) == SHOWN
    assert refused.value.lines == 500
    with pytest.raises(EmptyBatchError, match="it has no line"):
        reading(b" \n\n")


def test_bad_lines_count_as_lines() -> None:
    assert len(reading(ECHO + b"\n{\n" + ECHO, most=3).items) == 2
    with pytest.raises(BatchTooLargeError, match="may have 3 lines"):
        reading(ECHO + b"\n{\n{\n" + ECHO, most=3)
