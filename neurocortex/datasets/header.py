"""The columns a source has, beside those that its dataset names."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches


def differences(there: Sequence[str], columns: Sequence[str]) -> str | None:
    """Say how a source's columns differ from the dataset's; None where only their order does."""
    problems = []
    missing = [name for name in columns if name not in there]
    unexpected = [name for name in there if name not in columns]
    repeated = [name for name, times in Counter(there).items() if times > 1]
    if missing:
        problems.append(f"the columns {_listed(missing, unexpected)} are missing")
    if unexpected:
        problems.append(f"the columns {_listed(unexpected, ())} are not in the dataset's `columns`")
    if repeated:
        problems.append(f"the columns {_listed(repeated, ())} are there more than once")
    return "; ".join(problems) or None


def _listed(names: Sequence[str], others: Sequence[str]) -> str:
    """Return quoted names, each with the nearest of the others beside it."""
    shown = []
    for name in names:
        near = get_close_matches(name, others, n=1)
        shown.append(f"{name!r} (is it {near[0]!r}?)" if near else repr(name))
    return ", ".join(shown)
