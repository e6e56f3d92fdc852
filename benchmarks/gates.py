"""What gates learned from data find in it: wrong cells of beers, a month of taxi rides gone bad.

- `beers_*`: a profile is learned from the dirty table alone, and the cells that do not meet what it
  proposes are compared with those that differ from the clean table: precision, recall and F1. The
  rules that the learner knows were written with such data in mind; no other labelled data was at
  hand, so these are figures of data that was looked at.
- `taxi.second_sample_raised`: expectations fitted on a random half of 2019-01 that more values of
  the other half fail than chance explains (p < 0.0001). `taxi.march_raised`: the same, fitted on
  all of 2019-01, for 2020-03. `taxi.*_drift`: what differs from the profiles of four fifths of
  2019-01. `taxi.flagged_share`: cells of 2019-01 that its own profile flags.
- `false_alarms.*`: share of cells flagged in tables of scikit-learn, which are clean.

PATH is a folder with `beers/{dirty,clean}.csv` of BigDaMa/raha and `nyc_taxi/*.csv`.
"""

import argparse
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.__main__ import Figures
from neurocortex.datasets.bundled import table
from neurocortex.datasets.sampling import sample, spec_of
from neurocortex.datasets.sources import BundledTable
from neurocortex.quality import gate
from neurocortex.quality.catalogue import Reach
from neurocortex.quality.chance import surprising
from neurocortex.quality.drift import changes
from neurocortex.quality.expectations import Suite
from neurocortex.quality.marking import marked
from neurocortex.quality.profile import TableProfile
from neurocortex.quality.profiling import profile_of, typed
from neurocortex.quality.proposals import Basis, Proposal
from neurocortex.quality.proposing import propose
from neurocortex.quality.report import ExpectationResult

TAXI: Final = "nyc_taxi/yellow_tripdata_sample_{}.csv"
CLEAN: Final = (BundledTable.WINE, BundledTable.IRIS, BundledTable.BREAST_CANCER)


class Learned(NamedTuple):
    """What was learned of a table."""

    profile: TableProfile
    proposals: tuple[Proposal, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with beers and nyc_taxi")


def run(options: argparse.Namespace) -> Figures:
    """Measure."""
    january = rows_of(options.data / TAXI.format("2019-01"))
    march = rows_of(options.data / TAXI.format("2020-03"))
    return {
        **beers(options.data / "beers"),
        "taxi": taxi(january, march),
        "false_alarms": {str(each): flagged_share(bundled_rows(each)) for each in CLEAN},
    }


def beers(folder: Path) -> dict[str, float]:
    """Return precision, recall and F1 of the cells flagged in the dirty table."""
    dirty = rows_of(folder / "dirty.csv")
    clean = rows_of(folder / "clean.csv").set_axis(dirty.columns, axis=1)
    learned = learn(dirty)
    found = marked(dirty, *learned)
    wrong = {
        str(name): frozenset(dirty.index[dirty[name].fillna("") != clean[name].fillna("")])
        for name in dirty.columns
    }
    hits = sum(len(found.get(name, frozenset()) & cells) for name, cells in wrong.items())
    flagged, all_wrong = (sum(map(len, each.values())) for each in (found, wrong))
    return {
        "beers_precision": round(hits / max(1, flagged), 4),
        "beers_recall": round(hits / max(1, all_wrong), 4),
        "beers_f1": round(2 * hits / max(1, flagged + all_wrong), 4),
    }


def taxi(january: pd.DataFrame, march: pd.DataFrame) -> dict[str, float | str]:
    """Return what gates fitted on January raise."""
    order = np.random.default_rng(0).permutation(len(january))
    half, other = (january.iloc[np.sort(each)] for each in np.array_split(order, 2))
    return {
        "second_sample_raised": raised(half, other),
        "march_raised": raised(january, march),
        **drifted(january, march),
        "flagged_share": flagged_share(january),
    }


def raised(good: pd.DataFrame, new: pd.DataFrame) -> str:
    """Return the expectations learned from good rows that new ones fail more often than by chance.

    An expectation of one figure counts where the good rows met it and the new ones do not.
    """
    learned = learn(good)
    failed = {
        f"{now.expectation.subject} {now.expectation.sentence.partition(' (')[0]}"
        for now, before in zip(verdicts(new, learned), verdicts(good, learned), strict=True)
        if not now.success
        and (
            before.success
            if now.expectation.signature.reach is Reach.AGGREGATE
            else surprising(now.unexpected, now.evaluated, before.unexpected, before.evaluated)
        )
    }
    return "; ".join(sorted(failed))


def drifted(january: pd.DataFrame, march: pd.DataFrame) -> dict[str, str]:
    """Return what differs from the history of January's fifths: in its last fifth, and in March."""
    fifths = np.array_split(np.random.default_rng(0).permutation(len(january)), 5)
    *history, last = (profile_of(january.iloc[np.sort(each)], "taxi") for each in fifths)
    told = {"last_fifth_drift": last, "march_drift": profile_of(march.iloc[::5], "taxi")}
    return {
        name: "; ".join(f"{each.column} {each.aspect}" for each in changes(profile, history))
        for name, profile in told.items()
    }


def verdicts(frame: pd.DataFrame, learned: Learned) -> list[ExpectationResult]:
    """Return how each proposal fares."""
    found: list[ExpectationResult] = []
    read = {Basis.WRITING: frame, Basis.MEANING: typed(frame, learned.profile)}
    for basis, rows in read.items():
        mine = tuple(each.expectation for each in learned.proposals if each.basis is basis)
        found += gate.evaluate(rows, Suite(name=basis, expectations=mine)).results
    return found


def flagged_share(frame: pd.DataFrame) -> float:
    """Return the share of cells that do not meet what is learned of them."""
    cells = marked(frame, *learn(frame))
    return round(sum(map(len, cells.values())) / frame.size, 6)


def learn(frame: pd.DataFrame) -> Learned:
    """Learn from rows alone."""
    profile = profile_of(frame, "learned")
    return Learned(profile, propose(frame, profile))


def rows_of(path: Path) -> pd.DataFrame:
    """Return a file's rows as the product reads them: text, or None where nothing is written."""
    return sample(spec_of(path)).frame


def bundled_rows(name: BundledTable) -> pd.DataFrame:
    """Return a table of scikit-learn as text."""
    return table(name).astype(str).astype(object)
