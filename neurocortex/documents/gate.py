"""What a document must be to get into the Lake, and the gate that holds it to that."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from neurocortex.documents.refusal import refused_document
from neurocortex.documents.words import RUN
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.gate import evaluate
from neurocortex.quality.report import GateReport, Refusal

_SAMPLE: Final = 1_000_000
"""Characters of a text that its shares are taken from."""
_NO_LETTER: Final = re.compile(r"[\W_]")
_MOJIBAKE: Final = re.compile(
    "[\u00c2\u00c3\u00d0\u00d1\u00e2]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
"""Pairs that UTF-8 turns into when it is read as Latin-1 or cp1252: é into Ã©, ’ into â€™."""


def _between(
    column: str, note: str, *, at_least: float | None = None, at_most: float | None = None
) -> Expectation:
    bounds = {"min_value": at_least, "max_value": at_most}
    return Expectation(
        type="expect_column_values_to_be_between",
        kwargs={"column": column, **{name: limit for name, limit in bounds.items() if limit}},
        severity=Severity.QUARANTINE,
        note=note,
    )


DOCUMENT_SUITE: Final = Suite(
    name="documents",
    expectations=(
        _between("words", "a document has 3 words at least", at_least=3),
        _between("characters", "split it: 50,000,000 is the most", at_most=50_000_000),
        _between("title_characters", "a document has a title", at_least=1),
        _between(
            "letter_share",
            "in text, most characters are letters or digits; this looks like drawing or noise",
            at_least=0.4,
        ),
        _between(
            "characters_per_word",
            "words are shorter; this looks like encoded data, e.g. base64",
            at_most=40,
        ),
        _between(
            "replacement_share",
            "too many characters are U+FFFD: they were lost before, save the original as UTF-8",
            at_most=0.005,
        ),
        _between(
            "mojibake_share",
            "UTF-8 was read as another encoding before (é shows as Ã©): save the original anew",
            at_most=0.005,
        ),
        Expectation(
            type="expect_column_values_to_be_unique",
            kwargs={"column": "source"},
            note="two documents of one load have this name, and which one is right is not known",
        ),
    ),
)
"""Over one row of figures per document; shares are 0 to 1. The limits stand well off real text:
25,000 documents measured had a letter share of 0.81 or more, at most 9.6 characters per word, at
most 0.0002 of replacement characters, and no mojibake."""


@dataclass(frozen=True, slots=True)
class Gated:
    """What a gate let through, and what not."""

    accepted: tuple[Document, ...]
    refused: tuple[Quarantined, ...]
    report: GateReport


def gate(documents: Sequence[Document]) -> Gated:
    """Hold the documents of one load to DOCUMENT_SUITE; order is kept."""
    if not documents:
        return Gated((), (), GateReport(suite=DOCUMENT_SUITE.name, rows=0))
    report = evaluate(pd.DataFrame(map(_figures, documents)), DOCUMENT_SUITE)
    accepted = [document for row, document in enumerate(documents) if row not in report.failed_rows]
    refused = [
        _quarantined(documents[row], reasons) for row, reasons in sorted(report.failed_rows.items())
    ]
    return Gated(tuple(accepted), tuple(refused), report)


def _figures(document: Document) -> dict[str, str | int | float]:
    text = document.text[:_SAMPLE]
    runs = RUN.findall(text)
    visible = sum(map(len, runs))
    letters = visible - len(_NO_LETTER.findall("".join(runs)))
    return {
        "source": document.source,
        "words": len(runs),
        "characters": len(document.text),
        "title_characters": len(document.title.strip()),
        "letter_share": _share(letters, visible),
        "characters_per_word": _share(visible, len(runs)),
        "replacement_share": _share(text.count("\ufffd"), visible),
        "mojibake_share": _share(len(_MOJIBAKE.findall(text)), visible),
    }


def _share(part: int, whole: int) -> float:
    """Rounded, because people read it in a reason."""
    return round(part / whole, 4) if whole else 0.0


def _quarantined(document: Document, refusals: Sequence[Refusal]) -> Quarantined:
    reason = "; ".join(refusal.reason for refusal in refusals)
    return refused_document(document, refusals[0].rule, reason)
