from neurocortex.lake.graph import (
    DENSE,
    DENSE_FROM,
    INDEX_FROM,
    LIGHT,
    REBUILD_SHARE,
    is_built_anew,
    suited,
)


def test_a_small_collection_needs_no_graph() -> None:
    assert suited(INDEX_FROM - 1) is None
    assert not is_built_anew(0, INDEX_FROM - 1)


def test_a_large_load_builds_a_new_table() -> None:
    assert is_built_anew(0, INDEX_FROM)
    assert is_built_anew(INDEX_FROM, int(INDEX_FROM * REBUILD_SHARE) + 1)


def test_a_small_load_inserts() -> None:
    assert not is_built_anew(INDEX_FROM, int(INDEX_FROM * REBUILD_SHARE))


def test_a_graph_grows_dense_with_its_collection() -> None:
    assert suited(INDEX_FROM) == suited(DENSE_FROM - 1) == LIGHT
    assert suited(DENSE_FROM) == DENSE


def test_a_small_load_that_outgrows_a_light_graph_builds_a_dense_one() -> None:
    assert not is_built_anew(DENSE_FROM - 2, 1)
    assert is_built_anew(DENSE_FROM - 1, 1)
    assert not is_built_anew(DENSE_FROM, 1)
