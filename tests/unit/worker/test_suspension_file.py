"""What a run's process is told of its suspension through the worker's file."""

from pathlib import Path

import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.states import Suspended

from neurocortex.worker.suspensions import SuspensionRequest


def test_nothing_is_asked_while_there_is_no_file(tmp_path: Path) -> None:
    request = SuspensionRequest(tmp_path / "suspended")
    request.raise_if_requested()
    assert not request.is_requested()


def test_the_engine_stops_in_the_state_that_the_worker_wrote(tmp_path: Path) -> None:
    file = tmp_path / "suspended"
    state: State = Suspended(timeout_seconds=60)
    request = SuspensionRequest(file)
    file.write_text(state.model_dump_json())
    with pytest.raises(Pause) as stopped:
        request.raise_if_requested()
    assert stopped.value.state == state


def test_a_suspension_stays_known_when_the_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "suspended"
    file.write_text(Suspended(timeout_seconds=60).model_dump_json())
    request = SuspensionRequest(file)
    assert request.is_requested()
    file.unlink()
    assert request.is_requested()
