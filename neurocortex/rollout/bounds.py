"""Between which limits a rate lies: bounds that may be looked at any time. Pure.

For a fixed step `t` the product of `exp(t x) / (1 - m + m exp(t))` over trials `x` of 0 or 1 is a
nonnegative supermartingale if their rates are `m` at most, and so is the mean over several steps:
by Ville's inequality it ever reaches 1/a with probability a at most. What `m` it refutes is below
the rate. `log(1 - m + m exp(t))` is concave in `m`: the bound holds for the mean rate so far where
the rates change over time (sub-Bernoulli confidence sequences; Howard, Ramdas, McAuliffe, Sekhon
2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences").
"""

from typing import Final

import numpy as np

from neurocortex.rollout.odds import Trials

STEPS: Final = 2.0 ** np.arange(-6, 4)
"""Small ones suit many trials, large ones few or rare failures."""

HALVINGS: Final = 25
"""Of what is searched: the bound is exact to 1 in 30 million."""


def lowest(trials: Trials, chance: float) -> float:
    """Return a limit that the rate of failures is below with at most this chance, ever."""
    least, most = 0.0, trials.bad / trials.total if trials.total else 0.0
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        if _log_evidence(trials, middle) >= -np.log(chance):
            least = middle
        else:
            most = middle
    return least


def highest(trials: Trials, chance: float) -> float:
    """Return a limit that the rate of failures is above with at most this chance, ever."""
    return 1.0 - lowest(Trials(trials.total, trials.total - trials.bad), chance)


def _log_evidence(trials: Trials, rate: float) -> float:
    """Return how sure it is that the rate is higher than this one, as a logarithm."""
    logs = trials.bad * STEPS - trials.total * np.log1p(rate * np.expm1(STEPS))
    most = logs.max()
    return float(most + np.log(np.exp(logs - most).mean()))
