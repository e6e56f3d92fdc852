"""Which control group this process may divide among runs, if any, and dividing it.

Version 2, https://docs.kernel.org/admin-guide/cgroup-v2.html. A cgroup may be divided by one
manager only (https://systemd.io/CGROUP_DELEGATION): ours is one that systemd has delegated, the top
of a container's, and that of a machine without systemd.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path("/")
TOP: Final = "sys/fs/cgroup"

LEAF: Final = "neurocortex"
"""Where the processes go that are in the cgroup that is divided: none but the machine's own top has
both processes and parts that controllers are on for."""

NEEDED: Final = frozenset({"cpu", "memory"})

DELEGATED: Final = ("user.delegate", "trusted.delegate")
"""Extended attributes by which systemd says so; only root reads the second."""

SYSTEMD: Final = "run/systemd/system"
"""There while systemd manages the machine or the container (sd_booted(3))."""

HOW_TO: Final = (
    "for the kernel to do it: Delegate=yes in its service, or systemd-run --user --scope"
    " -p Delegate=yes neurocortex up"
)

MOVES: Final = 10
"""Times that processes are moved: those that fork meanwhile leave another one to move."""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is for this process."""

    folder: Path | None
    """The cgroup that could be divided; None: no hierarchy of version 2 that has controllers."""
    controllers: frozenset[str] = frozenset()
    """Those that can be turned on for its parts."""
    is_top: bool = False
    """Whether it is the machine's own top: its processes may stay."""
    is_delegated: bool = False
    """Whether its manager has left it to us, or has none."""
    is_writable: bool = False
    can_kill: bool = False
    """Whether the kernel can end all of a cgroup at once, which it can from Linux 5.14 on."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A reason for which a cgroup cannot be divided."""

    is_so: Callable[[Found], bool]
    text: str


OBSTACLES: Final[Sequence[_Rule]] = (
    # In this order: each makes sense only where those before it are not so.
    _Rule(lambda found: found.folder is None, "this machine has no cgroups of version 2"),
    _Rule(lambda found: not found.is_delegated, "its cgroup is not delegated"),
    _Rule(lambda found: not found.is_writable, "its cgroup cannot be written to"),
    _Rule(lambda found: not found.controllers >= NEEDED, "its cgroup lacks `cpu` or `memory`"),
    _Rule(lambda found: not found.can_kill, "Linux is older than 5.14"),
)


def obstacle(found: Found) -> str | None:
    """Return why that cgroup cannot be divided; None: it can."""
    return next((rule.text for rule in OBSTACLES if rule.is_so(found)), None)


def said(why_not: str | None) -> str:
    """Return for people who holds runs to their limits, and what it takes to have the kernel do it.

    Args:
        why_not: what `obstacle` found.
    """
    if why_not is None:
        return "held by the kernel, each run in a cgroup of its own"
    return f"held by the worker, which watches them; {why_not} ({HOW_TO})"


def find(root: Path = ROOT) -> Found:
    """Look at the cgroup that this process is in.

    Args:
        root: where /proc, /run and /sys are.
    """
    top = root / TOP
    folder = _own(root)
    if folder is None:
        return Found(None)
    if folder.name == LEAF:
        folder = folder.parent  # it was divided before
    is_first = folder == top
    # Only the machine's own top has no type: a container sees a part of the tree as its top.
    is_top = is_first and not (folder / "cgroup.type").exists()
    is_managed = (root / SYSTEMD).exists()
    return Found(
        folder=folder,
        controllers=frozenset(_read(folder / "cgroup.controllers").split()),
        is_top=is_top,
        is_delegated=_is_delegated(folder) or (is_first and not is_managed),
        is_writable=all(
            os.access(path, os.W_OK)
            for path in (folder, folder / "cgroup.procs", folder / "cgroup.subtree_control")
        ),
        can_kill=is_top or (folder / "cgroup.kill").exists(),
    )


def divide(found: Found, folder: Path) -> None:
    """Make a cgroup of a worker's own below the one that was found; its runs' are made in it.

    Args:
        found: what `obstacle` finds nothing to say of.
        folder: the new one, below `found.folder`.

    Raises:
        OSError: it is not to be divided after all, for instance as processes are in it that we
            cannot see.
    """
    assert found.folder is not None  # noqa: S101 - an obstacle
    if not found.is_top:
        leaf = found.folder / LEAF
        leaf.mkdir(exist_ok=True)
        _move(found.folder, leaf)
    turn_on = " ".join(f"+{name}" for name in sorted(NEEDED))
    (found.folder / "cgroup.subtree_control").write_text(turn_on)
    folder.mkdir()
    (folder / "cgroup.subtree_control").write_text(turn_on)


def _move(source: Path, target: Path) -> None:
    for _ in range(MOVES):
        pids = _read(source / "cgroup.procs").split()
        if not pids:
            return
        for pid in pids:
            try:
                (target / "cgroup.procs").write_text(pid)
            except ProcessLookupError:
                continue  # it has ended


def _own(root: Path) -> Path | None:
    """Return the folder of our cgroup; None unless the hierarchy of version 2 is the only one."""
    top = root / TOP
    if not (top / "cgroup.controllers").exists():
        return None
    for line in _read(root / "proc/self/cgroup").splitlines():
        if line.startswith("0::/"):
            folder = top / line.removeprefix("0::/")
            return folder if folder.is_dir() else None
    return None


def _is_delegated(folder: Path) -> bool:
    for name in DELEGATED:
        try:
            if os.getxattr(folder, name) == b"1":
                return True
        except OSError:
            continue  # it has none, or may not be read
    return False


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
