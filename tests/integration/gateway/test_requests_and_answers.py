"""What programs ask over HTTP, and what they are answered."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest
from redis import Redis

from neurocortex.embedded.redis_server import RedisServer
from tests.integration.gateway.conftest import REDIS_DATABASE, Gateway


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


def ask(client: httpx.Client, operation: str, text: str = "", **headers: str) -> httpx.Response:
    body = {"operation": operation, "text": text}
    return client.post("/v1/requests", json=body, headers=headers)


def test_a_short_request_is_answered_at_once(client: httpx.Client) -> None:
    answer = ask(client, "echo", "hello")
    assert (answer.status_code, answer.json()) == (200, {"text": "hello"})
    assert answer.headers["X-Neurocortex-Route"].startswith("lane=realtime; tier=high; by=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_each_call_has_an_id_of_its_own(client: httpx.Client) -> None:
    ids = {ask(client, "echo").headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3


def test_an_answer_is_computed_once_and_then_comes_from_the_cache(client: httpx.Client) -> None:
    name = uuid4().hex
    first, second = ask(client, "counted", name), ask(client, "counted", name)
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert first.content == second.content


def test_an_answer_that_stands_in_for_a_better_one_is_not_kept(client: httpx.Client) -> None:
    text = f"standing in {uuid4().hex}"
    headers = {"Cache-Control": "no-cache"}
    bodies = [ask(client, "counted", text, **more).content for more in ({}, headers, {}, {})]
    assert len(set(bodies)) == 4


def test_a_client_may_ask_for_a_fresh_answer(client: httpx.Client) -> None:
    name = uuid4().hex
    first = ask(client, "counted", name)
    fresh = ask(client, "counted", name, **{"Cache-Control": "no-cache"})
    assert fresh.headers["X-Cache"] == "miss"
    assert fresh.content != first.content
    assert ask(client, "counted", name).content == fresh.content


def test_how_it_is_served_is_no_part_of_the_question(client: httpx.Client) -> None:
    name = uuid4().hex
    first = ask(client, "counted", name)
    body = {"operation": "counted", "text": name, "tier": "low", "deadline_s": 20}
    assert client.post("/v1/requests", json=body).content == first.content


def test_a_tenant_is_never_answered_from_anothers_cache(
    gateway: Gateway, client: httpx.Client
) -> None:
    name = uuid4().hex
    ours = ask(client, "counted", name)
    with gateway.client(gateway.stranger) as stranger:
        theirs = ask(stranger, "counted", name)
    assert theirs.headers["X-Cache"] == "miss"
    assert theirs.content != ours.content


def test_many_who_ask_at_once_share_one_computation(gateway: Gateway, client: httpx.Client) -> None:
    name = uuid4().hex
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(client, "counted", name).content, range(16)))
    assert len(set(answers)) == 1


def test_a_deadline_ends_the_waiting_of_its_caller_alone(client: httpx.Client) -> None:
    body = {"operation": "counted", "text": f"for 0.8 {uuid4().hex}"}
    with ThreadPoolExecutor(1) as threads:
        hurried = threads.submit(client.post, "/v1/requests", json={**body, "deadline_s": 0.3})
        time.sleep(0.1)  # who comes now shares that computation
        patient = client.post("/v1/requests", json=body)
        late = hurried.result()
    assert (late.status_code, late.json()["code"]) == (504, "deadline_passed")
    assert patient.status_code == 200


def test_parts_come_as_events_and_then_the_result(client: httpx.Client) -> None:
    body = {"operation": "echo", "text": "one two", "stream": True}
    with client.stream("POST", "/v1/requests", json=body) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        events = [line for line in answer.iter_lines() if line]
    assert events == [
        "event: part",
        'data: {"text":"one "}',
        "event: part",
        'data: {"text":"two"}',
        "event: result",
        'data: {"text":"one two"}',
    ]


def test_a_stream_that_fails_ends_with_the_problem(client: httpx.Client) -> None:
    body = {"operation": "failing", "text": "ours", "stream": True}
    with client.stream("POST", "/v1/requests", json=body) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert answer.status_code == 200
    assert lines[:2] == ["event: part", 'data: {"text":"a part"}']
    problem = json.loads(lines[-1].removeprefix("data: "))
    assert (lines[-2], problem["code"]) == ("event: error", "collection_not_found")


def test_errors_are_problems_with_a_stable_code(client: httpx.Client) -> None:
    answer = ask(client, "failing", "ours")
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (404, "collection_not_found")
    assert "papers" in problem["detail"]
    assert problem["type"] == "urn:neurocortex:problem:collection_not_found"


def test_an_error_that_is_not_ours_tells_nothing_of_itself(client: httpx.Client) -> None:
    answer = ask(client, "failing", "bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


def test_a_reader_may_not_change_anything(gateway: Gateway) -> None:
    with gateway.client(gateway.reader) as reader:
        assert ask(reader, "echo").status_code == 200
        refused = ask(reader, "failing")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_a_tier_above_the_role_is_lowered_and_said_so(gateway: Gateway) -> None:
    with gateway.client(gateway.reader) as reader:
        body = {"operation": "echo", "tier": "critical"}
        answer = reader.post("/v1/requests", json=body)
    assert "tier=medium" in answer.headers["X-Neurocortex-Route"]
    assert "ceiling" in answer.headers["X-Neurocortex-Route"]


def test_an_idempotent_request_is_done_once(client: httpx.Client) -> None:
    key = uuid4().hex
    headers = {"Idempotency-Key": f'"{key}"', "Cache-Control": "no-cache"}
    first, again = (ask(client, "counted", "same", **headers) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.content == again.content


def test_the_same_key_with_another_body_is_refused(client: httpx.Client) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    assert ask(client, "echo", "one", **key).status_code == 200
    refused = ask(client, "echo", "two", **key)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_its_tenant(gateway: Gateway, client: httpx.Client) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    assert ask(client, "echo", "one", **key).status_code == 200
    with gateway.client(gateway.stranger) as stranger:
        assert ask(stranger, "echo", "two", **key).json() == {"text": "two"}


def test_a_repeated_request_that_goes_on_is_not_begun_again(gateway: Gateway) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    with gateway.client() as client, ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, client, "slow", "for 1", **key)
        time.sleep(0.3)
        refused = ask(client, "slow", "for 1", **key)
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_use")
        assert first.result().json() == {"text": "done"}
    with gateway.client() as client:
        assert ask(client, "slow", "for 1", **key).json() == {"text": "done"}


def test_a_record_that_cannot_be_read_for_a_moment_cancels_nothing(
    gateway: Gateway, gateway_database: str, redis_server: RedisServer
) -> None:
    key = uuid4().hex
    with (
        Redis.from_url(redis_server.url(REDIS_DATABASE)) as redis,
        psycopg.connect(gateway_database, autocommit=True) as database,
        gateway.client() as client,
        ThreadPoolExecutor(1) as threads,
    ):
        asked = threads.submit(ask, client, "slow", "for 1", **{"Idempotency-Key": key})
        deadline = time.monotonic() + 5
        while (found := redis.get(f"neurocortex:tracking:key:acme:{key}")) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        number = found.split()[0].decode()
        time.sleep(0.1)  # it is recorded, and those who may end it listen
        record = f"neurocortex:tracking:request:{number}"
        kept = redis.getdel(record)
        database.execute("DELETE FROM work.requests WHERE id = %s", [number])
        redis.publish("neurocortex:tracking:changes", number)
        time.sleep(0.2)  # the news was heard
        redis.set(record, kept)
        assert asked.result().json() == {"text": "done"}


def test_who_does_not_wait_gets_an_id_and_asks_later(client: httpx.Client) -> None:
    accepted = ask(client, "slow", "for 0.3", Prefer="respond-async")
    assert accepted.status_code == 202
    place = accepted.headers["Location"]
    assert client.get(place).json()["state"] in {"accepted", "running"}
    ended = client.get(place, params={"wait": 10}).json()
    assert (ended["state"], ended["result"]) == ("completed", {"text": "done"})
    assert {reason["rule"] for reason in ended["reasons"]} >= {"operation"}


def test_a_request_is_followed_by_events_until_its_end(client: httpx.Client) -> None:
    place = ask(client, "slow", "for 0.3", Prefer="respond-async").headers["Location"]
    with client.stream("GET", f"{place}/events") as events:
        data = [line.removeprefix("data: ") for line in events.iter_lines() if "data: " in line]
    states = [json.loads(each)["state"] for each in data]
    assert states[-1] == "completed"
    assert len(states) == len(set(states))


def test_a_request_that_was_accepted_is_cancelled_by_its_id(client: httpx.Client) -> None:
    before = int(ask(client, "slow", "stopped").json()["text"])
    place = ask(client, "slow", "for 20", Prefer="respond-async").headers["Location"]
    assert client.delete(place).status_code == 202
    assert client.get(place, params={"wait": 10}).json()["state"] == "cancelled"
    deadline = time.monotonic() + 5
    while int(ask(client, "slow", "stopped").json()["text"]) == before:
        assert time.monotonic() < deadline, "the lane goes on"


def test_nobody_sees_or_ends_the_requests_of_another_tenant(
    gateway: Gateway, client: httpx.Client
) -> None:
    place = ask(client, "echo", Prefer="respond-async").headers["Location"]
    with gateway.client(gateway.stranger) as stranger:
        for refused in (
            stranger.get(place),
            stranger.delete(place),
            stranger.get(f"{place}/events"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (404, "request_not_found")


def test_a_session_lists_its_requests_and_remembers_for_them(
    gateway: Gateway, client: httpx.Client
) -> None:
    name = uuid4().hex
    body = {"operation": "echo", "session": name}
    ids = [client.post("/v1/requests", json=body).headers["X-Request-Id"] for _ in range(2)]
    assert client.patch(f"/v1/sessions/{name}", json={"language": "French"}).status_code == 200
    session = client.get(f"/v1/sessions/{name}").json()
    assert session == {"name": name, "requests": ids, "context": {"language": "French"}}
    with gateway.client(gateway.stranger) as stranger:
        assert stranger.get(f"/v1/sessions/{name}").json()["requests"] == []


@pytest.mark.parametrize("context", [{"a": "b\0c"}, {"a\0b": "c"}])
def test_a_session_remembers_no_nul(client: httpx.Client, context: dict[str, str]) -> None:
    refused = client.patch(f"/v1/sessions/{uuid4().hex}", json=context)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")


def test_the_tiers_show_queues_and_waits(client: httpx.Client) -> None:
    tiers = client.get("/v1/tiers").json()["tiers"]
    assert [tier["tier"] for tier in tiers] == ["critical", "high", "medium", "low"]
    assert [tier["bound"] for tier in tiers] == [1000, 1000, 5000, 10000]


def test_metrics_count_what_was_served_and_need_their_scope(gateway: Gateway) -> None:
    with gateway.client() as client, gateway.client(gateway.reader) as reader:
        assert reader.get("/metrics").status_code == 403
        ask(client, "echo")
        text = client.get("/metrics").text
    assert 'neurocortex_requests_total{lane="realtime",operation="echo",tier="high"}' in text
    assert 'route="/v1/requests"' in text
    assert "acme" not in text


def test_the_process_says_that_it_is_well_and_ready(gateway: Gateway) -> None:
    with gateway.client("") as nobody:
        assert nobody.get("/healthz").json() == {"status": "ok"}
        assert nobody.get("/readyz").json() == {"status": "ok", "away": {}}
