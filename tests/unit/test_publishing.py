"""What people read of a run in the Prefect UI."""

from itertools import pairwise
from uuid import UUID

import pytest
from markdown_it import MarkdownIt

from neurocortex.datasets.staged import EtlOutcome
from neurocortex.domain.answers import Answer, AnswerKind, Citation, Passage
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import EtlReport, IngestReport, LoadReport
from neurocortex.errors import LoadError
from neurocortex.quality.expectations import Expectation, Severity
from neurocortex.quality.report import ExpectationResult, GateReport
from tasks import publish_answer, publish_etl, publish_failure, publish_ingestion
from tasks.publish_gate import gate_table, quarantine_table

ID = UUID(int=7)


def _any(url: str) -> bool:
    """Let every link be a link: a reader that leaves out bad ones would hide them from us."""
    return bool(url)


READER = MarkdownIt("commonmark").enable("table")
READER.validateLink = _any  # type: ignore[method-assign]
EVIL = "<b>x</b> | [y](javascript:z)\n# heading"


def passage(text: str, **more: object) -> Passage:
    found = {"document_id": ID, "source": "/papers/a b.pdf", "title": "A paper", "text": text}
    return Passage.model_validate({**found, "start": 0, "end": len(text), "score": 1.0, **more})


def answer(kind: AnswerKind = AnswerKind.EXTRACTIVE, **more: object) -> Answer:
    made = {"question": "Why?", "collection": "papers", "text": "Because. [1]", "model": "gpt"}
    return Answer.model_validate({**made, "kind": kind, **more})


def loaded(*, reembedded: bool = False) -> LoadReport:
    return LoadReport(
        load_id=ID,
        collection="papers",
        inserted=3,
        replaced=2,
        chunks=40,
        embedder="lsa 1",
        reembedded=reembedded,
        seconds=1.26,
    )


def html(markdown: str) -> str:
    rendered: str = READER.render(markdown)
    return rendered


# --- answers


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (AnswerKind.EXTRACTIVE, "no model wrote it"),
        (AnswerKind.GENERATED, "Written by gpt"),
        (AnswerKind.NONE, "Nothing in the collection answers this."),
    ],
)
def test_an_answer_says_how_it_was_made(kind: AnswerKind, how: str) -> None:
    assert how in publish_answer.render(answer(kind))


def test_an_answer_shows_its_numbered_sources_as_links() -> None:
    cited = (
        Citation(number=1, passage=passage("It is so.", heading="Intro > Why", page=3)),
        Citation(number=2, passage=passage("Or so.", source="/papers/b.csv#7")),
    )
    shown = html(publish_answer.render(answer(citations=cited, note="The LLM failed.")))
    assert "<h2>Why?</h2>" in shown
    assert '<strong>[1]</strong> <a href="file:///papers/a%20b.pdf">A paper</a>' in shown
    assert "(Intro &gt; Why, page 3)" in shown
    assert "<blockquote>\n<p>The LLM failed.</p>" in shown
    assert shown.count("<blockquote>") == 3


def test_a_long_passage_is_cut_in_the_answer() -> None:
    cited = (Citation(number=1, passage=passage("word " * 1000)),)
    shown = publish_answer.render(answer(citations=cited))
    assert len(shown) < 2 * publish_answer.QUOTE_CHARS
    assert shown.endswith("…")


def test_nothing_in_an_answer_can_become_markup() -> None:
    cited = (Citation(number=1, passage=passage(EVIL, title=EVIL, heading=EVIL)),)
    shown = html(
        publish_answer.render(
            answer(question=EVIL, text=EVIL, note=EVIL, model=EVIL, citations=cited)
        )
    )
    assert "<b>" not in shown
    assert "<h1>" not in shown
    assert 'href="javascript' not in shown
    assert shown.count("<a ") == 1


# --- ingestion


