"""How far a search walks through a graph of vectors.

What holds for every walk is a setting of each connection of the Lake, given when it is opened.
Through a dense graph a short walk finds as much as a long one through a lighter one: there the
candidates follow how many neighbours are wanted. pgvector reads the settings at each walk:
https://github.com/pgvector/pgvector#iterative-index-scans.
"""

from typing import Final

EF_SEARCH: Final = 400
"""Candidates a search looks at in a graph that is not dense: 2 to 12 ms."""

EF_LEAST: Final = 160
EF_PER_NEIGHBOUR: Final = 2
EF_MOST: Final = 600
"""Candidates in a dense graph: so many, and more for each neighbour that is wanted. For the ten
nearest of 100,000 vectors of 64 topics 180: recall .984."""

MAX_SCANNED: Final = 40_000
"""Vectors that a walk that goes on looks at before it gives up: about 0.1 s."""

GOING_ON: Final = "strict_order"
"""A walk goes on so where more are asked for than it looked at, or a filter lets few through."""

OPTIONS: Final = (
    f"-c hnsw.ef_search={EF_SEARCH}"
    f" -c hnsw.iterative_scan={GOING_ON}"
    f" -c hnsw.max_scan_tuples={MAX_SCANNED}"
)
"""For libpq's parameter `options`."""


def candidates(neighbours: int) -> int:
    """Return the candidates to look at in a dense graph for so many nearest neighbours."""
    return min(EF_LEAST + EF_PER_NEIGHBOUR * neighbours, EF_MOST)
