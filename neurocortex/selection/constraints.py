"""Who may not be asked, and why: an ordered list of small rules.

Those that say what may be come first, as they hold for ever; then those that rest on what is
expected. The first that speaks names the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from neurocortex.selection.beliefs import Belief
from neurocortex.selection.policy import Policy
from neurocortex.selection.scoring import expected_cost
from neurocortex.selection.values import Asked, Candidate


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate, and what is expected of it."""

    candidate: Candidate
    belief: Belief
    asked: Asked
    policy: Policy


@dataclass(frozen=True, slots=True)
class Removal:
    """Why a candidate may not be asked."""

    constraint: str
    """Name of the rule."""
    text: str


FAILED: Final = "failed"
"""Name of the rule against those that a request asked in vain."""

Constraint = Callable[[Considered], str | None]
"""Returns what is against a candidate, or None."""


def named(one: Considered) -> str | None:
    """A request may name the providers that it allows."""
    wanted = one.asked.limits.providers
    return "it is not among `choose.providers`" if wanted and not _is_in(one, wanted) else None


def data_class(one: Considered) -> str | None:
    """Data of a class goes to those that the policy allows it for, and to no other."""
    wanted = one.asked.limits.data_class
    if wanted is None or wanted in one.policy.classes_of(one.candidate.provider):
        return None
    return f"the policy does not let it see data of the class {wanted!r}"


def region(one: Considered) -> str | None:
    """Nothing is sent to a region that is not allowed, nor to one that nobody named."""
    wanted, there = one.asked.limits.regions, one.candidate.regions
    if not wanted or (there and there <= set(wanted)):
        return None
    return f"it is in {', '.join(sorted(there)) or 'no known region'}"


def cost(one: Considered) -> str | None:
    """A call is not expected to cost more than is allowed."""
    most = one.asked.limits.cost
    if most is None:
        return None
    expects = expected_cost(one.candidate, one.belief, one.asked)
    return f"a call costs about {expects:.4g}, above {most:.4g}" if expects > most else None


def deadline(one: Considered) -> str | None:
    """Nine of ten calls would end in time. Who is not known well enough is not removed: it would
    never become known."""
    left_s, belief = one.asked.left_s, one.belief
    if left_s is None or not belief.knows_time or belief.slow_seconds <= left_s:
        return None
    return f"one of ten calls takes over {belief.slow_seconds:.2g} s, and {left_s:.2g} s are left"


def failed(one: Considered) -> str | None:
    """Who failed a request is not asked by it again."""
    reason = one.asked.failed.get(one.candidate.provider)
    return None if reason is None else f"it failed this request: {reason}"


CONSTRAINTS: Final[Sequence[tuple[str, Constraint]]] = (
    (FAILED, failed),
    ("providers", named),
    ("data_class", data_class),
    ("region", region),
    ("cost", cost),
    ("deadline", deadline),
)


def removal(one: Considered) -> Removal | None:
    """Return the first constraint that a candidate breaks."""
    for name, constraint in CONSTRAINTS:
        text = constraint(one)
        if text is not None:
            return Removal(name, text)
    return None


def _is_in(one: Considered, names: Sequence[str]) -> bool:
    return one.candidate.provider in names
