"""What is imported ahead, in the order in which runs need it: the light and common first."""

from typing import Final

from neurocortex.worker.messages import SUCCESSOR

MODULES: Final = (
    "prefect.flow_engine",
    "prefect.main",
    "prefect.engine",
    "neurocortex.worker.engine",
    "prefect.results",
    "prefect.task_engine",
    "prefect.concurrency._asyncio",
    "prefect.concurrency._sync",
    "prefect.utilities.visualization",
    "prefect.runner._hook_runner",
    "anyio._backends._asyncio",
    "rich._emoji_codes",
    SUCCESSOR,
    "flows",
    "flows.answer_question",
    "flows.ingest_documents",
    "flows.run_etl",
    "flows.run_batch",
    "blocks",
    "blocks.saved",
    "pandas",
    "neurocortex.engines.lsa_fitting",
    "neurocortex.quality.engine",
)
