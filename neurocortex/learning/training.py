"""Learning from finished runs, by scikit-learn; what comes out needs none."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from neurocortex.learning import growing, judging, needs
from neurocortex.learning.expecting import LEAST, expectation
from neurocortex.learning.features import RULE_S, RULE_TOKENS
from neurocortex.learning.finished import Finished
from neurocortex.learning.forest import Forest
from neurocortex.learning.model import LENGTHS, Bound, OperationModel, RouterModel, Verdict
from neurocortex.routing.rules import length_of

LEARNED: Final = ("seconds", "tokens", "cpu_s", "memory_mb", "storage_mb", "length")
"""What is learned of an operation: its fields in `OperationModel`."""

HELD_OUT: Final = 0.25
"""Share of the runs that is not learned from but judged by: the latest."""


def learn(
    runs: Mapping[str, Sequence[Finished]], release: str, least_runs: int, now: datetime
) -> RouterModel:
    """Learn how long requests take.

    Args:
        runs: of each operation, in the order in which they ended.
        release: of NeuroCortex.
        least_runs: an operation with fewer is left to its rule.
        now: when this is.
    """
    operations = {name: _learned(each, least_runs) for name, each in runs.items()}
    return RouterModel(learned_at=now.astimezone(UTC), release=release, operations=operations)


def _learned(runs: Sequence[Finished], least_runs: int) -> OperationModel:
    if len(runs) < least_runs:
        reason = f"{len(runs)} runs: it takes {least_runs} to learn from"
        return OperationModel(runs=len(runs), reason=reason)
    cut = round(len(runs) * (1 - HELD_OUT))
    known, later = runs[:cut], runs[cut:]
    least = round(least_runs * (1 - HELD_OUT))
    bounds = _bounds(known)
    table = np.array([[run.features[each.name] for each in bounds] for run in known])
    learned = OperationModel(
        runs=len(known),
        features=bounds,
        seconds=_multiples(table, [run.seconds for run in known], known, RULE_S),
        tokens=_multiples(table, _tokens(known), known, RULE_TOKENS) if _counted(runs) else None,
        cpu_s=needs.cpu_s(bounds, known, least),
        memory_mb=needs.held_mb(bounds, known, needs.MEMORY, least),
        storage_mb=needs.held_mb(bounds, known, needs.STORAGE, least),
        length=_lengths(table, known),
    )
    verdicts = {**_judged(learned, later), **needs.judged(learned, known, later)}
    serving = {name for name, verdict in verdicts.items() if verdict.serves}
    unused = dict.fromkeys(set(LEARNED) - serving)
    return learned.model_copy(update={**unused, "verdicts": verdicts})


def _bounds(runs: Sequence[Finished]) -> tuple[Bound, ...]:
    names = set[str].intersection(*(set(run.features) for run in runs))
    return tuple(
        Bound(
            name=name,
            lowest=min(run.features[name] for run in runs),
            highest=max(run.features[name] for run in runs),
        )
        for name in sorted(names)
    )


def _counted(runs: Sequence[Finished]) -> bool:
    return all(run.tokens is not None for run in runs) and any(run.tokens for run in runs)


def _tokens(runs: Sequence[Finished]) -> list[float]:
    return [float(run.tokens or 0) for run in runs]


def _multiples(
    table: growing.Floats, actual: Sequence[float], runs: Sequence[Finished], rule: str
) -> Forest:
    """Learn p50 and p90 as multiples of what a rule says: so it goes on where the rule does."""
    least = LEAST[rule]
    base = np.maximum([run.features[rule] for run in runs], least)
    return growing.quantiles(table, np.log(np.maximum(actual, least) / base))


def _lengths(table: growing.Floats, runs: Sequence[Finished]) -> Forest:
    labels = np.array([LENGTHS.index(length_of(run.seconds)) for run in runs])
    return growing.shares(table, labels, len(LENGTHS))


def _judged(learned: OperationModel, runs: Sequence[Finished]) -> dict[str, Verdict]:
    """Judge what was learned as it would serve: the rule says what it does not."""
    seconds, late, tokens = [], [], []
    learned_hits, rule_hits = [], []
    for run in runs:
        rule_s, rule_tokens = run.features[RULE_S], run.features[RULE_TOKENS]
        said = expectation(learned, run.features)
        length = said.length if said else None
        seconds.append(said.seconds if said and said.seconds is not None else rule_s)
        late.append(said.late_s if said and said.late_s is not None else rule_s)
        tokens.append(said.tokens if said and said.tokens is not None else rule_tokens)
        actual = length_of(run.seconds)
        learned_hits.append((length or length_of(rule_s)) is actual)
        rule_hits.append(length_of(rule_s) is actual)
    took = [run.seconds for run in runs]
    kept = sum(each <= limit for each, limit in zip(took, late, strict=True)) / len(runs)
    verdicts = {
        "seconds": judging.by_loss(
            "pinball loss",
            judging.losses(took, seconds, judging.MEDIAN),
            judging.losses(took, [run.features[RULE_S] for run in runs], judging.MEDIAN),
            f"; {kept:.0%} kept to the p90",
        ),
        "length": judging.by_hits("accuracy", learned_hits, rule_hits),
    }
    if learned.tokens is not None:
        used, rule = _tokens(runs), [run.features[RULE_TOKENS] for run in runs]
        verdicts["tokens"] = judging.by_loss(
            "pinball loss",
            judging.losses(used, tokens, judging.MEDIAN),
            judging.losses(used, rule, judging.MEDIAN),
            "",
        )
    return verdicts
