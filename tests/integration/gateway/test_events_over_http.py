"""Events: published over HTTP, handled in the gateway, for the tenant of who published them."""

import asyncio
import json
from uuid import uuid4

from redis.asyncio import Redis

from neurocortex.embedded.redis_server import RedisServer
from neurocortex.settings import StreamSettings
from neurocortex.stream.stream import EventStream, SetAside
from tests.integration.gateway.conftest import REDIS_DATABASE, Gateway, until
from tests.integration.gateway.served import hearing


def _note(text: str, **more: object) -> dict[str, object]:
    return {"source": "notes", "type": "note.written", "data": text, **more}


def _aside(redis_server: RedisServer) -> list[SetAside]:
    async def read() -> list[SetAside]:
        async with Redis.from_url(redis_server.url(REDIS_DATABASE)) as redis:
            return [each async for each in EventStream(redis, StreamSettings()).aside()]

    return asyncio.run(read())


def test_a_handler_has_a_request_served_for_the_publishers_tenant(gateway: Gateway) -> None:
    text = uuid4().hex
    with gateway.client() as client:
        told = client.post("/v1/events", json=_note(text, tenant="other"))
    assert told.status_code == 202
    assert told.json()["tenant"] == "acme"  # of the credential, whatever the body says

    heard = gateway.log.with_name(hearing.FILE)
    answer = {"text": text}
    until(lambda: heard.is_file() and text in heard.read_text(), gateway.log)
    (line,) = [line for line in heard.read_text().splitlines() if text in line]
    assert json.loads(line) == ["acme", answer, answer]  # submitted again it is one request


def test_a_request_of_an_event_that_failed_is_done_anew(gateway: Gateway) -> None:
    text = f"once {uuid4().hex}"
    with gateway.client() as client:
        told = client.post("/v1/events", json={**_note(text), "type": "note.retried"})
    assert told.status_code == 202
    heard = gateway.log.with_name(hearing.FILE)
    until(lambda: heard.is_file() and text in heard.read_text(), gateway.log)
    assert json.dumps(["acme", {"text": text}]) in heard.read_text()


def test_an_event_without_a_handler_is_kept(gateway: Gateway, redis_server: RedisServer) -> None:
    kind = f"nobody.knows.{uuid4().hex}"
    with gateway.client() as client:
        assert client.post("/v1/events", json=_note("", type=kind)).status_code == 202
    until(lambda: any(kept.event.type == kind for kept in _aside(redis_server)), gateway.log)


def test_what_is_no_event_is_refused_and_readers_may_publish_none(gateway: Gateway) -> None:
    with gateway.client() as client:
        bad = client.post("/v1/events", json={"type": "note.written"})
        large = client.post("/v1/events", json=_note("x" * 300_000))
    with gateway.client(gateway.reader) as client:
        reader = client.post("/v1/events", json=_note(""))
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_event")
    assert "source" in bad.json()["detail"]
    assert large.status_code == 413
    assert (reader.status_code, reader.json()["code"]) == (403, "forbidden")
