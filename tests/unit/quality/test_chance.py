"""How much two samples may differ: against SciPy, and at the edges."""

import pytest
from scipy.stats import betabinom

from neurocortex.quality.chance import UNLIKELY, divergence_noise, surprising


@pytest.mark.parametrize("before", [0, 3, 500, 9_999, 10_000])
@pytest.mark.parametrize("share", [0.0001, 0.002, 0.0134, 0.06, 0.5, 0.999, 1.0])
def test_it_is_the_tail_of_the_beta_binomial(before: int, share: float) -> None:
    found = round(5000 * share)
    tail = betabinom.sf(found - 1, 5000, before + 0.5, 10_000 - before + 0.5)
    above = found * 10_001 > 5000 * (before + 0.5)
    assert surprising(found, 5000, before, 10_000) is bool(above and tail < UNLIKELY)


def test_nothing_is_no_surprise() -> None:
    assert not surprising(0, 0, 0, 0)
    assert not surprising(0, 100, 50, 100)
    assert not surprising(3, 3, 0, 0)


def test_small_loads_may_differ_more() -> None:
    assert divergence_noise(4, 50, 1000) > divergence_noise(4, 5000, 1000)
    assert divergence_noise(4, 0, 1000) == 1.0
