from hypothesis import given
from hypothesis import strategies as st

from neurocortex.lake.identity import document_id

names = st.text(min_size=1)


@given(names, names)
def test_an_id_is_the_same_every_time(collection: str, source: str) -> None:
    assert document_id(collection, source) == document_id(collection, source)


@given(st.tuples(names, names), st.tuples(names, names))
def test_different_documents_have_different_ids(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    assert (document_id(*first) == document_id(*second)) == (first == second)


def test_the_border_between_collection_and_source_counts() -> None:
    assert document_id("ab", "c") != document_id("a", "bc")


def test_ids_do_not_change_between_versions() -> None:
    assert str(document_id("documents", "/a.txt")) == "1a0d838a-eae3-5284-a7a4-0278afc4c9ff"
