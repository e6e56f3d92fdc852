"""The answer without a model: the sentence of the sources that answers, quoted word for word."""

import re
from collections.abc import Sequence
from typing import Final

from neurocortex.answering.ranking import CELL, Candidate, rank, terms_of
from neurocortex.domain.answers import Answer, AnswerKind, Citation, Passage
from neurocortex.text.sentences import Span
from neurocortex.text.tokens import tokens

MODEL: Final = "extractive"

_NO_ANSWER: Final = 0.3
"""Under this coverage of the question nothing is quoted. Over all 98 papers of COVID-QA that holds
back 60 of 1,380 answers, 15 of them right, and 13 of 20 to questions about something else."""
_DOUBTFUL: Final = 0.5
"""Under this one the quote comes with a note. With it 29 of 100 are right, without it 59."""
_SHORT: Final = 15
"""Words. A shorter sentence often only announces the answer."""
_ANNOUNCES: Final = 20
"""Words. The same for one up to this length that counts what is to come."""
_LISTED: Final = 60
"""Words quoted at most of a list that a colon announces."""

_POINTS_BACK: Final = re.compile(
    r"(?:this|these|those|that|it|its|they|their|he|she|his|her|such|both|here|however|moreover"
    r"|furthermore|therefore|thus|hence|also|in addition)\b",
    re.IGNORECASE,
)
_COUNTS: Final = re.compile(
    r"\b(?:two|three|four|five|six|several|some|many|multiple|various|different|a number of"
    r"|these|the following|as follows)\b",
    re.IGNORECASE,
)
_ENDED: Final = re.compile(r"""[.!?…。！？]["'”’»)\]]*(?:\s*\[[\d,\s–-]+\])*\s*\.?$""")


def answer_extractively(question: str, passages: Sequence[Passage], collection: str) -> Answer:
    """Return the sentence of `passages` that most likely answers `question`, with its source.

    Neighbouring sentences are quoted too where it cannot be understood alone. The kind is
    EXTRACTIVE, or NONE where no sentence covers enough of the question; a note says so where the
    match is weak.

    Measured on COVID-QA (Möller et al. 2020; 1,380 questions, 5 passages of at most 200 words by
    plain BM25, quotes of 33 words): the quote holds half or more of the answer's words for 63 of
    100 questions with the paper known, 52 over all 98 papers, and the whole answer for 59 with the
    paper known, where the 5 passages hold it for 92.
    """
    ranked = rank(question, passages)
    if not ranked or ranked[0].coverage < _NO_ANSWER:
        return _nothing(question, passages, collection)
    best = ranked[0]
    return Answer(
        question=question,
        collection=collection,
        kind=AnswerKind.EXTRACTIVE,
        text=f"“{_quote(best)}” [1]",
        citations=(Citation(number=1, passage=best.passage),),
        model=MODEL,
        note=_doubt(question, best),
    )


def _quote(best: Candidate) -> str:
    """Return the sentence, with the one it points back to and what it announces."""
    passage, spans = best.passage.text, best.spans
    first = last = best.place
    if _POINTS_BACK.match(best.text) and first > 0:
        first -= 1
    if best.text.endswith(":"):
        last = _end_of_list(passage, spans, last)
    elif _leads_on(best.text) and last + 1 < len(spans) and not _apart(passage, spans, last):
        last += 1
    return passage[spans[first].start : spans[last].end]


def _leads_on(text: str) -> bool:
    words = len(text.split())
    return CELL not in text and (
        words < _SHORT
        or not _ENDED.search(text)
        or (words < _ANNOUNCES and _COUNTS.search(text) is not None)
    )


def _end_of_list(passage: str, spans: Sequence[Span], place: int) -> int:
    """Return the last sentence of the block behind `place`, a list or a table, if it is short."""
    last = min(place + 1, len(spans) - 1)
    while last + 1 < len(spans) and not _apart(passage, spans, last):
        block = passage[spans[place + 1].start : spans[last + 1].end]
        if len(block.split()) > _LISTED:
            break
        last += 1
    return last


def _apart(passage: str, spans: Sequence[Span], place: int) -> bool:
    """Whether a blank line stands between a sentence and the next."""
    return "\n\n" in passage[spans[place].end : spans[place + 1].start]


def _doubt(question: str, best: Candidate) -> str | None:
    if best.coverage >= _DOUBTFUL:
        return None
    wanted = set(terms_of(question))
    held = wanted & set(tokens(best.text))
    return (
        f"The quoted sentence holds {len(held)} of the question's {len(wanted)} terms only:"
        " it may not answer it."
    )


def _nothing(question: str, passages: Sequence[Passage], collection: str) -> Answer:
    text = f"No sentence found in the collection {collection!r} answers this question."
    note = None
    if not terms_of(question):
        note = "The question holds only common words: name the thing it is about."
    elif passages:
        text += " The nearest source is [1]."
    citations = passages[:1] if passages and note is None else ()
    return Answer(
        question=question,
        collection=collection,
        kind=AnswerKind.NONE,
        text=text,
        citations=tuple(Citation(number=1, passage=passage) for passage in citations),
        model=MODEL,
        note=note,
    )
