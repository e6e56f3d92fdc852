"""Labels for texts: what an LLM is told, and how scores come about."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from pydantic import JsonValue

from neurocortex.domain.embedding import Vectors
from neurocortex.domain.language import Classification, Example, Method, Score

SHARPNESS: Final = 10.0
"""Of the softmax over cosines: similarities lie near each other, and the order is what counts."""

ALIKE: Final = 0.01
"""Scores nearer than this are told to be chance."""

SHOWN: Final = 20
"""Examples that an LLM is shown: the first of them."""

SHOWN_CHARS: Final = 500
"""Of each example."""


def described(labels: Sequence[str], descriptions: Mapping[str, str]) -> list[str]:
    """Return the labels as texts that can be compared with other texts."""
    return [
        f"{label}: {descriptions[label]}" if label in descriptions else label for label in labels
    ]


def by_similarity(text: Vectors, labels: Vectors) -> list[float]:
    """Return a score for each label from unit vectors: (1, dimension) and (labels, dimension)."""
    cosines = labels @ text[0]
    raised = np.exp(SHARPNESS * (cosines - cosines.max()))
    return [float(each) for each in raised / raised.sum()]


def schema_of(labels: Sequence[str]) -> dict[str, JsonValue]:
    """Return the JSON Schema of what an LLM is to answer: a score for each label."""
    score: JsonValue = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "type": "object",
        "properties": dict.fromkeys(labels, score),
        "required": list(labels),
        "additionalProperties": False,
    }


def instructions_for(
    labels: Sequence[str], descriptions: Mapping[str, str], examples: Sequence[Example]
) -> str:
    """Return what an LLM is told of the labels."""
    listed = "\n".join(f"- {each}" for each in described(labels, descriptions))
    told = f"Each property is a label; its value says from 0 to 1 how well it fits:\n{listed}"
    if examples:
        shown = "\n".join(
            f"- {each.text[:SHOWN_CHARS]!r} is {each.label!r}" for each in examples[:SHOWN]
        )
        told += f"\nTexts whose label is known:\n{shown}"
    return told


def classification(
    labels: Sequence[str], weights: Sequence[float], method: Method, model: str
) -> Classification:
    """Return the classification that weights at least 0 say, one for each label."""
    total = sum(weights)
    shares = [each / total if total else 1 / len(labels) for each in weights]
    scores = sorted(
        (
            Score(label=label, score=min(1.0, share))
            for label, share in zip(labels, shares, strict=True)
        ),
        key=lambda each: -each.score,
    )
    note = None
    if scores[0].score - scores[1].score < ALIKE:
        note = "The best labels fit alike: nothing in the text tells them apart."
    return Classification(
        method=method, model=model, label=scores[0].label, scores=tuple(scores), note=note
    )
