"""An endpoint is left out, probed, and let in again."""

from hypothesis import given
from hypothesis import strategies as st

from neurocortex.balancing.health import Health, HealthRules, Standing

RULES = HealthRules(failures=3, ejection_s=5, max_ejection_s=60, check_every_s=5)


def failing(times: int, *, may_eject: bool = True) -> Health:
    health = Health()
    for at in range(times):
        health = RULES.failed(health, 99, 100 + at, "500", may_eject=may_eject)
    return health


def test_three_failures_in_a_row_eject() -> None:
    assert failing(2).standing(102) is Standing.IN
    ejected = failing(3)
    assert ejected.standing(102) is Standing.OUT
    assert ejected.reason == "500"


def test_the_last_one_is_never_ejected_and_goes_as_soon_as_it_is_not() -> None:
    last = failing(10, may_eject=False)
    assert last.standing(200) is Standing.IN
    assert RULES.failed(last, 199, 200, "500", may_eject=True).standing(200) is Standing.OUT


def test_one_failure_in_ten_does_not_eject_and_one_in_two_does() -> None:
    seldom, often = Health(), Health()
    for at in range(1000):
        outcome = RULES.failed if at % 10 == 0 else None
        seldom = (
            outcome(seldom, at, at, "500", may_eject=True)
            if outcome
            else RULES.succeeded(seldom, at)
        )
    for at in range(20):
        often = RULES.failed(often, at, at, "500", may_eject=True)
        often = often if often.ejected_until else RULES.failed(often, at, at, "x", may_eject=True)
        often = often if often.ejected_until else RULES.succeeded(often, at)
    assert seldom.standing(1000) is Standing.IN
    assert often.ejected_until


def test_after_its_time_one_call_probes_it_and_its_success_lets_it_in() -> None:
    ejected = failing(3)
    due = ejected.ejected_until
    assert ejected.standing(due) is Standing.DUE
    probed = RULES.probed(ejected, due)
    assert probed.standing(due) is Standing.OUT
    assert RULES.unprobed(probed).standing(due) is Standing.DUE
    assert RULES.succeeded(probed, due).standing(due) is Standing.IN
    assert probed.standing(due + 100) is Standing.DUE, "the prober died"


def test_each_time_in_a_row_is_twice_as_long_up_to_the_longest() -> None:
    health, lengths = failing(3), []
    for _ in range(6):
        lengths.append(health.ejected_until - health.ejected_at)
        due = health.ejected_until
        health = RULES.failed(RULES.probed(health, due), due, due, "500", may_eject=True)
    assert lengths == [5, 10, 20, 40, 60, 60]


def test_after_a_long_peace_the_next_time_is_a_first_one() -> None:
    healed = RULES.succeeded(failing(3), 110)
    for at in (1000, 1001, 1002):
        healed = RULES.failed(healed, at, at, "500", may_eject=True)
    assert healed.ejected_until - healed.ejected_at == 5


def test_what_began_before_the_ejection_changes_nothing() -> None:
    ejected = failing(3)
    assert RULES.succeeded(ejected, ejected.ejected_at - 1) == ejected
    late = ejected.ejected_until + 1
    assert RULES.failed(ejected, ejected.ejected_at - 1, late, "x", may_eject=True) == ejected


def test_a_pause_lasts_as_long_as_was_asked_for() -> None:
    paused = RULES.paused(Health(), 100, 2)
    assert paused.standing(101.9) is Standing.PAUSED
    assert paused.standing(102) is Standing.IN
    assert RULES.paused(Health(), 100, 1e9).standing(100 + 301) is Standing.IN, "not for ever"


def test_checks_eject_and_one_that_succeeds_lets_a_call_probe() -> None:
    health = Health()
    for at in (0, 5, 10):
        health = RULES.checked(health, "no answer", at, may_eject=True)
    assert health.standing(10) is Standing.OUT
    assert health.reason == "check: no answer"
    health = RULES.checked(health, "no answer", 15, may_eject=True)
    assert health.standing(20) is Standing.OUT, "no call finds out what checks know"
    assert RULES.checked(health, None, 16, may_eject=True).standing(16) is Standing.DUE


def test_a_check_that_succeeds_does_not_let_in_what_calls_ejected() -> None:
    """An endpoint may list its models and fail each call."""
    ejected = failing(3)
    assert RULES.checked(ejected, None, 103, may_eject=True).standing(103) is Standing.OUT


