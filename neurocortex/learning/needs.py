"""What flow runs take of their machine: learned, and judged beside what the platform says itself.

The scheduler's own rules are the mean of a deployment's last runs for processor time, and the job
variables `memory` and `storage` for what is reserved. Processor time is judged at the median; what
is reserved at p90, for nine in ten runs are to have room in it.

Storage is what a run wrote to disks, as the kernel counts it for a process and its children: it is
known without a look at any folder, and no run can hold more of what it wrote. What a run sends over
the network is not learned: Linux counts that by machine or cgroup, and for a process only where one
may trace it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from neurocortex.learning import growing, judging
from neurocortex.learning.expecting import LEAST, expectation
from neurocortex.learning.features import RULE_S
from neurocortex.learning.finished import Finished
from neurocortex.learning.forest import Forest
from neurocortex.learning.model import Bound, OperationModel, Verdict
from neurocortex.ledger.ledger import NEWEST_WEIGHT
from neurocortex.routing.needs import held
from neurocortex.routing.route import Expectation

LEAST_JUDGED: Final = 30
"""Later runs without which nothing is said."""

LEAST_CPU_S: Final = 1e-3
LEAST_MB: Final = 1.0
"""Less is a matter of the measuring."""


def cpu_s(bounds: Sequence[Bound], known: Sequence[Finished], least: int) -> Forest | None:
    """Learn processor time as a multiple of the rule's seconds; None: too few runs tell."""
    runs = [run for run in known if run.cpu_s is not None]
    if len(runs) < least:
        return None
    base = np.maximum([run.features[RULE_S] for run in runs], LEAST[RULE_S])
    took = np.maximum([run.cpu_s or 0.0 for run in runs], LEAST_CPU_S)
    return growing.quantiles(_table(bounds, runs), np.log(took / base))


@dataclass(frozen=True, slots=True)
class Amount:
    """Something that runs hold, in MB."""

    took: Callable[[Finished], float | None]
    reserved: Callable[[Finished], float | None]
    """By the job variable; None: not known."""
    expected: Callable[[Expectation], float | None]


MEMORY: Final = Amount(
    lambda run: run.memory_mb, lambda run: run.reserved_mb, lambda said: said.memory_mb
)
STORAGE: Final = Amount(
    lambda run: run.written_mb, lambda run: run.reserved_storage_mb, lambda said: said.storage_mb
)


def held_mb(
    bounds: Sequence[Bound], known: Sequence[Finished], amount: Amount, least: int
) -> Forest | None:
    """Learn how much runs take of something; None: too few tell."""
    told = [(run, took) for run in known if (took := amount.took(run)) is not None]
    if len(told) < least:
        return None
    taken = np.maximum([took for _, took in told], LEAST_MB)
    return growing.quantiles(_table(bounds, [run for run, _ in told]), np.log(taken))


def judged(
    learned: OperationModel, known: Sequence[Finished], later: Sequence[Finished]
) -> dict[str, Verdict]:
    """Judge what was learned on later runs, as it would serve."""
    found = {}
    if learned.cpu_s is not None and (verdict := _of_cpu(learned, known, later)):
        found["cpu_s"] = verdict
    if learned.memory_mb is not None and (verdict := _of_amount(learned, later, MEMORY)):
        found["memory_mb"] = verdict
    if learned.storage_mb is not None and (verdict := _of_amount(learned, later, STORAGE)):
        found["storage_mb"] = verdict
    return found


def _of_cpu(
    learned: OperationModel, known: Sequence[Finished], later: Sequence[Finished]
) -> Verdict | None:
    mean = None
    for run in known:
        mean = _mean(mean, run)
    took, said, rule = [], [], []
    for run in later:
        if run.cpu_s is None or mean is None:
            continue
        expected = expectation(learned, run.features)
        took.append(run.cpu_s)
        rule.append(mean)
        said.append(expected.cpu_s if expected and expected.cpu_s is not None else mean)
        mean = _mean(mean, run)
    if len(took) < LEAST_JUDGED:
        return None
    return judging.by_loss(
        "pinball loss",
        judging.losses(took, said, judging.MEDIAN),
        judging.losses(took, rule, judging.MEDIAN),
        "",
    )


def _mean(mean: float | None, run: Finished) -> float | None:
    """Return the ledger's mean after one more run."""
    if run.cpu_s is None:
        return mean
    return run.cpu_s if mean is None else mean + (run.cpu_s - mean) * NEWEST_WEIGHT


def _of_amount(
    learned: OperationModel, later: Sequence[Finished], amount: Amount
) -> Verdict | None:
    took, said, rule = [], [], []
    for run in later:
        taken, reserved = amount.took(run), amount.reserved(run)
        if taken is None or reserved is None:
            continue
        expected = expectation(learned, run.features)
        took.append(taken)
        rule.append(reserved)
        said.append(held(reserved, amount.expected(expected) if expected else None))
    if len(took) < LEAST_JUDGED:
        return None
    kept = sum(each <= limit for each, limit in zip(took, said, strict=True)) / len(took)
    return judging.by_loss(
        "pinball loss",
        judging.losses(took, said, judging.LATE),
        judging.losses(took, rule, judging.LATE),
        f"; {kept:.0%} kept to it",
    )


def _table(bounds: Sequence[Bound], runs: Sequence[Finished]) -> growing.Floats:
    return np.array([[run.features[each.name] for each in bounds] for run in runs])
