"""Which ends of a run are final, and what their messages tell."""

import pytest
from prefect.client.schemas.objects import State
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)

from neurocortex.dead_letters.collect import error_type, is_dead
from neurocortex.dead_letters.replay import DEAD


@pytest.mark.parametrize("state", [Failed(), Crashed(), Failed(name="TimedOut")])
def test_a_run_that_failed_for_good_is_dead(state: State[None]) -> None:
    assert is_dead(state)
    assert state.type.value in DEAD


@pytest.mark.parametrize(
    "state",
    [
        *(Cancelled(), Cancelling(), Completed(), Pending(), Running()),
        *(Scheduled(), AwaitingRetry(), Paused(timeout_seconds=1), None),
    ],
)
def test_any_other_run_is_not(state: State[None] | None) -> None:
    assert not is_dead(state)
    assert state is None or state.type.value not in DEAD


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Flow run encountered an exception: ValueError: no such row", "ValueError"),
        ("Flow run encountered an exception: KeyError: 'exception: TypeError: x'", "KeyError"),
        (
            "Flow run encountered an exception: neurocortex.errors.LakeError: x",
            "neurocortex.errors.LakeError",
        ),
        ("Execution was interrupted by an unexpected exception: OSError: [Errno 28]", "OSError"),
        ("Flow run encountered an exception: MemoryError", "MemoryError"),
        ("Flow run exceeded timeout of 1.0 second(s)", None),
        ("Flow run encountered an exception: that has no name", None),
        ("1/2 states failed.", None),
        ("", None),
    ],
)
def test_the_message_names_the_exception(message: str, kind: str | None) -> None:
    assert error_type(message) == kind
