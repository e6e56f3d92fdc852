"""Documents that say nearly the same as others are found, whichever came first, and no others."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.documents.near_duplicates import RULE, find, refused
from neurocortex.documents.shingles import LEAST_WORDS, bands_of, resemblance, shingles_of
from neurocortex.domain.documents import Document

WORDS = [f"word{number}" for number in range(3000)]
LEAST = 0.85
FIRST_BANDS = (628618854459413052, 3678140868685540519)


def text(seed: int, words: int = 300) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def edited(original: str, changes: int) -> str:
    """Change words far apart, each of which is in five shingles."""
    words = original.split()
    for place in range(changes):
        words[10 + place * (len(words) - 20) // changes] = f"other{place}"
    return " ".join(words)


def document(source: str, content: str, row: int | None = None) -> Document:
    checksum = sha256(content.encode()).hexdigest()
    metadata = {"file": "rows.csv", "row": str(row)} if row else {}
    return Document(source, source, content, "text/plain", checksum, metadata=metadata)


@dataclass
class Collection:
    """What is in the Lake, by source."""

    documents: Mapping[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def alike(self, bands: Sequence[Sequence[int]]) -> Mapping[str, Sequence[int]]:
        wanted = {band for each in bands for band in each}
        there = {name: bands_of(shingles_of(content)) for name, content in self.documents.items()}
        return {name: each for name, each in there.items() if wanted & set(each)}

    def texts(self, sources: Iterable[str]) -> Mapping[str, str]:
        self.read += sources
        return {source: self.documents[source] for source in self.read}


def test_resemblance_is_the_share_of_common_shingles() -> None:
    one = text(1)
    assert resemblance(shingles_of(one), shingles_of(f"  {one.upper()}\n")) == 1.0
    # 296 shingles, of which two changed words take ten away and bring ten new ones.
    assert resemblance(shingles_of(one), shingles_of(edited(one, 2))) == pytest.approx(286 / 306)
    assert resemblance(shingles_of(one), shingles_of(text(2))) == 0.0


def test_short_texts_are_not_compared() -> None:
    short = text(1, LEAST_WORDS - 1)
    assert bands_of(shingles_of(short)) == ()
    assert find([document("a", short), document("b", short)], Collection(), LEAST) == ()


def test_numbers_are_the_same_in_every_process() -> None:
    assert bands_of(shingles_of(text(1)))[:2] == FIRST_BANDS


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(200, 600))
def test_what_is_nearly_the_same_shares_a_band(seed: int, changes: int, words: int) -> None:
    one = text(seed, words)
    other = edited(one, changes)
    assert set(bands_of(shingles_of(one))) & set(bands_of(shingles_of(other)))


def test_of_one_load_the_first_is_kept_and_each_other_names_it() -> None:
    one = text(1)
    documents = [
        document("a", one),
        document("b", text(2)),
        document("c", edited(one, 2)),
        document("d", one),
        document("e", edited(one, 30)),
    ]
    found = find(documents, Collection(), LEAST)
    assert [(each.source, each.like) for each in found] == [("c", "a"), ("d", "a")]
    assert found[0].share == pytest.approx(286 / 306)


def test_what_is_in_the_lake_counts_but_not_the_version_that_is_replaced() -> None:
    one, two = text(1), text(2)
    known = Collection({"old": one, "mine": two, "far": text(3)})
    documents = [document("new", edited(one, 1)), document("mine", edited(two, 1))]
    found = find(documents, known, LEAST)
    assert [(each.source, each.like) for each in found] == [("new", "old")]
    assert known.read == ["old"]  # the texts of all others stay where they are


def test_many_copies_are_compared_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def counted(*both: object) -> float:
        compared.append(both)
        return 1.0

    monkeypatch.setattr("neurocortex.documents.near_duplicates.resemblance", counted)
    copies = [document(str(number), text(1)) for number in range(100)]
    assert len(find(copies, Collection(), LEAST)) == len(compared) == 99


def test_a_row_that_is_refused_says_its_file_and_row_and_the_other() -> None:
    documents = [document("rows.csv#1", text(1), 1), document("rows.csv#2", text(1), 2)]
    (entry,) = refused(documents, find(documents, Collection(), LEAST))
    assert (entry.source, entry.row, entry.rule) == ("rows.csv", 2, RULE)
    assert entry.reason == "it says nearly the same (100% of both) as rows.csv#1"
