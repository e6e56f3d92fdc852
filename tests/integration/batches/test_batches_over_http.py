"""Batches as programs send them, and what they are answered."""

import json
from collections import Counter
from uuid import UUID

import httpx
from prefect.states import AwaitingRetry, Cancelled

from neurocortex.batches.values import item_id
from neurocortex.experiments.outcomes import ended
from neurocortex.experiments.plan import ExperimentSpec
from neurocortex.experiments.store import ExperimentTable
from tests.integration.batches.conftest import (
    MAX_ITEMS,
    Platform,
    lines,
    look,
    results,
    send,
    until,
)
from tests.integration.gateway.served.flowing import FlowingRequest

ECHO = {"operation": "echo", "text": "x"}


def test_a_batch_is_done_by_one_flow_run_and_bad_lines_fail_alone(
    platform: Platform, client: httpx.Client
) -> None:
    items = [json.dumps({"operation": "echo", "text": f"text {line}"}) for line in range(1, 201)]
    items[9] = "{no json"
    items[49] = json.dumps({"operation": "sing"})
    items[199] = json.dumps({"operation": "echo", "text": "x", "tier": "critical"})
    sent = send(client, "\n".join(items).encode())
    assert (sent["state"], sent["total"], sent["completed"], sent["failed"]) == (
        *("accepted", 200, 0),
        3,
    )
    assert sent["flow_run_url"].endswith(f"/runs/flow-run/{sent['flow_run']}")
    assert [line["line"] for line in results(client, sent["id"])] == [10, 50, 200]
    platform.run(sent["flow_run"])
    ended = look(client, sent["id"], 30)
    assert (ended["state"], ended["completed"], ended["failed"]) == ("completed", 197, 3)
    found = results(client, sent["id"])
    assert [line["line"] for line in found] == list(range(1, 201))
    number = str(item_id(UUID(sent["id"]), 1))
    done = {"state": "completed", "result": {"text": "text 1"}}
    assert found[0] == {"line": 1, "request_id": number, **done}
    codes = {line["line"]: line["error"]["code"] for line in found if line["state"] == "failed"}
    assert codes == {10: "invalid_request", 50: "unknown_operation", 200: "invalid_request"}


def test_each_item_fails_or_succeeds_by_itself(platform: Platform, client: httpx.Client) -> None:
    body = lines(
        {"operation": "failing", "text": "ours"},
        {"operation": "failing", "text": "bug"},
        {"operation": "failing", "text": "well"},
        FlowingRequest().model_dump(exclude_defaults=True) | {"operation": "flowing"},
        {"operation": "noting", "text": "late", "deadline_s": 0.001},
    )
    sent = send(client, body)
    platform.run(sent["flow_run"])
    assert look(client, sent["id"], 30)["state"] == "completed"
    ours, bug, well, flowing, late = results(client, sent["id"])
    assert ours["error"]["code"] == "collection_not_found"
    assert bug["error"]["code"] == "internal"
    assert "secret" not in bug["error"]["message"]
    assert well["result"] == {"text": "well"}
    assert "ask for it alone" in flowing["error"]["message"]
    assert late["error"]["code"] == "deadline_passed"
    assert platform.noted() == []


def test_other_tenants_see_no_batch_and_readers_send_none(
    platform: Platform, client: httpx.Client
) -> None:
    sent = send(client, lines(ECHO))
    place = f"/v1/batches/{sent['id']}"
    with platform.gateway.client(platform.gateway.stranger) as stranger:
        answers = [stranger.get(place), stranger.get(f"{place}/results"), stranger.delete(place)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (404, "batch_not_found")
    ] * 3
    assert not look(client, sent["id"])["cancelling"]
    with platform.gateway.client(platform.gateway.reader) as reader:
        assert reader.post("/v1/batches", content=lines(ECHO)).status_code == 403
        assert reader.get(place).status_code == 200


def test_a_batch_of_nothing_valid_or_of_too_much_is_refused(client: httpx.Client) -> None:
    nothing = client.post("/v1/batches", content=b'{"operation": "sing"}\n\nno json\n')
    assert (nothing.status_code, nothing.json()["code"]) == (400, "empty_batch")
    assert [each["place"] for each in nothing.json()["problems"]] == ["line 1", "line 3"]
    assert client.post("/v1/batches", content=b"").json()["code"] == "empty_batch"
    large = client.post("/v1/batches", content=lines(ECHO) * (MAX_ITEMS + 1))
    assert (large.status_code, large.json()["code"]) == (400, "batch_too_large")
    urgent = client.post("/v1/batches", params={"tier": "high"}, content=lines(ECHO))
    assert urgent.json()["code"] == "invalid_request"


