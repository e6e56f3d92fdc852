"""Which modules in memory are the project's own, and whether their files have changed since.

A developer saves a file and starts a run: it has to run what was saved. Modules of installed
packages do not change under a running platform, and are what takes long to import.
"""

import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

INSTALLED: Final = tuple(
    os.path.join(os.path.realpath(sysconfig.get_path(kind)), "")  # noqa: PTH118
    for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)


@dataclass(frozen=True, slots=True)
class ProjectModule:
    """A module that somebody may be working on."""

    name: str
    file: str
    changed_ns: int
    """When its file was last changed; in nanoseconds since the epoch."""


def project_modules() -> tuple[ProjectModule, ...]:
    """Return the modules in memory that do not belong to an installed package."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__main__" or file is None or os.path.realpath(file).startswith(INSTALLED):
            continue
        found.append(ProjectModule(name, file, _changed_ns(file)))
    return tuple(found)


def have_changed(modules: Iterable[ProjectModule]) -> bool:
    """Return whether a file is another than when the module was looked at; takes a millisecond."""
    return any(_changed_ns(module.file) != module.changed_ns for module in modules)


def forget(modules: Iterable[ProjectModule]) -> None:
    """Have the modules imported anew when they are next asked for."""
    for module in modules:
        sys.modules.pop(module.name, None)


def _changed_ns(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116 - half the time of pathlib, for hundreds
    except OSError:
        return 0
