"""reembed-collection, and questions of documents that pass a filter."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.answer_question import answer_question
from flows.ingest_documents import ingest_documents
from flows.pipelines.search import SearchRequest
from flows.reembed_collection import reembed_collection
from neurocortex.errors import CollectionNotFoundError, SettingsError
from neurocortex.lake.store import Lake


@pytest.fixture
def rulers(lake: Lake, tmp_path: Path) -> Lake:
    """A Lake with a collection of two documents that say the same of different years."""
    rows = [
        {"id": year, "text": f"The valley was ruled by {who} in that year.", "year": str(year)}
        for year, who in ((1860, "Ada the Elder"), (1870, "Bruno the Bold"))
    ]
    path = tmp_path / "rulers.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    ingest_documents([str(path)], collection="rulers")
    return lake


def test_a_collection_is_embedded_anew_and_still_answers(rulers: Lake) -> None:
    before = rulers.collection("rulers")

    report = reembed_collection("rulers", "lsa")

    assert report.reembedded
    assert report.embedder.startswith("lsa ")
    after = rulers.collection("rulers")
    assert (after.version, after.chunks) == (before.version + 1, before.chunks)
    for year, who in (("1860", "Ada"), ("1870", "Bruno")):
        answer = answer_question("Who ruled the valley?", "rulers", filters={"year": year})
        assert who in answer.text
        assert len(answer.citations) == 1
    nobody = answer_question("Who ruled the valley?", "rulers", filters={"year": "1880"})
    assert nobody.citations == ()


def test_what_cannot_be_done_changes_nothing(rulers: Lake) -> None:
    before = rulers.collection("rulers")
    with pytest.raises(SettingsError, match="nonsense"):
        reembed_collection("rulers", "nonsense/model")
    with pytest.raises(CollectionNotFoundError):
        reembed_collection("missing", "lsa")
    assert rulers.collection("rulers") == before


def test_a_filter_that_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError, match=r"\$or\[1\]\.year\.\$near"):
        SearchRequest(query="x", filters={"$or": [{"a": 1}, {"year": {"$near": 3}}]})
