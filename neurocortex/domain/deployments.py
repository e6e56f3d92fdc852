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


def answer(tier: Tier) -> str:
    """Return the deployment that answers questions on a tier: critical or high."""
    return f"answer-question/answer-question-{tier.value}"


def etl(dataset: str) -> str:
    """Return the deployment that loads a dataset."""
    return f"run-etl/{dataset}"
