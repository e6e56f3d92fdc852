"""The documentation answers what people ask about the product, each with one quoted sentence.

The first run asks it, and so do people who try the product: a change of the wording that leaves a
question without its answer shows here.
"""

from pathlib import Path

import pytest

from neurocortex.answering.extractive import answer_extractively
from neurocortex.domain.answers import AnswerKind
from neurocortex.lake.store import Lake
from neurocortex.settings import AnswerSettings

ADD_DATASET, ADD_DOCUMENTS, ADD_FLOW = "add-dataset.md", "add-documents.md", "add-flow.md"
CONCEPTS, OPERATIONS, QUICKSTART = "concepts.md", "operations.md", "quickstart.md"

QUESTIONS = [
    ("What is NeuroCortex?", "orchestrator of an AI data platform", {CONCEPTS}),
    ("Which file formats can be ingested?", "docx", {ADD_DOCUMENTS, QUICKSTART}),
    ("Where are the logs?", "logs/", {OPERATIONS}),
    ("How do I stop it?", "neurocortex down", {QUICKSTART, OPERATIONS}),
    ("How do I use my own PostgreSQL?", "NEUROCORTEX_DATABASE_URL", {OPERATIONS}),
    ("What is quarantine?", "gate refuse", {CONCEPTS, ADD_DOCUMENTS, ADD_DATASET}),
    ("What happens when a service dies?", "started again", {OPERATIONS}),
    ("How many runs at once are allowed in a tier?", "64", {CONCEPTS}),
    ("How is a question answered without an LLM?", "quot", {CONCEPTS, QUICKSTART}),
    ("How do I use an LLM?", "NEUROCORTEX_LLM__BASE_URL", {QUICKSTART}),
    ("Which Python versions are supported?", "3.13", {QUICKSTART}),
    ("What is a gate?", "must pass", {CONCEPTS}),
    ("How do I change the port of the Prefect UI?", "NEUROCORTEX_PORTS__PREFECT", {OPERATIONS}),
    ("Where is the data stored?", ".neurocortex/", {OPERATIONS, QUICKSTART}),
    ("Is telemetry sent?", "off", {OPERATIONS}),
    ("How do I see what was refused?", "artifact", {ADD_DOCUMENTS, ADD_DATASET}),
    ("How are passwords kept?", "owner only", {OPERATIONS}),
    ("What are the four priority tiers?", "critical, high, medium and low", {CONCEPTS}),
    ("Do I need Docker?", "no Docker", {QUICKSTART}),
    ("What happens when a document changes?", "replace", {CONCEPTS, ADD_DOCUMENTS, QUICKSTART}),
    ("How do I ask a question from the command line?", "neurocortex ask", {QUICKSTART}),
    (
        "How do I start a flow from a Python program?",
        "run_deployment",
        {ADD_DOCUMENTS, ADD_DATASET, QUICKSTART},
    ),
    ("Which embedding model is used by default?", "latent semantic analysis", {CONCEPTS}),
    ("How large may a file be?", "100", {ADD_DOCUMENTS}),
    ("How often is a failed task tried again?", "three times", {CONCEPTS}),
    ("What is the timeout of a task?", "5 minutes", {CONCEPTS}),
    ("What is a collection?", "named set of documents", {CONCEPTS}),
    ("How do I see what is running?", "neurocortex status", {OPERATIONS}),
    ("Where do settings come from?", "environment", {OPERATIONS}),
    ("How do I show all settings?", "neurocortex settings", {OPERATIONS}),
    ("What happens when a load fails halfway?", "as it was", {CONCEPTS, OPERATIONS, ADD_DATASET}),
    ("How is a document split into chunks?", "200 words", {CONCEPTS}),
    ("How do I add a new flow?", "flows/", {ADD_FLOW}),
    (
        "What is the difference between the modes replace, append and upsert?",
        "they stay",
        {ADD_DATASET},
    ),
    ("Can a scanned PDF be ingested?", "scanned", {ADD_DOCUMENTS}),
    ("What is the Lake?", "PostgreSQL with pgvector", {CONCEPTS}),
    ("What happens if the LLM fails?", "quoted", {QUICKSTART}),
    ("How can I shut the platform down?", "down", {QUICKSTART, OPERATIONS}),
    ("Can I connect an existing Redis server?", "NEUROCORTEX_REDIS_URL", {OPERATIONS}),
    (
        "How do I run it with a local model such as Ollama?",
        "NEUROCORTEX_LLM__BASE_URL",
        {QUICKSTART},
    ),
    ("What is a dataset?", "YAML", {CONCEPTS, ADD_DATASET}),
    ("What is a chunk?", "piece of a document", {CONCEPTS}),
    ("What is a tier?", "priorit", {CONCEPTS}),
    ("What does neurocortex doctor do?", "checks the machine", {OPERATIONS}),
    ("How do I change where the data is kept?", "NEUROCORTEX_HOME", {OPERATIONS}),
    ("Why does my run wait?", "neurocortex explain", {CONCEPTS, OPERATIONS}),
    ("What happens when PostgreSQL goes away?", "tried again", {OPERATIONS}),
    ("Does it work with Python 3.13?", "gcc", {QUICKSTART}),
    ("Can I use it without internet or an account?", "no account", {QUICKSTART}),
    ("What does severity warn mean?", "only", {CONCEPTS, ADD_DATASET}),
    ("Which block types are there?", "Forge", {CONCEPTS}),
    ("How do I remove all data?", "make clean", {QUICKSTART}),
    ("How long are search results cached?", "hour", {CONCEPTS}),
    ("Which port does Redis use?", "63790", {OPERATIONS}),
    ("What is an extractive answer?", "word for word", {CONCEPTS}),
    ("How do I ingest a folder?", "ingest", {ADD_DOCUMENTS, QUICKSTART}),
    ("How do I restore a backup?", "backup restore", {OPERATIONS}),
    ("How do I take a load back?", "lake rollback", {OPERATIONS}),
    ("How do I erase what is stored about a person?", "privacy", {OPERATIONS}),
]
"""The question, what a right answer holds, and the files that say it."""


@pytest.mark.parametrize(
    ("question", "held", "files"), QUESTIONS, ids=[question for question, _, _ in QUESTIONS]
)
def test_the_docs_answer(docs_lake: Lake, question: str, held: str, files: set[str]) -> None:
    passages = docs_lake.search("documents", question, AnswerSettings().passages)

    answer = answer_extractively(question, passages, "documents")

    assert answer.kind is AnswerKind.EXTRACTIVE, answer.text
    assert held in answer.text
    (citation,) = answer.citations
    assert Path(citation.passage.source).name in files
