"""What is believed without another look."""

from neurocortex.domain.deployments import Tier
from neurocortex.security.principal import Principal
from neurocortex.security.roles import SCOPES, Role
from neurocortex.security.verified import ENTRIES, Verified


def principal(subject: str = "AAAAAAAA", expires_at: float | None = None) -> Principal:
    return Principal(subject, "acme", Role.READER, SCOPES[Role.READER], Tier.LOW, None, expires_at)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_credential_is_believed_for_a_while_from_the_same_address() -> None:
    clock = Clock()
    verified = Verified(5, clock)
    verified.remember("Bearer x", "192.0.2.1", who := principal())
    assert verified.recall("Bearer x", "192.0.2.1") is who
    assert verified.recall("Bearer x", "192.0.2.2") is None
    assert verified.recall("Bearer y", "192.0.2.1") is None
    clock.now = 4.999
    assert verified.recall("Bearer x", "192.0.2.1") is who
    clock.now = 5
    assert verified.recall("Bearer x", "192.0.2.1") is None


def test_it_is_not_believed_beyond_its_own_end() -> None:
    clock = Clock()
    verified = Verified(5, clock, wall_clock=lambda: 1_000_000.0 + clock.now)
    verified.remember("x", "a", principal(expires_at=1_000_002.0))
    clock.now = 1.9
    assert verified.recall("x", "a") is not None
    clock.now = 2
    assert verified.recall("x", "a") is None
    verified.remember("x", "a", principal(expires_at=1_000_001.0))
    assert verified.recall("x", "a") is None


def test_a_key_is_forgotten_from_all_addresses_and_others_are_not() -> None:
    verified = Verified(5, Clock())
    verified.remember("x", "a", principal("AAAAAAAA"))
    verified.remember("x", "b", principal("AAAAAAAA"))
    verified.remember("y", "a", principal("BBBBBBBB"))
    verified.forget_key("AAAAAAAA")
    assert verified.recall("x", "a") is verified.recall("x", "b") is None
    assert verified.recall("y", "a") is not None
    verified.forget_all()
    assert verified.recall("y", "a") is None


def test_nothing_is_believed_where_the_cache_is_switched_off() -> None:
    verified = Verified(0, Clock())
    verified.remember("x", "a", principal())
    assert verified.recall("x", "a") is None


def test_it_does_not_grow_without_end() -> None:
    clock = Clock()
    verified = Verified(5, clock)
    who = principal()
    for number in range(ENTRIES):
        verified.remember(str(number), "a", who)
    clock.now = 1
    verified.remember("one more", "a", who)
    assert verified.recall("one more", "a") is who
    assert verified.recall("0", "a") is None
    clock.now = 5.5
    for number in range(ENTRIES - 1):
        verified.remember(str(number), "a", principal("BBBBBBBB"))
    clock.now = 6
    verified.remember("the last", "a", who)
    assert verified.recall("0", "a") is not None  # there was room, as one had ended
    verified.forget_key("BBBBBBBB")
    assert verified.recall("0", "a") is None
    assert verified.recall("the last", "a") is who


def test_whatever_is_forgotten_is_counted() -> None:
    verified = Verified(5, Clock())
    verified.forget_key("AAAAAAAA")
    verified.forget_all()
    assert verified.forgotten == 2
