from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.lake.postings import (
    MAX_FREQUENCY,
    MAX_LENGTH,
    SegmentBuilder,
    pack,
    unpack,
)
from neurocortex.lake.segments import MAX_SEGMENTS, Segment, choose
from neurocortex.text.tokens import tokens

chunk_ids = st.integers(1, 2**39 - 1)


def parts(posting: int) -> tuple[int, ...]:
    """A posting as a search takes it apart, in arrays."""
    return tuple(int(part[0]) for part in unpack(np.array([posting])))


def packed(chunk_id: int, frequency: int, length: int) -> int:
    return int(pack(np.array([chunk_id]), np.array([frequency]), np.array([length]))[0])


@given(chunk_ids, st.integers(0, MAX_FREQUENCY), st.integers(0, MAX_LENGTH))
def test_a_posting_keeps_its_parts(chunk_id: int, frequency: int, length: int) -> None:
    assert parts(packed(chunk_id, frequency, length)) == (chunk_id, frequency, length)


def test_what_is_too_large_is_cut_and_touches_no_neighbour() -> None:
    assert parts(packed(7, 10**6, 10**6)) == (7, MAX_FREQUENCY, MAX_LENGTH)


@given(chunk_ids, chunk_ids)
def test_postings_sort_by_chunk(first: int, second: int) -> None:
    if first != second:
        assert (packed(first, 500, 9) < packed(second, 1, 30_000)) == (first < second)


@given(st.lists(st.text(st.sampled_from("ab c")), max_size=20))
def test_a_segment_counts_every_term_of_every_chunk(texts: list[str]) -> None:
    builder = SegmentBuilder()
    builder.add(enumerate(texts, start=1))
    segment = builder.build()
    expected = [Counter(tokens(content)) for content in texts]
    assert segment.tokens == sum(map(Counter.total, expected))
    starts = [0, *segment.ends.tolist()]
    found = {
        term: [parts(posting) for posting in segment.postings[start:end].tolist()]
        for term, start, end in zip(segment.terms, starts, segment.ends, strict=False)
    }
    assert found == {
        term: [
            (number, counted[term], counted.total())
            for number, counted in enumerate(expected, start=1)
            if term in counted
        ]
        for term in set().union(*expected)
    }


@given(st.lists(st.integers(1, 10**6), max_size=40))
def test_merging_leaves_few_segments(sizes: list[int]) -> None:
    segments = [Segment(number, size) for number, size in enumerate(sizes)]
    chosen = choose(segments)
    assert len(chosen) != 1, "a segment alone is never rewritten"
    remaining = len(segments) - len(chosen) + bool(chosen)
    assert remaining <= MAX_SEGMENTS


def test_many_small_loads_rewrite_each_chunk_a_few_times_only() -> None:
    segments: list[Segment] = []
    rewritten = 0
    loads = 2000
    for number in range(loads):
        segments.append(Segment(number, 1))
        if chosen := choose(segments):
            merged = sum(segment.chunks for segment in chosen)
            segments = [segment for segment in segments if segment not in chosen]
            segments.append(Segment(loads + number, merged))
            rewritten += merged
    assert len(segments) <= MAX_SEGMENTS
    assert rewritten < 12 * loads
