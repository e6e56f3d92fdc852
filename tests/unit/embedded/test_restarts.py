from hypothesis import given
from hypothesis import strategies as st

from neurocortex.embedded.restarts import FIRST_DELAY_S, LONGEST_DELAY_S, WINDOW_S, delay

moments = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).map(sorted)


def test_a_first_death_is_answered_nearly_at_once() -> None:
    assert delay([100.0], now=100.0, max_restarts=5) == FIRST_DELAY_S


def test_each_further_death_doubles_the_wait() -> None:
    assert delay([99.0, 100.0], now=100.0, max_restarts=5) == 2 * FIRST_DELAY_S
    assert delay([98.0, 99.0, 100.0], now=100.0, max_restarts=5) == 4 * FIRST_DELAY_S


def test_more_deaths_than_allowed_within_the_window_are_the_end() -> None:
    assert delay([97.0, 98.0, 99.0], now=99.0, max_restarts=2) is None


def test_no_restart_at_all_is_allowed() -> None:
    assert delay([1.0], now=1.0, max_restarts=0) is None


def test_deaths_before_the_window_are_forgotten() -> None:
    old = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    now = 6.0 + WINDOW_S
    assert delay([*old, now], now, max_restarts=1) == FIRST_DELAY_S


@given(deaths=moments, max_restarts=st.integers(0, 40))
def test_the_wait_stays_within_its_bounds(deaths: list[float], max_restarts: int) -> None:
    wait = delay(deaths, deaths[-1], max_restarts)
    recent = [death for death in deaths if deaths[-1] - death < WINDOW_S]
    assert (wait is None) == (len(recent) > max_restarts)
    assert wait is None or FIRST_DELAY_S <= wait <= LONGEST_DELAY_S