def test_sending_a_batch_again_with_its_key_starts_no_second_one(client: httpx.Client) -> None:
    key = "a-batch-of-tuesday"
    first, second = (send(client, lines(ECHO), key) for _ in range(2))
    assert first["id"] == second["id"]
    other = client.post("/v1/batches", content=lines(ECHO, ECHO), headers={"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    refused = client.post("/v1/batches", content=b"x", headers={"Idempotency-Key": "again"})
    assert refused.status_code == 400
    send(client, lines(ECHO), "again")


def test_when_its_process_ends_a_cancelled_batch_keeps_what_was_done_and_a_lost_one_goes_on(
    platform: Platform, client: httpx.Client
) -> None:
    cancelled, lost = (send(client, noting(name, MAX_ITEMS)) for name in ("cancelled", "lost"))
    with platform.running(cancelled["flow_run"], lost["flow_run"]) as child:
        for batch in (cancelled, lost):
            until_some_are_done(client, batch["id"])
        assert client.delete(f"/v1/batches/{cancelled['id']}").json()["cancelling"]
        until(lambda: state_of(platform, cancelled["flow_run"]) == "Cancelling", "Prefect is told")
        child.kill()  # as a worker does to one, and a machine that fails to the other
        child.wait()
    done = {line["result"]["text"] for line in results(client, lost["id"])}
    assert 0 < len(done) < MAX_ITEMS

    platform.client.set_flow_run_state(cancelled["flow_run"], Cancelled(), force=True)
    ended = look(client, cancelled["id"], 30)
    assert ended["state"] == "cancelled"
    assert 0 < ended["completed"] < MAX_ITEMS
    assert len(results(client, cancelled["id"])) == ended["completed"]

    platform.client.set_flow_run_state(lost["flow_run"], AwaitingRetry(), force=True)
    platform.run(lost["flow_run"])
    ended = look(client, lost["id"], 30)
    assert (ended["state"], ended["completed"]) == ("completed", MAX_ITEMS)
    noted = [text for text in platform.noted() if text.startswith("lost")]
    assert set(noted) == {f"lost {number}" for number in range(MAX_ITEMS)}
    assert [text for text in done if noted.count(text) > 1] == []


def test_items_take_part_in_experiments_and_feedback_finds_them(
    platform: Platform, client: httpx.Client, gateway_database: str
) -> None:
    spec = ExperimentSpec.model_validate(
        {
            "name": "of-batches",
            "operation": "failing",
            "variants": [
                {"name": "usual", "set": {"text": "fine"}},
                {"name": "broken", "set": {"text": "ours"}},
            ],
        }
    )
    experiment = platform.experiments(lambda each: each.begin(spec))
    try:
        sent = send(client, lines(*[{"operation": "failing", "text": "as asked"}] * 20, ECHO))
        platform.run(sent["flow_run"])
        look(client, sent["id"], 30)
        *varied, echoed = results(client, sent["id"])
        fine = [line for line in varied if line["state"] == "completed"]
        assert 0 < len(fine) < len(varied)
        assert {line["result"]["text"] for line in fine} == {"fine"}
        assert echoed["result"] == {"text": "x"}
        said = {"request_id": fine[0]["request_id"], "score": 1.0}
        assert client.post("/v1/feedback", json=said).json()["counted"] is True
    finally:
        platform.experiments(lambda each: each.stop(spec.name))
    with ExperimentTable(gateway_database) as table, table.transaction() as connection:
        counted = ended(connection, experiment.id)
    outcomes = Counter((each.variant, each.failed) for each in counted)
    assert outcomes == {("usual", False): len(fine), ("broken", True): len(varied) - len(fine)}
    assert all(each.seconds is not None and each.cost == 0.0 for each in counted if not each.failed)


def noting(name: str, count: int) -> bytes:
    """Return items of 0.2 s."""
    return lines(
        *(
            {"operation": "noting", "text": f"{name} {number}", "seconds": 0.2}
            for number in range(count)
        )
    )


def until_some_are_done(client: httpx.Client, batch: str) -> None:
    until(lambda: bool(look(client, batch)["completed"]), "some items are done")


def state_of(platform: Platform, run: str) -> str | None:
    return platform.client.read_flow_run(UUID(run)).state_name
