"""Several wordings of one question, and the passages that they find together.

An LLM words the question anew, each wording is searched, and the rankings are fused by reciprocal
rank (Cormack, Clarke and Büttcher 2009, https://doi.org/10.1145/1571941.1572114; with an LLM's
wordings: Rackauckas 2024, https://arxiv.org/abs/2402.03367). Scores cannot be compared between
searches, ranks can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import BaseModel, JsonValue

from neurocortex.domain.answers import Passage

SMOOTHING: Final = 60
"""The paper's: how much the first rank weighs more than the next."""

MAX_CHARS: Final = 400
"""Of a wording: a question is a sentence or two, and a model that rambles is cut short."""

INSTRUCTIONS: Final = """\
The text is a question that is searched for in a collection of documents. `wordings` are {count}
other ways of asking for the same: with other words, synonyms and technical terms as documents would
have them, or for a part of it where it asks several things. In the language of the question."""


class Wordings(BaseModel):
    """What the LLM is asked for."""

    wordings: list[str]


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one wording found."""

    wording: str
    passages: Sequence[Passage]
    """Best first."""


def schema_of(count: int) -> dict[str, JsonValue]:
    """Return the JSON Schema of so many wordings."""
    wording: JsonValue = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "properties": {"wordings": {"type": "array", "items": wording, "maxItems": count}},
        "required": ["wordings"],
        "additionalProperties": False,
    }


def distinct(question: str, wordings: Sequence[str]) -> list[str]:
    """Return the question, then the wordings that are not the same as one before."""
    cut = [" ".join(each.split())[:MAX_CHARS] for each in wordings]
    first: dict[str, str] = {}
    for each in filter(None, (question, *cut)):
        first.setdefault(each.casefold(), each)
    return list(first.values())


def fuse(rankings: Sequence[Ranking], limit: int) -> list[Passage]:
    """Return the best passages of several rankings, best first.

    Args:
        rankings: the question's own first.
        limit: passages wanted.

    Returns:
        Each with its fused score, 1 where it was first in all rankings, and the wording that ranks
        it highest; None for the question's own.
    """
    scores: dict[tuple[UUID, int, int], float] = {}
    best: dict[tuple[UUID, int, int], tuple[int, int]] = {}
    most = len(rankings) / (SMOOTHING + 1)
    for number, ranking in enumerate(rankings):
        for rank, passage in enumerate(ranking.passages, start=1):
            place = _place(passage)
            scores[place] = scores.get(place, 0.0) + 1 / (SMOOTHING + rank) / most
            best[place] = min(best.get(place, (rank, number)), (rank, number))
    order = sorted(scores, key=lambda place: (-scores[place], best[place]))
    fused = []
    for place in order[:limit]:
        rank, number = best[place]
        ranking = rankings[number]
        wording = ranking.wording if number else None
        change = {"score": scores[place], "wording": wording}
        fused.append(ranking.passages[rank - 1].model_copy(update=change))
    return fused


def _place(passage: Passage) -> tuple[UUID, int, int]:
    return passage.document_id, passage.start, passage.end
