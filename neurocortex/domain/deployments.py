"""Names that programs start deployments by: `flow name/deployment name`."""

from enum import StrEnum
from typing import Final


class Tier(StrEnum):
    """The priority tiers, most urgent first. Each is a Prefect work pool of that name."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


DEFAULT_BLOCK: Final = "default"
"""The saved block of each type that flows use unless told otherwise."""

INGEST: Final = "ingest-documents/ingest-documents"
REEMBED: Final = "reembed-collection/reembed-collection"

TRAIN: Final = "train-model/train-model"
DEPLOY: Final = "deploy-model/deploy-model"
COLLECT: Final = "collect-feedback/collect-feedback"
RETRAIN: Final = "retrain-on-feedback/retrain-on-feedback"
EVALUATE: Final = "evaluate-models/evaluate-models"

RUN_PIPELINE: Final = "run-pipeline/run-pipeline"
RUN_AGENT: Final = "run-agent/run-agent"


def answer(tier: Tier) -> str:
    """Return the deployment that answers questions on a tier: critical or high."""
    return f"answer-question/answer-question-{tier.value}"


def etl(dataset: str) -> str:
    """Return the deployment that loads a dataset."""
    return f"run-etl/{dataset}"
