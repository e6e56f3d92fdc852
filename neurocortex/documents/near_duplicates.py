"""Documents that say nearly the same as others, of one load or of what is in the Lake already."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from neurocortex.documents.refusal import refused_document
from neurocortex.documents.shingles import Shingles, bands_of, resemblance, shingles_of
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import NearDuplicate

RULE: Final = "near_duplicate"

MOST_COMPARED: Final = 50
"""Documents that one is compared with: letters made from one form would each be with all others."""


class Known(Protocol):
    """What is in the Lake already."""

    def alike(self, bands: Sequence[Sequence[int]]) -> Mapping[str, Sequence[int]]:
        """Return documents that share a band with any of these, by source, with their bands."""
        ...

    def texts(self, sources: Iterable[str]) -> Mapping[str, str]:
        """Return the texts of documents, by source."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """A document that others are compared with."""

    source: str
    shingles: Shingles


def find(documents: Sequence[Document], known: Known, least: float) -> tuple[NearDuplicate, ...]:
    """Return the documents that resemble one before them, or one in the Lake.

    Args:
        documents: of one load; new versions are not compared with what they replace.
        known: what is in the collection.
        least: resemblance from which on two are near duplicates, 0.7 to 1.
    """
    shingles = [shingles_of(document.text) for document in documents]
    bands = [bands_of(each) for each in shingles]
    by_band: dict[int, list[_Seen]] = defaultdict(list)
    for seen, its_bands in _known(documents, bands, known):
        for band in its_bands:
            by_band[band].append(seen)
    found = []
    for document, mine, its_bands in zip(documents, shingles, bands, strict=True):
        others = {seen.source: seen for band in its_bands for seen in by_band[band][:MOST_COMPARED]}
        best = max(
            ((resemblance(mine, other.shingles), other.source) for other in others.values()),
            default=(0.0, ""),
        )
        if best[0] >= least:
            # It is not compared with: what resembles it resembles the other one as well.
            found.append(NearDuplicate(source=document.source, like=best[1], share=best[0]))
            continue
        for band in its_bands:
            by_band[band].append(_Seen(document.source, mine))
    return tuple(found)


def refused(
    documents: Iterable[Document], found: Iterable[NearDuplicate]
) -> tuple[Quarantined, ...]:
    """Return quarantine entries for near duplicates."""
    by_source = {document.source: document for document in documents}
    return tuple(
        refused_document(
            by_source[each.source],
            RULE,
            f"it says nearly the same ({each.share:.0%} of both) as {each.like}",
        )
        for each in found
    )


def _known(
    documents: Sequence[Document], bands: Sequence[Sequence[int]], known: Known
) -> Iterable[tuple[_Seen, Sequence[int]]]:
    replaced = {document.source for document in documents}
    alike = {
        source: its_bands
        for source, its_bands in known.alike(bands).items()
        if source not in replaced
    }
    for source, whole in known.texts(alike).items():
        yield _Seen(source, shingles_of(whole)), alike[source]
