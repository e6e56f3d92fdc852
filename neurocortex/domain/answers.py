"""Retrieved passages and answers. Pydantic, because they travel between processes."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from neurocortex.domain.choices import Choice


class Passage(BaseModel):
    """A chunk that a search found, with its place and its scores."""

    model_config = ConfigDict(frozen=True)

    document_id: UUID
    source: str
    title: str
    heading: str | None = None
    page: int | None = None
    text: str
    start: int
    """Offset of the passage in the document's text, in characters."""
    end: int
    score: float
    """Fused score; higher is better. Comparable within one search only."""
    lexical_rank: int | None = None
    """Rank in the BM25 result, from 1; None where it was found by vectors alone."""
    dense_rank: int | None = None
    """Rank in the vector result, from 1; None where it was found by words alone."""
    wording: str | None = None
    """The other wording of the question that found it best; its ranks are those of that search."""
    relevance: float | None = None
    """How much it helps to answer, 0 to 1, as an LLM graded it; None where none was asked."""


class AnswerKind(StrEnum):
    """How an answer came about."""

    EXTRACTIVE = "extractive"
    """Quoted from a source word for word: no model wrote it."""
    GENERATED = "generated"
    """Written by an LLM from the numbered sources."""
    NONE = "none"
    """Nothing in the collection answers the question."""


class Citation(BaseModel):
    """A source of an answer, under the number the answer's text uses."""

    model_config = ConfigDict(frozen=True)

    number: int
    passage: Passage


class Answer(BaseModel):
    """The answer to a question, with its sources."""

    model_config = ConfigDict(frozen=True)

    question: str
    collection: str
    kind: AnswerKind
    text: str
    citations: tuple[Citation, ...] = ()
    model: str
    """What answered: `extractive`, or the LLM's name."""
    note: str | None = None
    """What the reader should know, e.g. that the LLM failed and the answer was extracted."""
    is_fallback: bool = False
    """The LLM that was to write it, or to refine its search, failed. The cache does not keep it."""
    choice: Choice | None = None
    """Which provider's LLM wrote it, and why that one, where the question left it open."""

    def because(self, failure: str | None) -> "Answer":
        """Return it as a fallback, with what failed; as it is where nothing did."""
        if failure is None:
            return self
        note = failure if self.note is None else f"{failure} {self.note}"
        return self.model_copy(update={"note": note, "is_fallback": True})
