"""Values redacted, masked, hashed, encrypted; and back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.errors import PrivacyKeyError, RevealForbiddenError, TamperedError
from neurocortex.privacy.classes import DataClass
from neurocortex.privacy.hiding import (
    Hider,
    Place,
    decrypted_bytes,
    encrypted,
    encrypted_bytes,
    is_encrypted,
    masked,
    pseudonym,
    revealed,
)
from neurocortex.privacy.keys import generate
from neurocortex.privacy.policies import Action
from neurocortex.security.roles import Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = generate(NOW)
HERE = Place("acme", "people.email")
SEALED = encrypted("ann@example.com", HERE, DataClass.SECRET, KEYS)
# PostgreSQL and JSON hold no half of a surrogate pair, and so no value has one.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_what_is_encrypted_comes_back_in_its_place(value: str) -> None:
    sealed = encrypted(value, HERE, DataClass.PERSONAL, KEYS)
    assert is_encrypted(sealed)
    assert revealed(sealed, HERE, KEYS, Role.OPERATOR) == value


@given(st.binary())
def test_bytes_too(content: bytes) -> None:
    assert decrypted_bytes(encrypted_bytes(content, HERE, KEYS), HERE, KEYS) == content


def test_equal_values_do_not_look_equal_when_encrypted() -> None:
    assert len({encrypted("ann", HERE, DataClass.PERSONAL, KEYS) for _ in range(50)}) == 50


@pytest.mark.parametrize("place", [Place("other", "people.email"), Place("acme", "people.phone")])
def test_it_is_worth_nothing_in_another_place(place: Place) -> None:
    sealed = encrypted("ann@example.com", HERE, DataClass.PERSONAL, KEYS)
    with pytest.raises(TamperedError, match=place.column):
        revealed(sealed, place, KEYS, Role.ADMIN)
    with pytest.raises(TamperedError):
        decrypted_bytes(encrypted_bytes(b"ann", HERE, KEYS), place, KEYS)


@given(st.data())
def test_any_change_is_noticed(data: st.DataObject) -> None:
    payload = SEALED.rpartition(":")[2]
    at = data.draw(st.integers(0, len(payload) - 2))  # the last letter may hold unused bits
    other = data.draw(st.sampled_from("abcXYZ012-_").filter(lambda letter: letter != payload[at]))
    changed = SEALED[: -len(payload)] + payload[:at] + other + payload[at + 1 :]
    with pytest.raises(TamperedError):
        revealed(changed, HERE, KEYS, Role.ADMIN)


@pytest.mark.parametrize("text", ["", "ann", "nc1:personal", "nc1:personal:00:!!", "nc2:a:b:c"])
def test_what_is_no_encrypted_value_is_refused(text: str) -> None:
    with pytest.raises((TamperedError, PrivacyKeyError)):
        revealed(text, HERE, KEYS, Role.ADMIN)


def test_the_class_cannot_be_talked_down() -> None:
    sealed = encrypted("ann", HERE, DataClass.SECRET, KEYS)
    with pytest.raises(RevealForbiddenError, match="admin"):
        revealed(sealed, HERE, KEYS, Role.OPERATOR)
    with pytest.raises(TamperedError):
        revealed(sealed.replace("secret", "personal"), HERE, KEYS, Role.OPERATOR)


def test_a_reader_sees_nothing_personal() -> None:
    sealed = encrypted("ann", HERE, DataClass.PERSONAL, KEYS)
    with pytest.raises(RevealForbiddenError) as caught:
        revealed(sealed, HERE, KEYS, Role.READER)
    assert caught.value.needed == Role.OPERATOR


def test_keys_of_another_installation_are_missing_by_name() -> None:
    sealed = encrypted("ann", HERE, DataClass.PERSONAL, KEYS)
    with pytest.raises(PrivacyKeyError, match=KEYS.newest.id):
        revealed(sealed, HERE, generate(NOW), Role.ADMIN)


def test_an_old_key_decrypts_and_the_newest_encrypts() -> None:
    old = encrypted("ann", HERE, DataClass.PERSONAL, KEYS)
    rotated = KEYS.rotated(NOW)
    assert revealed(old, HERE, rotated, Role.OPERATOR) == "ann"
    new = encrypted("ann", HERE, DataClass.PERSONAL, rotated)
    with pytest.raises(PrivacyKeyError):
        revealed(new, HERE, KEYS, Role.OPERATOR)


@given(TEXTS)
def test_a_mask_leaves_four_characters_of_a_long_value_and_none_of_a_short_one(value: str) -> None:
    hidden = masked(value)
    left = [c for c in hidden if c.isalnum()]
    plain = [c for c in value if c.isalnum()]
    assert left == (plain[-4:] if len(plain) >= 9 else [])
    assert len(hidden) == len(value)


def test_a_mask_keeps_the_form() -> None:
    assert masked("4111-1111-1111-1234") == "****-****-****-1234"
    assert masked("Ann") == "***"


def test_a_pseudonym_is_the_same_for_the_same_person_of_a_tenant_only() -> None:
    one = pseudonym("Ann Smith", "acme", KEYS)
    assert pseudonym("  ann  SMITH ", "acme", KEYS.rotated(NOW)) == one
    assert pseudonym("Ann Smith", "other", KEYS) != one
    assert pseudonym("Ann Smith", "acme", generate(NOW)) != one
    assert pseudonym("Ann Smyth", "acme", KEYS) != one
    # The parts of what is hashed cannot run together.
    assert pseudonym("b c", "a", KEYS) != pseudonym("c", "a b", KEYS)


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.KEEP])
@given(value=st.text(st.sampled_from("abcdefghij0123"), min_size=9, max_size=40))
def test_no_action_leaves_the_value_in_what_it_returns(action: Action, value: str) -> None:
    hider = Hider(HERE, lambda: KEYS)
    assert value not in hider.hide(value, "EMAIL", action)


def test_keys_are_asked_for_only_where_one_is_needed() -> None:
    def missing() -> object:
        raise PrivacyKeyError("there is none")

    hider = Hider(HERE, missing)  # type: ignore[arg-type]
    assert hider.hide("Ann", "PERSON", Action.REDACT) == "<PERSON>"
    with pytest.raises(PrivacyKeyError):
        hider.hide("Ann", "PERSON", Action.HASH)
