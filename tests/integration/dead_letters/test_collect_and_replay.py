"""From a run that failed to its letter and its replay, on a real Prefect server."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.worker import EventsWorker
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Crashed, Failed, Pending, Running

from neurocortex.dead_letters import handler
from neurocortex.dead_letters.collect import collect
from neurocortex.dead_letters.handler import EVENT, DeadLetterHandler
from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.dead_letters.replay import Replayer
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.domain.deployments import Tier
from neurocortex.embedded.prefect_api import ApiError, PrefectApi
from neurocortex.errors import NotReplayableError
from neurocortex.realtime.call import Call, Delivery
from neurocortex.realtime.lost import letter_of

SECRET = "hunter2-hunter2"
KEEP = timedelta(days=90)


@flow(name="call-provider")
def call_provider(url: str, api_key: str, retries: int = 3) -> None:
    """Do nothing: its runs are made, never run."""


@dataclass
class Deployed:
    """A deployment of the test's own, and what makes runs of it."""

    client: SyncPrefectClient
    id: UUID
    name: str

    def run(self, *states: State[None]) -> UUID:
        """Return a run that went through these states."""
        made = self.client.create_flow_run_from_deployment(
            self.id,
            parameters={"url": f"https://u:{SECRET}@host/v1", "api_key": SECRET},
            job_variables={"tenant": "acme", "tier": "high"},
            tags=["urgent"],
        )
        for state in states:
            self.client.set_flow_run_state(made.id, state, force=True)
        return made.id

    def failed(self) -> UUID:
        message = f"Flow run encountered an exception: ValueError: {SECRET} is no key"
        return self.run(Pending(), Running(), Failed(message=message))

    def read(self, run: UUID) -> FlowRun:
        return self.client.read_flow_run(run)


@pytest.fixture
def deployed(prefect_api: str) -> Iterator[Deployed]:
    name = f"test-{uuid4().hex}"
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=name, type="neurocortex"))
        made = client.create_deployment(
            client.create_flow(call_provider),
            name,
            work_pool_name=name,
            parameter_openapi_schema={"type": "object", "properties": {}},
            tags=["provider"],
        )
        yield Deployed(client, made, name)
        client._client.delete(f"/work_pools/{name}").raise_for_status()


@pytest.fixture
def replayer(prefect_api: str, letters: DeadLetters) -> Replayer:
    return Replayer(PrefectApi(prefect_api), letters)


def ended(letters: DeadLetters, run: UUID) -> DeadLetter:
    """Tell the handler, as a worker does, that a run has ended for good."""

    async def tell() -> DeadLetter | None:
        async with get_client() as client:
            return await DeadLetterHandler(client, letters, KEEP).run_ended(run)

    letter = asyncio.run(tell())
    assert letter is not None
    return letter


def collected(run: UUID) -> DeadLetter | None:
    async def read() -> DeadLetter | None:
        async with get_client() as client:
            return await collect(client, run)

    return asyncio.run(read())


def test_a_failed_run_becomes_a_letter_without_its_secrets(
    deployed: Deployed, letters: DeadLetters
) -> None:
    run = deployed.failed()
    letter = ended(letters, run)
    assert letters.get(run) == letter
    assert (letter.flow, letter.deployment, letter.deployment_id) == (
        "call-provider",
        deployed.name,
        deployed.id,
    )
    assert (letter.tier, letter.tenant) == ("high", "acme")
    assert (letter.state, letter.error_type) == ("Failed", "ValueError")
    assert letter.attempts == 1
    assert [state.name for state in letter.history] == ["Scheduled", "Pending", "Running", "Failed"]
    assert letter.history[-1].message == letter.message
    assert letter.message.endswith("ValueError: ******** is no key")
    assert json.loads(letter.parameters) == {
        "url": "https://u:********@host/v1",
        "api_key": "********",
    }
    assert SECRET not in letter.model_dump_json()


def test_a_run_that_is_not_dead_has_no_letter(deployed: Deployed) -> None:
    assert collected(deployed.run(Running(), Completed())) is None
    assert collected(deployed.run()) is None
    assert collected(uuid4()) is None


def test_a_run_that_ended_is_told_to_prefect_once(deployed: Deployed, letters: DeadLetters) -> None:
    EventsWorker.drain_all(timeout=5)  # one that a flow of another test began adds that flow
    run = deployed.run(Running(), Crashed(message="killed"))
    ended(letters, run)
    ended(letters, run)
    EventsWorker.drain_all(timeout=5)
    events = told(deployed.client, run)
    assert len(events) == 1
    roles = {each["prefect.resource.role"]: each["prefect.resource.id"] for each in events[0]}
    assert roles["flow-run"] == f"prefect.flow-run.{run}"
    assert roles["deployment"] == f"prefect.deployment.{deployed.id}"
    assert len(letters.list()) == 1