def test_checks_never_eject_the_last_one() -> None:
    health = Health()
    for at in range(10):
        health = RULES.checked(health, "no answer", at, may_eject=False)
    assert health.standing(10) is Standing.IN


def refusing(began: float = 100) -> Health:
    return RULES.failed(
        Health(), began, began + 0.01, "500", may_eject=False, at_once=True, refused_s=0.01
    )


def test_one_failure_is_enough_where_it_was_a_refusal_and_nobody_else_is_in() -> None:
    ejected = refusing()
    assert ejected.standing(100.02) is Standing.OUT
    assert ejected.failing_since == 100.01
    assert ejected.refused_after_s == 0.01


def test_a_crowd_that_is_refused_late_does_not_make_the_next_probe_wait() -> None:
    tried = RULES.settled(RULES.probed(refusing(), 101), 101, 101.05)
    crowd = RULES.failed(tried, 101.06, 101.4, "500", may_eject=True, refused_s=0.34)
    assert crowd.refused_after_s == 0.01
    hanging = RULES.failed(tried, 101.06, 101.9, "500", may_eject=True, refused_s=None)
    assert hanging.refused_after_s is None


def test_others_follow_a_probe_that_was_not_refused_before_it_is_answered() -> None:
    probed = RULES.probed(refusing(), 101)
    assert probed.standing(101.04) is Standing.OUT
    tried = RULES.settled(probed, 101, 101.05)
    assert tried.standing(101.05) is Standing.IN
    assert RULES.unprobed(tried) == tried, "that it was not refused told enough"
    assert RULES.unprobed(probed).standing(101.02) is Standing.OUT
    assert RULES.succeeded(tried, 101) == Health(ejections=1, ejected_at=100.01)


def test_a_probe_of_before_an_ejection_or_after_its_end_settles_nothing() -> None:
    assert RULES.settled(refusing(), 99, 102) == refusing()
    assert RULES.settled(Health(), 99, 102) == Health()


def test_a_probe_before_its_time_that_is_refused_makes_an_ejection_no_longer() -> None:
    before = refusing()
    after = RULES.failed(RULES.probed(before, 101), 101, 101.01, "500", may_eject=True)
    assert (after.ejected_until, after.ejections) == (before.ejected_until, 1)
    assert (after.ejected_at, after.failing_since) == (101.01, 100.01)
    assert after.standing(101.02) is Standing.OUT


def test_an_outage_after_a_trial_that_went_well_is_another_one() -> None:
    back = RULES.settled(RULES.probed(refusing(), 101), 101, 101.05)
    out_again = RULES.failed(back, 101.5, 101.51, "500", may_eject=True)
    assert out_again.standing(101.52) is Standing.OUT
    assert out_again.failing_since == 101.51


def test_one_that_is_slow_stays_so_until_it_fails() -> None:
    slow = RULES.failed(
        Health(), 99, 100, "others begin sooner", may_eject=False, at_once=True, is_slow=True
    )
    assert slow.standing(101) is Standing.SLOW
    assert RULES.failed(slow, 101, 104, "slow", may_eject=True, is_slow=True) == slow
    failing_ = RULES.failed(slow, 101, 101.1, "500", may_eject=True)
    assert failing_.standing(101.2) is Standing.OUT
    assert slow.standing(slow.ejected_until) is Standing.DUE


EVENTS = st.lists(st.sampled_from(["good", "bad", "check", "passed", "pause", "probe"]))


@given(EVENTS)
def test_whatever_happens_an_endpoint_comes_back(events: list[str]) -> None:
    health, now = Health(), 1000.0
    for event in events:
        now += 1
        match event:
            case "good":
                health = RULES.succeeded(health, now)
            case "bad":
                health = RULES.failed(health, now, now, "500", may_eject=True)
            case "check":
                health = RULES.checked(health, "silent", now, may_eject=True)
            case "passed":
                health = RULES.checked(health, None, now, may_eject=True)
            case "pause":
                health = RULES.paused(health, now, 7)
            case _:
                health = RULES.settled(RULES.probed(health, now), now, now + int(now) % 2)
    later = now + RULES.max_ejection_s + 30
    assert health.standing(later) in (Standing.IN, Standing.DUE)
    assert RULES.succeeded(health, later).standing(later) is Standing.IN
    assert Health.model_validate_json(health.model_dump_json()) == health
