"""`python -m neurocortex.cli.main_job CORPUS`: what a first `neurocortex up` does.

It adds the documents of CORPUS, asks a question of them, and loads a table, each through its
deployment. Run as a child of the supervisor, which watches the services meanwhile and needs none
of the imports.
"""

import sys
from pathlib import Path
from typing import Final

from neurocortex.cli.console import Steps
from neurocortex.cli.results import show_answer, show_etl, show_ingestion
from neurocortex.cli.runs import Runs
from neurocortex.domain.answers import Answer, AnswerKind
from neurocortex.domain.deployments import INGEST, Tier, answer, etl
from neurocortex.domain.reports import EtlReport, IngestReport
from neurocortex.embedded.running import find
from neurocortex.errors import NeuroCortexError
from neurocortex.settings import load

COLLECTION: Final = "documents"
DATASET: Final = "wine"

OWN_DOCS: Final = Path(__file__).parents[2] / "docs"
"""Of a checkout. An installed package has none."""

QUESTION: Final = "What are the four priority tiers?"
"""Our own documentation answers it."""

ANY_QUESTION: Final = "What is this about?"
"""For documents that we do not know."""


def main(corpus: Path) -> int:
    """Do the three things; return 0 when all of them worked."""
    runs = Runs(find(load().settings), Steps())
    ours = corpus.resolve() == OWN_DOCS.resolve()
    question = QUESTION if ours else ANY_QUESTION

    show_ingestion(
        runs.run(INGEST, {"paths": [str(corpus)], "collection": COLLECTION}, IngestReport)
    )
    runs.show.note(f"asking: {question}")
    asked = {"question": question, "collection": COLLECTION}
    answered = runs.run(answer(Tier.HIGH), asked, Answer)
    show_answer(answered)
    show_etl(runs.run(etl(DATASET), {}, EtlReport))
    return 1 if ours and answered.kind is AnswerKind.NONE else 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(Path(sys.argv[1])))
    except NeuroCortexError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
