from uuid import UUID, uuid4

import pytest

from neurocortex.cli.results import QUARANTINE_SHOWN, show_answer, show_etl, show_ingestion
from neurocortex.domain.answers import Answer, AnswerKind, Citation, Passage
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import EtlReport, IngestReport


def passage(**changes: object) -> Passage:
    fields: dict[str, object] = {
        "document_id": UUID(int=1),
        "source": "/docs/manual.pdf",
        "title": "Manual",
        "text": "Wear gloves.",
        "start": 0,
        "end": 12,
        "score": 1.0,
        **changes,
    }
    return Passage.model_validate(fields)


def test_an_answer_is_printed_with_its_numbered_sources(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_answer(
        Answer(
            question="What to wear?",
            collection="documents",
            kind=AnswerKind.GENERATED,
            text="Gloves [1], in [bold] letters.",
            citations=(
                Citation(number=1, passage=passage(page=3, heading="Safety > Hands")),
                Citation(number=2, passage=passage(source="/docs/notes.txt")),
            ),
            model="small-llm",
            note="The second source is old.",
        )
    )
    assert capsys.readouterr().out.splitlines() == [
        "",
        "Gloves [1], in [bold] letters.",
        "",
        "(written by small-llm)",
        "The second source is old.",
        "[1] /docs/manual.pdf, page 3, Safety > Hands",
        "[2] /docs/notes.txt",
    ]


def test_a_load_is_printed_with_what_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    refused = Quarantined(source="/a.csv", row=7, rule="malformed_row", reason="2 fields, not 3")
    show_ingestion(
        IngestReport(
            collection="documents",
            files=9,
            unchanged=4,
            load=None,
            quarantined=(refused,) * (QUARANTINE_SHOWN + 5),
        )
    )
    printed = capsys.readouterr().out
    assert "0 documents added, 0 replaced, 4 unchanged (9 files, 0 chunks written)" in printed
    assert printed.count("2 fields, not 3") == QUARANTINE_SHOWN
    assert "... and 5 more" in printed


def test_a_tables_load_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show_etl(
        EtlReport(
            dataset="wine",
            load_id=uuid4(),
            target="wine",
            extracted=178,
            loaded=170,
            quarantined=8,
            seconds=1.25,
        )
    )
    assert "170 of 178 rows loaded into wine, 8 in quarantine" in capsys.readouterr().out
