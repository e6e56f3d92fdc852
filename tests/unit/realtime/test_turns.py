"""Below critical each tier gets its weight's share of the turns, at any time."""

from collections import Counter

from neurocortex.domain.deployments import Tier
from neurocortex.realtime.turns import Turns

WEIGHTS = {Tier.HIGH: 4.0, Tier.MEDIUM: 2.0, Tier.LOW: 1.0}


def test_shares_follow_the_weights() -> None:
    counts = Counter(Turns(WEIGHTS).next(700))
    assert counts == {Tier.HIGH: 400, Tier.MEDIUM: 200, Tier.LOW: 100}


def test_no_tier_waits_longer_than_a_round() -> None:
    turns = Turns(WEIGHTS)
    for _ in range(10):
        assert set(turns.next(7)) == set(WEIGHTS)


def test_turns_go_on_where_they_were() -> None:
    one, many = Turns(WEIGHTS), Turns(WEIGHTS)
    assert one.next(20) == [tier for _ in range(20) for tier in many.next(1)]
