import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.domain.embedding import StorableEmbedder, Trainer
from neurocortex.engines.lsa import LsaEmbedder, LsaTrainer
from neurocortex.engines.lsa_fitting import DIMENSION

PETS = [
    "The cat chases the mouse around the house.",
    "A kitten is a young cat; it plays with a mouse.",
    "Dogs and puppies bark at the cat.",
    "The puppy is a young dog that barks.",
]
MONEY = [
    "The bank raised its interest rate on loans.",
    "Loans with a high interest rate cost the borrower money.",
    "The borrower pays money back to the bank.",
]

texts = st.lists(st.text(st.sampled_from("abc de\n.é")), max_size=12)


def test_it_is_what_the_lake_asks_for() -> None:
    assert isinstance(LsaTrainer(), Trainer)
    assert isinstance(LsaTrainer().fit(PETS), StorableEmbedder)


def test_texts_on_one_subject_are_nearer_than_others() -> None:
    model = LsaTrainer().fit([*PETS, *MONEY])
    similarity = model.embed_query("interest of the bank") @ model.embed_documents(PETS + MONEY).T
    assert similarity[0, len(PETS) :].min() > similarity[0, : len(PETS)].max()


def test_the_same_texts_give_the_same_model() -> None:
    first, second = LsaTrainer().fit(PETS), LsaTrainer().fit(iter(PETS))
    assert first.version == second.version
    assert first.to_bytes() == second.to_bytes()


def test_other_texts_give_another_version() -> None:
    assert LsaTrainer().fit(PETS).version != LsaTrainer().fit(MONEY).version


def test_a_stored_model_embeds_as_before() -> None:
    model = LsaTrainer().fit(PETS)
    stored = LsaEmbedder.from_bytes(model.to_bytes())
    assert stored.version == model.version
    assert stored.dimension == model.dimension
    np.testing.assert_array_equal(stored.embed_documents(MONEY), model.embed_documents(MONEY))


def test_a_stored_model_is_data_and_no_pickle() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, terms=np.array([object()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        LsaEmbedder.from_bytes(buffer.getvalue())


def test_a_text_of_unknown_words_has_no_direction() -> None:
    assert not LsaTrainer().fit(PETS).embed_query("xylophone zeppelin").any()


@given(texts)
def test_any_texts_can_be_fitted_and_embedded(found: list[str]) -> None:
    model = LsaTrainer().fit(found)
    vectors = model.embed_documents([*found, "abc"])
    assert vectors.shape == (len(found) + 1, model.dimension)
    assert vectors.dtype == np.float32
    assert 1 <= model.dimension <= DIMENSION
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.all(np.isclose(lengths, 1, atol=1e-3) | (lengths == 0))
