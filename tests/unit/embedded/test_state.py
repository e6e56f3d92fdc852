import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from neurocortex.embedded import state
from neurocortex.embedded.leftovers import end_leftovers
from neurocortex.embedded.state import Ports, ProcessRecord, ServiceRecord, State

SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing for a minute."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", SLEEPER]) as child:
        yield child
        child.kill()


def state_of(*services: ServiceRecord, supervisor: ProcessRecord) -> State:
    return State(
        phase="ready",
        supervisor=supervisor,
        started_at=1.0,
        api_url="http://127.0.0.1:4200/api",
        services=services,
    )


def service(record: ProcessRecord) -> ServiceRecord:
    return ServiceRecord(
        pid=record.pid,
        created=record.created,
        name="redis",
        port=63790,
        address="redis://127.0.0.1:63790",
        started_at=1.0,
    )


def test_a_process_is_found_again_by_its_record(sleeper: subprocess.Popen[bytes]) -> None:
    record = ProcessRecord.of(sleeper.pid)
    found = record.process()
    assert found is not None
    assert found.pid == sleeper.pid


def test_an_ended_process_is_not_found(sleeper: subprocess.Popen[bytes]) -> None:
    record = ProcessRecord.of(sleeper.pid)
    sleeper.kill()
    assert not _eventually_found(record)  # a zombie until it is waited for
    sleeper.wait()
    assert record.process() is None


def test_a_later_process_with_the_same_pid_is_not_taken_for_it(
    sleeper: subprocess.Popen[bytes],
) -> None:
    record = ProcessRecord.of(sleeper.pid)
    earlier = record.model_copy(update={"created": record.created - 60})
    assert earlier.process() is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = state_of(service(ProcessRecord(pid=1, created=2.0)), supervisor=_ourselves())
    state.write(tmp_path, written)
    assert state.read(tmp_path) == written
    assert state.read_live(tmp_path) == written
    assert written.port_of("redis") == 63790
    assert written.port_of("postgres") is None
    assert written.ui_url == "http://127.0.0.1:4200"


def test_a_state_whose_supervisor_is_gone_is_not_live(tmp_path: Path) -> None:
    gone = _ourselves().model_copy(update={"created": 0.0})
    state.write(tmp_path, state_of(supervisor=gone))
    assert state.read_live(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"phase": "ready"}', "\x00\x01"])
def test_a_damaged_state_file_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / state.FILE).write_text(content)
    assert state.read(tmp_path) is None
    assert end_leftovers(tmp_path, timeout_s=0) == []


def test_ports_are_remembered(tmp_path: Path) -> None:
    assert state.read_ports(tmp_path) == Ports()
    state.write_ports(tmp_path, Ports(redis=63790))
    assert state.read_ports(tmp_path) == Ports(redis=63790)


def test_one_supervisor_holds_the_lock_at_a_time(tmp_path: Path) -> None:
    with state.sole_supervisor(tmp_path) as first, state.sole_supervisor(tmp_path) as second:
        assert (first, second) == (True, False)
    with state.sole_supervisor(tmp_path) as third:
        assert third


def test_a_left_over_service_is_ended(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurocortex.embedded.leftovers.SETTLE_S", 0.1)
    gone = _ourselves().model_copy(update={"created": 0.0})
    state.write(tmp_path, state_of(service(ProcessRecord.of(sleeper.pid)), supervisor=gone))
    assert end_leftovers(tmp_path, timeout_s=5) == ["redis"]
    assert not psutil.pid_exists(sleeper.pid)
    assert state.read(tmp_path) is None


def test_a_stranger_with_a_recorded_pid_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    record = ProcessRecord.of(sleeper.pid)
    earlier = record.model_copy(update={"created": record.created - 60})
    state.write(tmp_path, state_of(service(earlier), supervisor=earlier))
    assert end_leftovers(tmp_path, timeout_s=0) == []
    assert sleeper.poll() is None


def _ourselves() -> ProcessRecord:
    return ProcessRecord.of(psutil.Process().pid)


def _eventually_found(record: ProcessRecord) -> bool:
    for _ in range(100):
        if record.process() is None:
            return False
        psutil.Process().cpu_percent(interval=0.02)
    return True
