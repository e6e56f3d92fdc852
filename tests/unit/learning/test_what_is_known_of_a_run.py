"""What is kept of a run to learn from: sizes, and nothing that anybody said."""

from typing import Literal

from pydantic import BaseModel, Field

from neurocortex.domain.deployments import Tier
from neurocortex.learning.features import features_of
from neurocortex.learning.sampling import PER_WINDOW, Sample
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps


class Ask(Request):
    operation: Literal["ask"] = "ask"
    text: str
    words: tuple[str, ...] = ()
    thorough: bool = False
    passages: int = Field(5, ge=1, le=50)
    account: int = 0
    about: str | None = None


class Said(BaseModel):
    text: str


async def say(request: Ask, steps: Steps) -> Said:
    return Said(text=request.text)


PIPELINE = Pipeline(
    operation="ask",
    family="nlp",
    summary="For a test.",
    request=Ask,
    result=Said,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(seconds=0.1 * len(request.words), tokens=7),
    realtime=say,
)


def test_a_request_is_its_sizes() -> None:
    asked = Ask(text="My name is Ada", words=("a", "b"), thorough=True, account=4711)
    assert features_of(PIPELINE, asked, 99) == {
        "rule_s": 0.2,
        "rule_tokens": 7.0,
        "bytes": 99.0,
        "stream": 0.0,
        "text": 14.0,
        "words": 2.0,
        "thorough": 1.0,
        "passages": 5.0,
        "about": -1.0,
    }


def test_of_many_runs_a_few_are_taken_from_everywhere() -> None:
    sample, many = Sample(seed=1), 2000
    for number in range(many):
        sample.add(PIPELINE, Ask(text="x" * number), number, 1.0, None)
    runs = sample.take()
    assert len(runs) == PER_WINDOW
    early = sum(run.features["text"] < many / 2 for run in runs)
    assert 0 < early < PER_WINDOW
    assert "xx" not in runs[0].model_dump_json()


def test_what_was_taken_is_not_taken_again() -> None:
    sample = Sample()
    sample.add(PIPELINE, Ask(text="x"), 1, 1.0, 12)
    assert [run.tokens for run in sample.take()] == [12]
    assert sample.take() == []
