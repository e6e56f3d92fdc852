"""The benchmarks run as a person runs them; the full measurements are `make bench`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

TINY = {
    "data": [
        {
            "title": "Pets",
            "paragraphs": [
                {
                    "context": "Cats sleep sixteen hours a day. Dogs bark at strangers.",
                    "qas": [
                        {
                            "question": "How long do cats sleep?",
                            "answers": [{"text": "sixteen hours", "answer_start": 0}],
                        }
                    ],
                }
            ],
        }
    ]
}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def figures(*words: str) -> dict[str, float]:
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_without_a_name_they_are_listed() -> None:
    listed = run().stdout
    assert "ingest" in listed
    assert "retrieval" in listed


def test_an_unknown_name_is_refused() -> None:
    done = run("speed")
    assert done.returncode != 0
    assert "There is no benchmark 'speed'" in done.stderr


def test_retrieval_measures_hits(tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(TINY))
    found = figures("retrieval", str(tmp_path))
    assert (found["hit_at_1"], found["hit_at_5"], found["hit_at_10"]) == (1, 1, 1)


def test_what_is_no_question_set_is_named(tmp_path: Path) -> None:
    done = run("retrieval", str(tmp_path))
    assert done.returncode != 0
    assert f"{tmp_path} must hold one .json file" in done.stderr
    assert "Traceback" not in done.stderr


def test_ingest_measures_both_ways_of_writing() -> None:
    found = figures("ingest", "--documents", "100", "--quick")
    assert found["write_ratio"] == pytest.approx(
        found["lake_write_docs_per_s"] / found["pgvector_haystack_docs_per_s"]
    )
    assert found["end_to_end_docs_per_s"] > 0
    assert found["lake_recall_at_50"] > 0.95


def test_retrieval_on_real_papers_is_above_plain_bm25(real_data: Path) -> None:
    """On every sixth question; plain BM25 gives .499, .740 and .809 on all."""
    found = figures("retrieval", str(real_data / "qa" / "200423_covidQA.json"), "--quick")
    assert found["hit_at_1"] > 0.56
    assert found["hit_at_5"] > 0.75
    assert found["hit_at_10"] > 0.83
