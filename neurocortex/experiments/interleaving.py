"""Two rankings in one answer, and which of them its reader prefers. Pure.

Team-draft interleaving (Radlinski, Kurup, Joachims 2008, "How does clickthrough data reflect
retrieval quality?", algorithm 2): in each round a coin says which ranking picks first, and each
picks its best passage that nobody has yet. A place near the top, which is read more, is thus as
likely to be the one's as the other's. Chapelle et al. (2012) found that it takes far fewer requests
than to give each reader one of the rankings.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

T = TypeVar("T")

AGAINST: Final = "against"
"""Field of the requests that can be answered by two rankings: what the second does otherwise."""


class Team(StrEnum):
    """Which ranking a passage was picked by."""

    FIRST = "first"
    """As the request says."""
    SECOND = "second"
    """As its field `against` says."""
    NEITHER = "neither"
    """It follows when one ranking has no more to pick, and counts for nobody."""


class Interleaved(BaseModel):
    """What an answer of two rankings says of itself."""

    model_config = ConfigDict(frozen=True)

    teams: tuple[Team, ...] = ()
    """Of its passages, in their order."""
    note: str | None = None
    """Why one ranking is not what was asked for."""


def draft(
    first: Sequence[T],
    second: Sequence[T],
    limit: int,
    request: UUID,
    same: Callable[[T], Hashable],
) -> list[tuple[T, Team]]:
    """Return so many items of two rankings at most, each once, with the team that picked it.

    The teams are as large, but for the one whose pick is the last that fits. What one ranking has
    left when the other has nothing to pick follows in its order, for neither team.

    Args:
        first: best first.
        second: best first.
        limit: of the items.
        request: decides the coins; the same request has the same ones.
        same: gives what two items that are one have in common.
    """
    coins = Random(request.int)  # noqa: S311 - a fair coin, no secret
    left = {Team.FIRST: _distinct(first, same), Team.SECOND: _distinct(second, same)}
    found: list[tuple[T, Team]] = []
    while len(found) < limit and all(left.values()):
        order = [Team.FIRST, Team.SECOND]
        if coins.getrandbits(1):
            order.reverse()
        picked = [(_pick(left, team), team) for team in order if left[team]]
        # Where the other has nothing any more, a pick would be an advantage that no coin gave.
        found += picked if len(picked) == len(order) else [(picked[0][0], Team.NEITHER)]
    rest = [*left[Team.FIRST].values(), *left[Team.SECOND].values()]
    return [*found, *((item, Team.NEITHER) for item in rest)][:limit]


def preference(teams: Sequence[Team], used: Collection[int]) -> float:
    """Return whether a reader prefers the second ranking: 1; the first one: 0; neither: 0.5.

    Args:
        teams: of the passages that were answered.
        used: numbers of those that helped, from 1.
    """
    picked = [teams[number - 1] for number in set(used)]
    lead = picked.count(Team.SECOND) - picked.count(Team.FIRST)
    return 0.5 if lead == 0 else float(lead > 0)


def read(answer: bytes) -> Interleaved:
    """Return what the JSON of an answer says of its two rankings; nothing where it cannot be read.

    A protection of results may have made it anything.
    """
    try:
        return Interleaved.model_validate_json(answer)
    except ValidationError:
        return Interleaved()


def _pick(left: Mapping[Team, dict[Hashable, T]], team: Team) -> T:
    key = next(iter(left[team]))
    item = left[team][key]
    for items in left.values():
        items.pop(key, None)
    return item


def _distinct(ranking: Sequence[T], same: Callable[[T], Hashable]) -> dict[Hashable, T]:
    found: dict[Hashable, T] = {}
    for item in ranking:
        found.setdefault(same(item), item)
    return found
