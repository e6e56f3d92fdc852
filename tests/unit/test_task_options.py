"""How tasks wait and what they try again."""

from typing import Any
from uuid import uuid4

import pytest
from prefect import task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed

from neurocortex.errors import (
    LakeUnavailableError,
    ProviderError,
    ProviderRefusedError,
    QuestionError,
)
from tasks.options import delays, may_pass


def test_each_wait_is_half_again_as_long_as_the_last() -> None:
    assert delays(3, 1.0, 1.5) == [1.0, 1.5, 2.25]


@task
def step(*_: Any, **__: Any) -> None:
    """Any task."""


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (LakeUnavailableError("Lake", "gone"), True),
        (ProviderError("LLM", "too many requests"), True),
        (ProviderRefusedError("LLM", "wrong key"), False),
        (OSError("connection reset"), True),
        (QuestionError("The question is empty."), False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: Exception, again: bool) -> None:
    run = TaskRun(flow_run_id=uuid4(), task_key="step", dynamic_key="0")
    assert may_pass(step, run, Failed(data=error)) is again
