"""What the scripts answer instead of a lease, in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from neurocortex.errors import NeverFitsError
from neurocortex.ledger.encoding import UNIT
from neurocortex.ledger.values import Reason, Refusal

TEXTS: Final[Mapping[Reason, str]] = {
    Reason.LEASED: "Worker {} holds the run.",
    Reason.HANDED_OVER: "Its lease ran out for lack of a sign of life, and the run was given up.",
    Reason.RELEASED: "Its lease was released.",
    Reason.LOST: "The ledger was lost, and its leases are entered again.",
    Reason.NOT_JOINED: "Worker {} gives no sign of life.",
    Reason.TIER_LIMIT: "{} runs of its tier hold slots, {} may.",
    Reason.DEPLOYMENT_LIMIT: "{} runs of its deployment hold slots, {} may.",
    Reason.RESERVE: "Runs that are not critical hold {} of {} slots; {} are critical runs' own.",
    Reason.SLOTS: "{} of the worker's {} slots are held.",
    Reason.RESOURCES: "It needs {} {}; the worker's runs hold {} of {}.",
}
"""With a place for each of the script's figures, in its order."""


def refusal(reason: str, figures: Sequence[str]) -> Refusal:
    """Return why there is no lease."""
    known = Reason(reason)
    if known is Reason.RESOURCES:
        name, *amounts = figures
        needed, taken, offered = (f"{amount(each):g}" for each in amounts)
        figures = (needed, name, taken, offered)
    return Refusal(known, TEXTS[known].format(*figures))


def never_fits(resource: str, needed: str, largest: str) -> NeverFitsError:
    """Return the error for what no worker has."""
    return NeverFitsError(resource, amount(needed), amount(largest))


def amount(units: str) -> float:
    """Return a resource's amount from the scripts' whole thousandths."""
    return int(units) / UNIT
