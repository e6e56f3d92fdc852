"""What a run sees and can do: started through the API, in a warm process of the worker's."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.states import Suspended

from neurocortex.worker.serving import WORKER_NAME

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

POOL: Final = "main"

PULLED: Final = """
from prefect import flow

@flow(persist_result=True)
def tell():
    return "pulled"
"""


@pytest.fixture(autouse=True)
def _served(main: "Worker") -> None:
    """The pool has a worker."""


@pytest.fixture(scope="module")
def first(platform: "Platform", main: "Worker", tmp_path_factory: pytest.TempPathFactory) -> UUID:
    """A run, of which the last test looks at what arrives late."""
    return platform.start(platform.deploy("look", POOL), trace=tmp_path_factory.mktemp("first"))


def test_a_run_completes_with_its_logs_in_prefect(platform: "Platform", first: UUID) -> None:
    platform.reaches(first, "Completed")
    assert platform.past(first) == ["Scheduled", "Pending", "Running", "Completed"]
    platform.until(lambda: "I look around." in platform.logs(first), "its logs arrive")


def test_its_folder_and_environment_are_its_own(platform: "Platform", tmp_path: Path) -> None:
    deployed = platform.deploy("look", POOL, env={"MINE": "deployments", "OTHER": "kept"})
    run = platform.client.create_flow_run_from_deployment(
        deployed,
        parameters={"trace": str(tmp_path)},
        job_variables={"env": {"MINE": "runs"}},
    ).id
    platform.reaches(run, "Completed")
    seen = json.loads((tmp_path / "seen").read_text())
    environment = seen["environment"]
    assert (environment["MINE"], environment["OTHER"]) == ("runs", "kept")
    assert environment["PREFECT__FLOW_RUN_ID"] == str(run)
    folder = Path(seen["folder"])
    assert folder.parent == platform.folder / "home" / "tmp"
    platform.until(lambda: not folder.exists(), "it is removed afterwards")

    next_run = platform.start(platform.deploy("look", POOL), trace=tmp_path)
    platform.reaches(next_run, "Completed")
    seen = json.loads((tmp_path / "seen").read_text())
    assert "MINE" not in seen["environment"]
    assert seen["folder"] != str(folder)


def test_it_runs_where_it_is_told_to(platform: "Platform", tmp_path: Path) -> None:
    (own := tmp_path / "own").mkdir()
    deployed = platform.deploy("look", POOL, working_dir=str(own))
    platform.reaches(platform.start(deployed, trace=tmp_path), "Completed")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["folder"] == seen["first_import"] == str(own)
    assert own.is_dir(), "it is not ours to remove"


def test_a_flow_file_is_found_where_a_pull_step_leads(platform: "Platform", tmp_path: Path) -> None:
    (tmp_path / "pulled.py").write_text(PULLED)
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(tmp_path)}}
    deployed = platform.deploy("tell", POOL, entrypoint="pulled.py:tell", pull=[step])
    assert platform.result(platform.start(deployed)) == "pulled"


def test_a_command_of_its_own_runs_in_place_of_a_warm_process(
    platform: "Platform", tmp_path: Path
) -> None:
    command = f"env STARTED=coldly {sys.executable} -m prefect.engine"
    deployed = platform.deploy("look", POOL, command=command)
    platform.reaches(platform.start(deployed, trace=tmp_path), "Completed")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["environment"]["STARTED"] == "coldly"
    assert "neurocortex.worker.zygote" not in seen["modules"]


def test_parameters_go_in_and_a_result_comes_out(platform: "Platform") -> None:
    run = platform.start(platform.deploy("add", POOL), numbers=[1, 2, 3])
    assert platform.result(run) == 12


def test_a_flow_calls_flows_within_its_process(platform: "Platform") -> None:
    run = platform.start(platform.deploy("parent", POOL), numbers=[1, 2])
    platform.reaches(run, "Completed")
    parent = FlowRunFilterParentFlowRunId(any_=[run])
    children = platform.client.read_flow_runs(
        flow_run_filter=FlowRunFilter(parent_flow_run_id=parent)
    )
    assert [child.state_name for child in children] == ["Completed"] * 2


def test_its_tasks_and_its_flows_are_its_tenants(platform: "Platform") -> None:
    deployed = platform.deploy("whose", POOL, tenant="umbrella")
    by_variable, by_tag = platform.start(deployed), platform.start(deployed, tags=["tenant:acme"])
    assert platform.result(by_variable) == ["umbrella"] * 2
    assert platform.result(by_tag) == ["acme"] * 2


def test_a_failed_try_is_repeated_in_the_same_process(platform: "Platform", tmp_path: Path) -> None:
    run = platform.start(platform.deploy("retry_soon", POOL), trace=tmp_path)
    platform.reaches(run, "Completed")
    assert len({(tmp_path / f"try-{number}").read_text() for number in (1, 2, 3)}) == 1


def test_a_paused_run_goes_on_in_its_process_once_resumed(
    platform: "Platform", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("pause", POOL), trace=tmp_path)
    platform.reaches(run, "Paused")
    first = (tmp_path / f"{run}.pid").read_text()
    platform.client.resume_flow_run(run)
    platform.reaches(run, "Completed")
    assert (tmp_path / f"{run}.pid").read_text() == first


def test_a_suspended_run_ends_its_process_and_goes_on_in_another(
    platform: "Platform", main: "Worker", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("suspend", POOL), trace=tmp_path)
    platform.reaches(run, "Suspended")
    first = (tmp_path / f"{run}.pid").read_text()
    platform.until(lambda: run not in main.holds(), "its slot is free")
    platform.client.resume_flow_run(run)
    platform.reaches(run, "Completed")
    assert (tmp_path / f"{run}.pid").read_text() != first


@pytest.mark.parametrize("flow", ["step", "step_async"])
def test_a_run_that_somebody_suspends_stops_at_its_next_task(
    platform: "Platform", main: "Worker", tmp_path: Path, flow: str
) -> None:
    run = platform.start(platform.deploy(flow, POOL), trace=tmp_path)
    platform.until(lambda: (tmp_path / f"{run}.began").exists(), "it takes steps")
    platform.client.set_flow_run_state(run, Suspended(timeout_seconds=120))
    platform.until(lambda: run not in main.holds(), "its slot is free")
    assert platform.past(run) == ["Scheduled", "Pending", "Running", "Suspended"]
    assert not (tmp_path / f"{run}.ended").exists()
    (tmp_path / "open").touch()
    platform.client.resume_flow_run(run)
    platform.reaches(run, "Completed")


def test_a_run_has_its_workers_label_and_the_events_of_prefects_workers(
    platform: "Platform", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("step", POOL), trace=tmp_path)
    labels = {
        "prefect.worker.name": WORKER_NAME,
        "prefect.worker.type": "neurocortex",
        "prefect.work-pool.name": POOL,
    }
    platform.until(lambda: labels.items() <= platform.run(run).labels.items(), "its labels")
    platform.until(lambda: platform.run(run).infrastructure_pid, "its process is known")
    (tmp_path / "open").touch()
    told = {"prefect.worker.submitted-flow-run", "prefect.worker.executed-flow-run"}
    platform.until(lambda: platform.events(run) == told, "the worker's events arrive")
