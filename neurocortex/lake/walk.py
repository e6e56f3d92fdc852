"""How far a search walks through a graph of vectors: settings of each connection of the Lake.

They are given when a connection is opened, so that a search need not send them. pgvector reads
them at each walk: https://github.com/pgvector/pgvector#iterative-index-scans.
"""

from typing import Final

EF_SEARCH: Final = 400
"""Candidates a search looks at: 2 to 7 ms, a small part of a question."""

MAX_SCANNED: Final = 40_000
"""Vectors that a walk looks at before it gives up, which takes it about 0.1 s. A walk goes on past
EF_SEARCH candidates where more are asked for, or where a filter lets few of them through."""

OPTIONS: Final = (
    f"-c hnsw.ef_search={EF_SEARCH}"
    " -c hnsw.iterative_scan=strict_order"
    f" -c hnsw.max_scan_tuples={MAX_SCANNED}"
)
"""For libpq's parameter `options`."""
