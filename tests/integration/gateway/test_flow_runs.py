"""Requests that become flow runs: accepted, followed, cancelled, and answered once."""

import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Failed, Running

from tests.integration.gateway.conftest import Gateway

PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def prefect(prefect_server: str) -> Iterator[SyncPrefectClient]:
    """A client of Prefect, where the deployment of the operation `flowing` is."""
    with (
        temporary_settings({PREFECT_API_URL: prefect_server}),
        get_client(sync_client=True) as client,
    ):
        flow = client.create_flow_from_name("gateway-test")
        client.create_deployment(flow_id=flow, name="one")
        yield client


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    body = {"operation": "flowing", "text": "hello"}
    return client.post("/v1/requests", json=body, headers=headers)


def look(client: httpx.Client, place: str, is_so: Callable[[dict[str, object]], bool]) -> UUID:
    """Wait until a request looks so, and return its flow run."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so(found := client.get(place).json()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return UUID(found["flow_run"])


def test_it_is_accepted_becomes_a_flow_run_and_tells_how_that_ended(
    client: httpx.Client, prefect: SyncPrefectClient
) -> None:
    accepted = ask(client)
    assert accepted.status_code == 202
    assert accepted.json()["state"] == "accepted"
    assert "lane=standard" in accepted.headers["X-Neurocortex-Route"]
    place = accepted.headers["Location"]
    run = look(client, place, lambda found: found["flow_run"] is not None)
    started = prefect.read_flow_run(run)
    assert started.parameters == {"text": "hello"}
    assert f"/runs/flow-run/{run}" in client.get(place).json()["flow_run_url"]
    prefect.set_flow_run_state(run, Running(), force=True)
    look(client, place, lambda found: found["state"] == "running")
    prefect.set_flow_run_state(run, Failed(message="the disk is full"), force=True)
    ended = client.get(place, params={"wait": 20}).json()
    assert ended["state"] == "failed"
    assert ended["error"] == {"code": "flow_failed", "message": "the disk is full"}


def test_it_is_cancelled_with_its_flow_run(
    client: httpx.Client, prefect: SyncPrefectClient
) -> None:
    place = ask(client).headers["Location"]
    run = look(client, place, lambda found: found["flow_run"] is not None)
    asked = client.delete(place)
    assert (asked.status_code, asked.json()["cancelling"]) == (202, True)
    assert client.get(place, params={"wait": 20}).json()["state"] == "cancelled"
    state = prefect.read_flow_run(run).state
    assert state is not None
    assert state.is_cancelled()


def test_a_repeated_request_is_the_first_one(client: httpx.Client) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first, again = ask(client, **key), ask(client, **key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["Location"] == again.headers["Location"]
