"""Addresses of results: written by a policy, read by a storage, perhaps years apart."""

import pytest

from neurocortex.cache.addresses import Address, key_of_text, parse
from neurocortex.cache.keys import Key
from neurocortex.errors import UnkeyableValueError

ADDRESS = Address(Key("acme", "tasks.questions.search", "0f3a"), 3600.0, ("collection:papers",))


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        Address(Key("acmé", "a.<locals>.b", "1%2F/#"), 0.5, ("a&b=c", "ü ?#", "")),
        Address(Key("acme", "a", "b"), 1e9),
    ],
)
def test_an_address_is_read_as_it_was_written(address: Address) -> None:
    assert parse(str(address)) == address
    assert key_of_text(str(address)) == address.key


def test_the_text_of_an_address_is_what_people_see() -> None:
    assert str(ADDRESS) == "acme:tasks.questions.search:0f3a?ttl=3600&tag=collection%3Apapers"
    assert key_of_text("acme:tasks.questions.search:0f3a") == ADDRESS.key


@pytest.mark.parametrize(
    "text", ["", "0f3a", "a:b?ttl=1", "a:b:c", "a:b:c?ttl=soon", "a:b:c?tag=x", "a:b:*?ttl=1"]
)
def test_what_another_policy_made_is_refused(text: str) -> None:
    with pytest.raises(UnkeyableValueError):
        parse(text)
