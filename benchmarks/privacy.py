"""How much personal data is found in labelled texts, beside Presidio as shipped.

Matching is that of presidio-research's SpanEvaluator (microsoft/presidio-research,
presidio_evaluator/evaluation/span_evaluator.py) with its defaults, on characters instead of tokens:

- Only letters and digits count: white space and punctuation belong to no span. Spans of one type
  with nothing but those between them are one span.
- A labelled span is found when predicted spans cover it with an intersection over union (IoU) of
  0.9 or more. Predictions are added from the left for as long as the IoU grows, and those that
  found a span together count as one. The type does not matter, as personal data is hidden all the
  same; `typed_*` are the figures where it does.
- precision = found / predicted, recall = found / labelled, F2 = 5PR / (4P + R).
- The types of both sides are made comparable first: STREET_ADDRESS, GPE and ZIP_CODE are LOCATION,
  DOMAIN_NAME is URL, DATE_OF_BIRTH is DATE_TIME.

`leaked` is the share of labelled letters and digits that no prediction covers; `chars_per_s` is per
second of processor time. Texts are of two halves by their template: even `template_id`s were looked
at while the recognisers were written (`development`), odd ones never (`held_out`).
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, TypeAdapter

from benchmarks.__main__ import Figures
from benchmarks._given import one_json
from neurocortex.privacy.entities import Entity, Span
from neurocortex.privacy.finding import THRESHOLD, Finder

IOU: Final = 0.9

SAME: Final[Mapping[str, str]] = {
    "STREET_ADDRESS": "LOCATION",
    "GPE": "LOCATION",
    "ZIP_CODE": "LOCATION",
    "DOMAIN_NAME": "URL",
    "DATE_OF_BIRTH": "DATE_TIME",
}

Find = Callable[[str], Sequence[Span]]


class Label(BaseModel):
    """One labelled span of the file."""

    entity_type: str
    start_position: int
    end_position: int


class Text(BaseModel):
    """One text of the file, in the format of presidio-research."""

    full_text: str
    spans: list[Label]
    template_id: int


class Marked(NamedTuple):
    """A span as it is compared: the places of its letters and digits."""

    kind: str
    places: frozenset[int]


@dataclass(slots=True)
class Tally:
    """What adds up over the texts."""

    labelled: int = 0
    predicted: int = 0
    found: int = 0
    typed_predicted: int = 0
    typed_found: int = 0
    characters: int = 0
    leaked: int = 0

    def add(self, labels: Sequence[Marked], predictions: Sequence[Marked]) -> None:
        """Count one text."""
        self.labelled += len(labels)
        found, used = matched(labels, predictions)
        self.found += found
        self.predicted += found + len(predictions) - used
        self.typed_predicted += len(predictions)
        for kind in {label.kind for label in labels}:
            alike = [each for each in predictions if each.kind == kind]
            found, used = matched([each for each in labels if each.kind == kind], alike)
            self.typed_found += found
            self.typed_predicted += found - used
        covered = frozenset[int]().union(*(each.places for each in predictions))
        for label in labels:
            self.characters += len(label.places)
            self.leaked += len(label.places - covered)

    def figures(self) -> Iterator[tuple[str, float]]:
        """Yield the figures by name."""
        yield from _scores("", self.found, self.predicted, self.labelled)
        yield from _scores("typed_", self.typed_found, self.typed_predicted, self.labelled)
        yield "leaked", round(self.leaked / max(1, self.characters), 4)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "path", type=Path, help="labelled texts, e.g. synth_dataset_v2.json, or their folder"
    )
    parser.add_argument("--model", help="an installed spaCy model; without: none")


def run(options: argparse.Namespace) -> Figures:
    """Measure."""
    file = one_json(options.path, "the labelled texts")
    texts = TypeAdapter(list[Text]).validate_python(json.loads(file.read_text()))
    from neurocortex.privacy.presidio import as_shipped  # 2 to 3 s to import

    finder = Finder(options.model)
    halves = {
        "development": [each for each in texts if each.template_id % 2 == 0],
        "held_out": [each for each in texts if each.template_id % 2],
    }
    figures: dict[str, float | int | Mapping[str, float | int | str]] = {"texts": len(texts)}
    for name, find in (("", finder.find), ("presidio_", as_shipped(THRESHOLD))):
        find("Anna Miller lives in Oslo.")  # loads what is loaded once
        seconds = 0.0
        for half, part in halves.items():
            scores, spent = measure(part, find)
            figures[name + half] = scores
            seconds += spent
        characters = sum(len(each.full_text) for each in texts)
        figures[f"{name}chars_per_s"] = round(characters / seconds)
    return figures


def measure(texts: Sequence[Text], find: Find) -> tuple[Mapping[str, float], float]:
    """Return the scores of texts, and the seconds that finding took."""
    tally, seconds = Tally(), 0.0
    for text in texts:
        before = time.process_time()
        spans = find(text.full_text)
        seconds += time.process_time() - before
        labels = [
            Span(Entity(each.entity_type), each.start_position, each.end_position, 1, "label")
            for each in text.spans
        ]
        tally.add(marked(text.full_text, labels), marked(text.full_text, spans))
    return dict(tally.figures()), seconds


def marked(text: str, spans: Sequence[Span]) -> list[Marked]:
    """Return spans as they are compared, neighbours of one type as one."""
    made: list[Marked] = []
    end = 0
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        places = frozenset(at for at in range(span.start, span.end) if text[at].isalnum())
        kind = SAME.get(span.entity, span.entity)
        if not places:
            continue
        between = text[end : span.start]
        if made and made[-1].kind == kind and not any(map(str.isalnum, between)):
            made[-1] = Marked(kind, made[-1].places | places)
        else:
            made.append(Marked(kind, places))
        end = max(end, span.end)
    return made


def matched(labels: Sequence[Marked], predictions: Sequence[Marked]) -> tuple[int, int]:
    """Return how many labels are found, and how many predictions found them."""
    found = 0
    used: set[int] = set()
    for label in labels:
        chosen: list[int] = []
        best = 0.0
        for number, each in enumerate(predictions):
            if number in used or not each.places & label.places:
                continue
            together = each.places.union(*(predictions[other].places for other in chosen))
            iou = len(together & label.places) / len(together | label.places)
            if iou > best:
                chosen.append(number)
                best = iou
        if best >= IOU:
            found += 1
            used.update(chosen)
    return found, len(used)


def _scores(prefix: str, found: int, predicted: int, labelled: int) -> Iterator[tuple[str, float]]:
    precision, recall = found / max(1, predicted), found / max(1, labelled)
    f2 = 5 * precision * recall / max(1e-9, 4 * precision + recall)
    yield f"{prefix}precision", round(precision, 4)
    yield f"{prefix}recall", round(recall, 4)
    yield f"{prefix}f2", round(f2, 4)
