"""Versions of a model scored on rows whose right answer came after both were trained."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import get_scorer

from neurocortex.feedback.collecting import sift
from neurocortex.feedback.evaluation import Evaluation, Score
from neurocortex.feedback.values import Labelled
from neurocortex.forge.spec import Task
from neurocortex.forge.versions import Loaded

FEWEST: Final = 20
"""Rows without which nothing is said."""

RESAMPLES: Final = 200
LEVEL: Final = 0.95


def evaluate(versions: Sequence[Loaded], rows: Sequence[Labelled]) -> Evaluation:
    """Score versions on the same rows.

    Args:
        versions: of one model, the champion first.
        rows: labelled ones; those from before a version was trained are left out.
    """
    champion = versions[0].card
    trained = max(each.card.trained_at for each in versions)
    fresh = [each for each in rows if each.given_at > trained]
    frames = [sift(each.card, fresh).frame for each in versions]
    shared = frames[0].index
    for each in frames[1:]:
        shared = shared.intersection(each.index)
    target = _target(frames[0].loc[shared], champion.spec.target, champion.spec.task)
    reason, scores = _too_few(target, champion.spec.task), []
    if reason is None:
        for version, frame in zip(versions, frames, strict=True):
            scores.append(_scored(version, frame.loc[shared], target, champion.spec.metric))
        reason = _conclusion(scores)
    return Evaluation(
        model=champion.spec.name,
        metric=champion.spec.metric,
        rows=len(shared),
        scores=tuple(scores),
        reason=reason,
    )


def _target(frame: pd.DataFrame, name: str, task: Task) -> "pd.Series[Any]":
    return frame[name].astype(str if task is Task.CLASSIFICATION else float)


def _too_few(target: "pd.Series[Any]", task: Task) -> str | None:
    if len(target) < FEWEST:
        return f"{len(target)} fresh labelled rows are too few: {FEWEST} are needed"
    if task is Task.CLASSIFICATION and target.nunique() < 2:
        return "all fresh labelled rows are of one class"
    return None


def _scored(version: Loaded, frame: pd.DataFrame, target: "pd.Series[Any]", metric: str) -> Score:
    """Score a version; each resample is the same for all versions, by its seed."""
    features = version.card.takes.prepared(frame)
    scorer = get_scorer(metric)
    random = np.random.default_rng(version.card.spec.seed)
    found = []
    for _ in range(RESAMPLES):
        places = random.integers(0, len(target), len(target))
        if target.iloc[places].nunique() > 1:
            resample = features.iloc[places], target.iloc[places]
            found.append(float(scorer(version.model, *resample)))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Score(
        version=version.version.number,
        score=float(scorer(version.model, features, target)),
        low=float(low),
        high=float(high),
    )


def _conclusion(scores: Sequence[Score]) -> str:
    champion = scores[0]
    if len(scores) == 1:
        return f"version {champion.version} serves, and no other one waits"
    best = max(scores[1:], key=lambda each: each.score)
    if best.score <= champion.score:
        return f"version {champion.version}, which serves, is the best"
    if best.low > champion.high:
        return f"version {best.version} is better than version {champion.version}, which serves"
    return f"version {best.version} may be better: the intervals overlap"
