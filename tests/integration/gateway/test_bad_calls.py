"""Calls that are malformed, too large, too slow, forged, or broken off: none does harm."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import psutil
import pytest

from neurocortex.embedded.ports import HOST
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role
from tests.integration.gateway.conftest import RECEIVE_S, Gateway

MEGABYTE = 2**20


@pytest.fixture(autouse=True)
def still_well(gateway: Gateway) -> Iterator[None]:
    """After each of these tests the same process serves others, and logged no traceback."""
    yield
    with gateway.client() as client:
        answer = client.post("/v1/requests", json={"operation": "echo", "text": "well"})
    assert answer.json() == {"text": "well"}
    assert gateway.child.poll() is None
    assert "Traceback" not in gateway.log.read_text()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def connected(gateway: Gateway) -> socket.socket:
    return socket.create_connection((HOST, gateway.port), timeout=10)


def head(gateway: Gateway, length: int, *more: str, path: str = "/v1/requests") -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {HOST}",
        f"Authorization: Bearer {gateway.admin}",
        f"Content-Length: {length}",
        *more,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def everything(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_request"),
        (b"{", "invalid_request"),
        (b"null", "invalid_request"),
        (b"[1, 2]", "invalid_request"),
        (b'{"operation": 5}', "unknown_operation"),
        (b'{"operation": "fly"}', "unknown_operation"),
        (b'{"operation": "echo", "text": 5}', "invalid_request"),
        (b'{"operation": "echo", "txet": "a"}', "invalid_request"),
        (b'{"operation": "echo", "tier": "urgent"}', "invalid_request"),
        (b'{"operation": "echo", "deadline_s": -1}', "invalid_request"),
        (b'{"operation": "echo", "deadline_s": NaN}', "invalid_request"),
        (b'{"operation": "echo", "text": "\xff\xfe"}', "invalid_request"),
        (b'{"operation": "echo", "text": "\\ud800"}', "invalid_request"),
        (b'{"operation": "echo", "text": ' + b"[" * 100_000, "invalid_request"),
        (b'{"operation": "echo", "session": "a b"}', "invalid_request"),
        (b'{"operation": "echo", "text": "a\\u0000b"}', "unrecordable"),
        (b'{"operation": "flowing", "text": "a\\u0000b"}', "unrecordable"),
        (b'{"operation": "echo", "webhook": "https://hooks.example.org"}', "webhook_refused"),
    ],
)
def test_a_bad_body_is_refused_with_its_places(gateway: Gateway, body: bytes, code: str) -> None:
    with gateway.client() as client:
        answer = client.post("/v1/requests", content=body)
    assert refusal(answer) == (400, code)
    assert len(answer.content) < 10_000


def test_a_body_that_says_it_is_too_large_is_not_read(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        connection.sendall(head(gateway, 100 * MEGABYTE))
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer


def test_a_body_that_turns_out_too_large_is_given_up(gateway: Gateway) -> None:
    memory = psutil.Process(gateway.child.pid).memory_info().rss
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * MEGABYTE:
            sent += 65536
            yield b"a" * 65536

    with gateway.client() as client:
        try:
            answer = client.post("/v1/requests", content=pieces())
        except httpx.TransportError:
            pass  # the server closed the connection while we were sending
        else:
            assert refusal(answer) == (413, "body_too_large")
    assert sent < 100 * MEGABYTE
    assert psutil.Process(gateway.child.pid).memory_info().rss - memory < 30 * MEGABYTE


def test_a_body_that_comes_too_slowly_is_given_up(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        connection.sendall(head(gateway, 100) + b"{")
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer


def test_a_batch_that_comes_slowly_keeps_no_other_tenant_waiting(gateway: Gateway) -> None:
    nothing = b"no request"
    with connected(gateway) as slow:
        slow.sendall(head(gateway, 100, path="/v1/batches") + b"x")
        with gateway.client() as same, gateway.client(gateway.stranger) as other:
            began = time.monotonic()
            while refusal(refused := same.post("/v1/batches", content=nothing))[0] != 429:
                assert time.monotonic() < began + 5, refused.text
            assert refusal(refused) == (429, "upload_busy")
            assert refusal(other.post("/v1/batches", content=nothing)) == (400, "empty_batch")


def test_a_head_that_comes_byte_by_byte_is_given_up(gateway: Gateway) -> None:
    began = time.monotonic()
    with connected(gateway) as connection:
        for byte in head(gateway, 0)[:200]:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.02)
        answer = everything(connection)
    assert time.monotonic() - began < RECEIVE_S + 5
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_sends_nothing_is_closed(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        assert everything(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("how", ["many", "one", "endless"])
def test_a_flood_of_headers_is_refused(gateway: Gateway, how: str) -> None:
    flood = {
        "many": "".join(f"X-{number}: a\r\n" for number in range(5000)) + "\r\n",
        "one": "X-Long: " + "a" * 100_000 + "\r\n\r\n",
        "endless": "X-Long: " + "a" * 100_000,
    }[how]
    with connected(gateway) as connection:
        connection.sendall(head(gateway, 0)[:-2] + flood.encode())
        try:
            answer = everything(connection)
        except ConnectionResetError:
            return  # it did not read all that we sent
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_what_is_no_http_is_refused(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer",
        "Basic YTpi",
        "Bearer nc_AAAAAAAA_wrong",
        "Bearer a.b.c",
        "Bearer " + "x" * 20_000,
    ],
)
def test_a_wrong_credential_proves_nothing(gateway: Gateway, credential: str) -> None:
    headers = {"Authorization": credential} if credential else {}
    with gateway.client("") as client:
        answer = client.post("/v1/requests", json={"operation": "echo"}, headers=headers)
    assert refusal(answer)[0] in {401, 429}
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_forged_token_proves_nothing(gateway: Gateway) -> None:
    claims: dict[str, object] = {
        "iss": "https://example.org",
        "sub": "me",
        "role": "admin",
        "tenant": "acme",
    }
    claims |= {"exp": datetime.now(UTC) + timedelta(hours=1)}
    for forged in (
        jwt.encode(claims, "a secret of the attacker, long enough to sign"),
        jwt.encode(claims, "", algorithm="none"),
    ):
        with gateway.client(forged) as client:
            assert refusal(client.get("/v1/tiers"))[0] in {401, 429}


def test_an_expired_key_proves_nothing(gateway: Gateway, gateway_database: str) -> None:
    grant = KeyGrant(
        tenant="acme",
        role=Role.READER,
        scopes=SCOPES[Role.READER],
        name="expired",
        expires_at=datetime.now(UTC) - timedelta(seconds=1),
    )
    with ApiKeys(gateway_database) as keys:
        expired = keys.create(grant).text.get_secret_value()
    with gateway.client(expired) as client:
        assert refusal(client.get("/v1/tiers")) == (401, "unauthenticated")


def test_a_key_may_come_in_its_own_header(gateway: Gateway) -> None:
    with gateway.client("") as client:
        answer = client.get("/v1/tiers", headers={"X-API-Key": gateway.reader})
    assert answer.status_code == 200


def test_addresses_and_methods_that_do_not_exist(gateway: Gateway) -> None:
    with gateway.client() as client:
        assert refusal(client.get("/v1/nothing")) == (404, "no_such_address")
        assert refusal(client.put("/v1/requests")) == (405, "method_not_allowed")
        assert refusal(client.get("/v1/requests/no-id")) == (400, "invalid_request")
        wrong = client.get("/v1/requests/00000000-0000-0000-0000-000000000000?wait=-1")
        assert refusal(wrong) == (400, "invalid_request")
        key = {"Idempotency-Key": "a" * 300}
        long = client.post("/v1/requests", json={"operation": "echo"}, headers=key)
        assert refusal(long) == (400, "invalid_request")


def test_pages_of_other_origins_may_not_call(gateway: Gateway) -> None:
    with gateway.client() as client:
        answer = client.options(
            "/v1/requests",
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        )
    assert "access-control-allow-origin" not in answer.headers


def stopped(gateway: Gateway) -> int:
    """Return how many requests the lane was told to stop working on."""
    with gateway.client() as client:
        answer = client.post("/v1/requests", json={"operation": "slow", "text": "stopped"})
    return int(answer.json()["text"])


@pytest.mark.parametrize("stream", [False, True])
def test_work_ends_when_its_client_goes_away(gateway: Gateway, stream: bool) -> None:
    before = stopped(gateway)
    body = json.dumps({"operation": "slow", "text": "for 20", "stream": stream}).encode()
    with connected(gateway) as connection:
        connection.sendall(head(gateway, len(body)) + body)
        time.sleep(0.3)
    deadline = time.monotonic() + 5
    while stopped(gateway) == before:
        assert time.monotonic() < deadline, "the lane goes on"


@pytest.mark.parametrize("kept", [0, 20, 100, 10_000])
def test_a_client_may_leave_at_any_moment(gateway: Gateway, kept: int) -> None:
    body = b'{"operation": "echo"}'
    with connected(gateway) as connection:
        connection.sendall((head(gateway, len(body)) + body)[:kept])


def test_pipelined_calls_are_answered_in_order(gateway: Gateway) -> None:
    bodies = [f'{{"operation": "echo", "text": "{number}"}}'.encode() for number in range(3)]
    with connected(gateway) as connection:
        last = head(gateway, len(bodies[2]), "Connection: close") + bodies[2]
        first = b"".join(head(gateway, len(body)) + body for body in bodies[:2])
        connection.sendall(first + last)
        answer = everything(connection)
    assert [answer.find(f'"text":"{number}"'.encode()) > 0 for number in range(3)] == [True] * 3
    assert answer.find(b'"0"') < answer.find(b'"1"') < answer.find(b'"2"')