def test_what_nobody_recorded_is_found_later(
    deployed: Deployed, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed, known = deployed.failed(), deployed.failed()
    deployed.run(Running(), Completed())
    ended(letters, known)

    async def catch_up() -> int:
        async with get_client() as client:
            return await DeadLetterHandler(client, letters, KEEP).catch_up([deployed.name])

    assert asyncio.run(catch_up()) == 0  # their worker is about to do it
    monkeypatch.setattr(handler, "LEFT_TO_OTHERS", timedelta(0))
    assert asyncio.run(catch_up()) == 1
    assert letters.get(missed).name == deployed.read(missed).name
    assert asyncio.run(catch_up()) == 0


def told(client: SyncPrefectClient, run: UUID) -> list[list[dict[str, str]]]:
    """Return the related resources of each event about a run, once the server has any."""
    wanted = {
        "filter": {
            "event": {"name": [EVENT]},
            "resource": {"id": [f"neurocortex.dead-letter.{run}"]},
        }
    }
    deadline = time.monotonic() + 20
    while True:
        answer = client._client.post("/events/filter", json=wanted)
        found = [event["related"] for event in answer.json()["events"]]
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_a_replay_has_what_the_run_had(
    deployed: Deployed, letters: DeadLetters, replayer: Replayer
) -> None:
    run = deployed.failed()
    replayed = replayer.replay(ended(letters, run))
    assert replayed.is_new
    old, new = deployed.read(run), deployed.read(replayed.run)
    assert new.id != old.id
    assert new.deployment_id == deployed.id
    assert new.parameters == old.parameters
    assert new.parameters["api_key"] == SECRET
    assert new.job_variables == old.job_variables == {"tenant": "acme", "tier": "high"}
    assert set(new.tags) == set(old.tags) == {"urgent", "provider"}
    assert new.state is not None
    assert new.state.is_scheduled()
    assert letters.get(run).replayed_as == new.id


def test_a_second_replay_starts_nothing_unless_it_is_told_to(
    deployed: Deployed, letters: DeadLetters, replayer: Replayer
) -> None:
    run = deployed.failed()
    first = replayer.replay(ended(letters, run))
    second = replayer.replay(letters.get(run))
    assert (second.run, second.is_new) == (first.run, False)
    third = replayer.replay(letters.get(run), again=True)
    assert third.is_new
    assert third.run != first.run
    assert letters.get(run).replayed_as == third.run


@pytest.mark.parametrize("again", [False, True])
def test_people_who_replay_at_once_start_one_run(
    deployed: Deployed, letters: DeadLetters, replayer: Replayer, again: bool
) -> None:
    letter = ended(letters, deployed.failed())
    if again:
        replayer.replay(letter)
        letter = letters.get(letter.flow_run)
    with ThreadPoolExecutor(4) as people:
        replays = list(people.map(lambda _: replayer.replay(letter, again=again), range(4)))
    assert len({replayed.run for replayed in replays}) == 1
    assert sum(replayed.is_new for replayed in replays) == 1


def test_a_run_that_was_tried_again_in_prefect_is_not_replayed(
    deployed: Deployed, letters: DeadLetters, replayer: Replayer
) -> None:
    letter = ended(letters, deployed.failed())
    deployed.client.set_flow_run_state(letter.flow_run, Completed(), force=True)
    with pytest.raises(NotReplayableError, match="is Completed now"):
        replayer.replay(letter)
    assert replayer.replay(letter, again=True).is_new


def test_what_is_gone_cannot_be_replayed_and_the_error_says_what(
    deployed: Deployed, letters: DeadLetters, replayer: Replayer
) -> None:
    without_run = ended(letters, deployed.failed())
    deployed.client.delete_flow_run(without_run.flow_run)
    with pytest.raises(NotReplayableError, match="deleted it in Prefect"):
        replayer.replay(without_run)
    without_deployment = ended(letters, deployed.failed())
    deployed.client.delete_deployment(deployed.id)
    with pytest.raises(NotReplayableError, match=f"{deployed.name} is gone"):
        replayer.replay(without_deployment)
    assert letters.list(is_replayed=True) == ()


def test_a_server_that_does_not_answer_leaves_the_letter_as_it_is(
    deployed: Deployed, letters: DeadLetters
) -> None:
    letter = ended(letters, deployed.failed())
    with pytest.raises(ApiError):
        Replayer(PrefectApi("http://127.0.0.1:9/api"), letters).replay(letter)
    assert letters.get(letter.flow_run).replayed_as is None


def test_a_request_of_the_lane_is_done_again_by_a_run_with_the_same_request(
    deployed: Deployed, letters: DeadLetters, replayer: Replayer
) -> None:
    letter = of_the_lane({"operation": "echo", "text": "hello"})
    letters.record(letter)
    with suppress(ObjectNotFound):  # other tests on this server may have made one
        left = deployed.client.read_deployment_by_name("replay-request/replay-request")
        deployed.client.delete_deployment(left.id)
    with pytest.raises(NotReplayableError, match="neurocortex deploy"):
        replayer.replay(letter)
    flow = deployed.client.create_flow_from_name("replay-request")
    made = deployed.client.create_deployment(flow, "replay-request", enforce_parameter_schema=False)
    run = deployed.read(replayer.replay(letter).run)
    deployed.client.delete_deployment(made)
    assert run.parameters == {"request": {"operation": "echo", "text": "hello"}}
    assert run.tags == ["tenant:acme"]
    assert letters.get(letter.flow_run).replayed_as == run.id


def test_a_request_that_was_kept_without_its_secret_is_not_done_again(
    letters: DeadLetters, replayer: Replayer
) -> None:
    letter = of_the_lane({"operation": "echo", "api_key": SECRET})
    letters.record(letter)
    with pytest.raises(NotReplayableError, match="without its secrets"):
        replayer.replay(letter)


def of_the_lane(request: dict[str, object]) -> DeadLetter:
    call = Call(uuid4(), "echo", json.dumps(request).encode(), "acme", Tier.HIGH)
    return letter_of(Delivery(call, "client", b"1-0"), ValueError("broken"))