def test_an_ingestion_shows_its_counts_as_a_table() -> None:
    refused = (Quarantined(source="/a", rule="empty", reason="the file is empty"),)
    report = IngestReport(
        collection="papers", files=9, unchanged=3, load=loaded(), quarantined=refused
    )
    shown = publish_ingestion.render(report)
    assert _cells(shown) == {
        "files found": "9",
        "documents unchanged": "3",
        "documents added": "3",
        "documents replaced": "2",
        "chunks written": "40",
        "refused": "1",
    }
    assert "Embedded by lsa 1.\nLoaded in one transaction in 1.3 s." in shown


def test_an_ingestion_says_when_all_was_embedded_anew() -> None:
    report = IngestReport(
        collection="papers", files=1, unchanged=0, load=loaded(reembedded=True), quarantined=()
    )
    assert "fitted again" in publish_ingestion.render(report)


def test_an_ingestion_without_a_load_says_nothing_of_one() -> None:
    report = IngestReport(collection=EVIL, files=1, unchanged=1, load=None, quarantined=())
    shown = publish_ingestion.render(report)
    assert list(_cells(shown)) == ["files found", "documents unchanged", "refused"]
    assert "Loaded" not in shown
    assert "<b>" not in html(shown)


# --- tables


def test_an_etl_run_shows_its_counts_and_the_rules_that_set_rows_aside() -> None:
    report = EtlReport(
        dataset="fares",
        load_id=ID,
        target="data.fares",
        extracted=10,
        loaded=7,
        quarantined=3,
        seconds=2.04,
    )
    outcome = EtlOutcome(
        report=report,
        rules={"wrong_type": 2, "a | rule": 1},
        sample=(),
        gate=GateReport(suite="fares", rows=10),
    )
    shown = publish_etl.render(outcome)
    assert "7 of 10 rows are in `data.fares`" in shown
    assert _cells(shown) == {"wrong_type": "2", "a | rule": "1"}
    assert "| set aside" not in publish_etl.render(outcome.model_copy(update={"rules": {}}))


# --- gates, quarantine, failures


def test_the_gates_table_has_a_row_for_each_expectation_in_its_order() -> None:
    between = Expectation(
        type="expect_column_values_to_be_between", kwargs={"column": "fare", "min_value": 0}
    )
    count = Expectation(
        type="expect_table_row_count_to_be_between",
        kwargs={"min_value": 2},
        severity=Severity.STOP,
    )
    report = GateReport(
        suite="fares",
        rows=8,
        results=(
            ExpectationResult(
                expectation=between, success=False, evaluated=8, unexpected=3, sample=("-1", "-2")
            ),
            ExpectationResult(
                expectation=count, success=True, evaluated=0, unexpected=0, observed="8"
            ),
        ),
    )
    bad, good = gate_table(report)
    assert (bad["of"], bad["met"], bad["unexpected"], bad["percent"]) == ("fare", "no", 3, 37.5)
    assert bad["for example"] == "-1, -2"
    assert (good["of"], good["met"], good["for example"]) == ("the table", "yes", "8")
    assert gate_table(GateReport(suite="empty", rows=0)) == []


def test_the_quarantines_table_names_file_row_rule_and_reason_and_no_content() -> None:
    entry = Quarantined(source="/a.csv", row=3, rule="malformed_row", reason="no", payload="secret")
    whole = Quarantined(source="/b.pdf", rule="encrypted", reason="it asks for a password")
    assert quarantine_table([entry, whole]) == [
        {"source": "/a.csv", "row": 3, "rule": "malformed_row", "reason": "no"},
        {"source": "/b.pdf", "row": None, "rule": "encrypted", "reason": whole.reason},
    ]


def test_a_failure_shows_its_kind_and_its_text() -> None:
    shown = html(publish_failure.render(f"Dataset {EVIL}", LoadError("data.x", "a\nb <i>")))
    assert "<strong>LoadError</strong>" in shown
    assert "<p>b &lt;i&gt;</p>" in shown
    assert "<b>" not in shown


def _cells(markdown: str) -> dict[str, str]:
    """Return the two columns of the one table in Markdown, as people see them."""
    tokens = READER.parse(markdown)
    cells = [
        "".join(part.content for part in inline.children or [])
        for opening, inline in pairwise(tokens)
        if opening.type == "td_open"
    ]
    return dict(zip(cells[::2], cells[1::2], strict=True))
