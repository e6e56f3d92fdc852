"""Whether a new version is kept, and whether it may serve: only if it is better on rows that it has
not seen."""

from dataclasses import dataclass

from neurocortex.forge.scores import Scores


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a new version, with the reason in a sentence."""

    registered: bool
    """Whether it is kept in the registry at all."""
    promoted: bool
    """Whether it may serve."""
    reason: str


def decide(scores: Scores, champion: float | None, at_least: float | None = None) -> Decision:
    """Compare scores on the same held-out rows; more is better.

    A champion that was trained on other rows may have seen some of these: that favours it, so the
    comparison errs on the side of what serves already.

    Args:
        scores: of the new version.
        champion: score of the version that serves; None: there is none that could be asked.
        at_least: score below which a version is not kept.
    """
    scored = f"its {scores.metric} on rows it has not seen is {scores.held_out:.4g}"
    if at_least is not None and scores.held_out < at_least:
        return Decision(False, False, f"{scored}, and the spec asks for at least {at_least:g}")
    if scores.held_out <= scores.baseline:
        return Decision(True, False, f"{scored}: {scores.baseline:.4g} needs no feature at all")
    if champion is None:
        return Decision(True, True, f"{scored}, and no other version serves")
    if scores.held_out <= champion:
        return Decision(True, False, f"{scored}, no better than the champion's {champion:.4g}")
    return Decision(True, True, f"{scored}, against the champion's {champion:.4g}")
