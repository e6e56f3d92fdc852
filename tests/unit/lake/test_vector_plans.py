from neurocortex.lake.vectors import INDEX_FROM, REBUILD_SHARE, is_indexed_anew


def test_a_small_collection_needs_no_index() -> None:
    assert not is_indexed_anew(0, INDEX_FROM - 1)


def test_a_large_load_builds_a_new_table() -> None:
    assert is_indexed_anew(0, INDEX_FROM)
    assert is_indexed_anew(INDEX_FROM, int(INDEX_FROM * REBUILD_SHARE) + 1)


def test_a_small_load_inserts() -> None:
    assert not is_indexed_anew(INDEX_FROM, int(INDEX_FROM * REBUILD_SHARE))
