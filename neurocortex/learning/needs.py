"""What flow runs take of their machine: learned, and judged beside what the platform says itself.

The scheduler's own rules are the mean of a deployment's last runs for processor time, and the job
variable `memory` for what is reserved. Processor time is judged at the median; memory at p90, for
nine in ten runs are to have room in what is reserved for them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from neurocortex.learning import growing, judging
from neurocortex.learning.expecting import LEAST, expectation
from neurocortex.learning.features import RULE_S
from neurocortex.learning.finished import Finished
from neurocortex.learning.forest import Forest
from neurocortex.learning.model import Bound, OperationModel, Verdict
from neurocortex.ledger.ledger import NEWEST_WEIGHT

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


def memory_mb(bounds: Sequence[Bound], known: Sequence[Finished], least: int) -> Forest | None:
    """Learn how much memory runs take; None: too few tell."""
    runs = [run for run in known if run.memory_mb is not None]
    if len(runs) < least:
        return None
    took = np.maximum([run.memory_mb or 0.0 for run in runs], LEAST_MB)
    return growing.quantiles(_table(bounds, runs), np.log(took))


def judged(
    learned: OperationModel, known: Sequence[Finished], later: Sequence[Finished]
) -> dict[str, Verdict]:
    """Judge what was learned on later runs, as it would serve."""
    found = {}
    if learned.cpu_s is not None and (verdict := _of_cpu(learned, known, later)):
        found["cpu_s"] = verdict
    if learned.memory_mb is not None and (verdict := _of_memory(learned, later)):
        found["memory_mb"] = verdict
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


def _of_memory(learned: OperationModel, later: Sequence[Finished]) -> Verdict | None:
    took, said, rule = [], [], []
    for run in later:
        if run.memory_mb is None or run.reserved_mb is None:
            continue
        expected = expectation(learned, run.features)
        took.append(run.memory_mb)
        rule.append(run.reserved_mb)
        learned_mb = expected.memory_mb if expected else None
        said.append(run.reserved_mb if learned_mb is None else min(learned_mb, run.reserved_mb))
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
