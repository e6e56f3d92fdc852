"""Categories that are probably another one misspelt."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

SHORTEST: Final = 6
"""Characters. Shorter words often differ in one letter and mean two things."""

TIMES: Final = 20
"""So much commoner must the right spelling be."""


def misspelt(counts: Mapping[str, int]) -> dict[str, str]:
    """Return rare values that are one letter away from a common one, with that one.

    Two values are compared only where deleting one letter of either gives the same text, which is
    found without comparing all pairs (symmetric deletion: Garbe 2012). Digits must be the same:
    `route 6` is not `route 7` misspelt.

    Args:
        counts: a column's values with their counts.
    """
    common = {value for value, count in counts.items() if count >= TIMES and len(value) >= SHORTEST}
    if not common:
        return {}
    near: dict[str, set[str]] = defaultdict(set)
    for value in common:
        for each in _deletions(value):
            near[each].add(value)
    found: dict[str, str] = {}
    for value, count in counts.items():
        if len(value) < SHORTEST - 1:
            continue
        candidates = {right for each in _deletions(value) for right in near.get(each, ())}
        fitting = [
            right
            for right in candidates
            if right != value
            and counts[right] >= TIMES * count
            and _digits(right) == _digits(value)
            and _one_apart(value, right)
        ]
        if fitting:
            found[value] = max(fitting, key=lambda right: (counts[right], right))
    return found


def _deletions(value: str) -> Iterator[str]:
    yield value
    for place in range(len(value)):
        yield value[:place] + value[place + 1 :]


def _digits(value: str) -> str:
    return "".join(each for each in value if each.isdigit())


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter was left out, added, exchanged, or swapped with its neighbour."""
    if one.casefold() == other.casefold():
        return True
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
