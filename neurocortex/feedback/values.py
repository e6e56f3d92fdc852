"""Predictions that are kept, and what is said about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import orjson
from pydantic import Field, model_validator

from neurocortex.domain.strict import Strict, problem
from neurocortex.forge.schema import Value

MAX_COMMENT_CHARS: Final = 4000

MAX_PASSAGES: Final = 50
"""As many as a search may answer."""

Answer = float | str
"""What a model predicts: a number, or a class."""


class Feedback(Strict):
    """What somebody says about one row of an answer."""

    request_id: UUID = Field(description="The id in the answer to the request.")
    row: int = Field(0, ge=0, description="Which of the request's rows, from 0.")
    score: float | None = Field(
        None, ge=0, le=1, description="How good the prediction was: 0 wrong, 1 right."
    )
    label: Answer | None = Field(
        None, description="What would have been right: a class as text, or a number."
    )
    used: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        None,
        max_length=MAX_PASSAGES,
        description="Of an answer with the passages of two rankings: the numbers of those that"
        " helped, from 1; none did: an empty list.",
    )
    comment: str = Field(
        "", max_length=MAX_COMMENT_CHARS, description="For people; kept with predictions."
    )

    @model_validator(mode="after")
    def _says_something(self) -> "Feedback":
        if self.used is not None and (self.score is not None or self.label is not None):
            raise problem(("used",), "it is said by itself: leave out `score` and `label`.")
        if self.used is None and self.score is None and self.label is None:
            raise problem(("score",), "give a `score`, a `label`, or both; or `used`.")
        return self


class Recorded(Strict):
    """Feedback as it was taken down."""

    request_id: UUID
    row: int
    model: str
    version: int = Field(description="The version that answered.")
    score: float | None = Field(description="As given; of a class, whether the label was met.")


class Judged(Strict):
    """Feedback on the answer of an LLM that the platform chose, or of an experiment."""

    request_id: UUID
    counted: bool = Field(description="The first judgement of an answer counts, no later one.")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A request for predictions, with its answer."""

    id: UUID
    tenant: str
    forge: str
    model: str
    version: int
    rows: Sequence[Mapping[str, Value]]
    answers: Sequence[Answer]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Labelled:
    """A row of which somebody said what would have been right."""

    request: UUID
    row: int
    version: int
    """The version that answered it."""
    features: Mapping[str, Value]
    answer: Answer
    label: Answer
    given_at: datetime


def digest(rows: Sequence[Mapping[str, Value]]) -> str:
    """Return the SHA-256 of features: the same digest is the same rows."""
    return sha256(
        orjson.dumps([dict(row) for row in rows], option=orjson.OPT_SORT_KEYS)
    ).hexdigest()


def score_of(feedback: Feedback, answer: Answer) -> float | None:
    """Return how good an answer was; None of a number that was corrected and not scored."""
    if feedback.score is not None:
        return feedback.score
    return float(feedback.label == answer) if isinstance(answer, str) else None


def label_problem(feedback: Feedback, answers: Sequence[Answer]) -> str | None:
    """Return what is wrong with feedback on these answers; None: nothing."""
    if feedback.row >= len(answers):
        return f"the request had {len(answers)} rows: the last is row {len(answers) - 1}."
    if feedback.label is not None and isinstance(feedback.label, str) != isinstance(
        answers[feedback.row], str
    ):
        wanted = "a class, as text" if isinstance(answers[feedback.row], str) else "a number"
        return f"the model predicts {wanted}; the label is {feedback.label!r}."
    return None
