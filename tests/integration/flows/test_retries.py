"""The options of our tasks, as Prefect's engine carries them out."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from neurocortex.errors import LakeUnavailableError, NeuroCortexError, QuestionError
from tasks.options import may_pass


def _tries(error: NeuroCortexError) -> int:
    """Run a task that always fails with an error, and return how often it ran."""
    tries = 0

    @task(retries=2, retry_delay_seconds=0, retry_condition_fn=may_pass, cache_policy=NO_CACHE)
    def failing() -> None:
        nonlocal tries
        tries += 1
        raise error

    @flow
    def around() -> None:
        failing()

    assert around(return_state=True).is_failed()
    return tries


def test_a_neighbour_that_does_not_answer_is_tried_again(prefect_api: str) -> None:
    assert _tries(LakeUnavailableError("Lake", "gone")) == 3


def test_a_wrong_question_is_not_asked_again(prefect_api: str) -> None:
    assert _tries(QuestionError("The question is empty.")) == 1
