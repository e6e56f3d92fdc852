from neurocortex.lake.graph import (
    DENSE,
    DENSE_FROM,
    LIGHT,
    READ_IN_WHOLE,
    REBUILD_SHARE,
    ROW_NUMBERS,
    is_built_anew,
    suited,
)
from neurocortex.lake.walk import EF_MOST, candidates

DIMENSION = 384
INDEX_FROM = READ_IN_WHOLE // (DIMENSION + ROW_NUMBERS) + 1


def test_a_small_collection_needs_no_graph() -> None:
    assert suited(INDEX_FROM - 1, DIMENSION) is None
    assert not is_built_anew(0, INDEX_FROM - 1, DIMENSION)


def test_a_large_load_builds_a_new_table() -> None:
    assert is_built_anew(0, INDEX_FROM, DIMENSION)
    assert is_built_anew(INDEX_FROM, int(INDEX_FROM * REBUILD_SHARE) + 1, DIMENSION)


def test_a_small_load_inserts() -> None:
    assert not is_built_anew(INDEX_FROM, int(INDEX_FROM * REBUILD_SHARE), DIMENSION)


def test_a_graph_grows_dense_with_its_collection() -> None:
    assert suited(INDEX_FROM, DIMENSION) == suited(DENSE_FROM - 1, DIMENSION) == LIGHT
    assert suited(DENSE_FROM, DIMENSION) == DENSE


def test_a_small_load_that_outgrows_a_light_graph_builds_a_dense_one() -> None:
    assert not is_built_anew(DENSE_FROM - 2, 1, DIMENSION)
    assert is_built_anew(DENSE_FROM - 1, 1, DIMENSION)
    assert not is_built_anew(DENSE_FROM, 1, DIMENSION)


def test_longer_vectors_need_a_graph_earlier() -> None:
    assert suited(8_000, 384) is None
    assert suited(8_000, 768) == LIGHT


def test_a_walk_grows_with_the_neighbours_wanted_up_to_a_limit() -> None:
    assert candidates(10) < candidates(50) < candidates(150) < candidates(10_000) == EF_MOST
