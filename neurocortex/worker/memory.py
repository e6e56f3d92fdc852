"""How much memory a run takes beyond what it shares with the other runs."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from neurocortex.worker.family import PROCESSES, family

KB_PER_MB: Final = 1024

RESIDENT: Final = ("RssAnon:", "RssShmem:", "VmSwap:")
"""Of `status`: what only a process's end, or it, gives back. Pages of files the kernel can drop."""

PROPORTIONAL: Final = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")
"""Of `smaps_rollup`: the same, with a page that n processes share counted as an nth in each."""

OOM_SCORE: Final = 500
"""Added to the per mille of all memory that a process holds: it goes before any that holds less
than half of it."""


def private_mb(pid: int) -> float:
    """Return the memory of a process and its descendants in MB; 0 once it is gone.

    Anonymous pages, shared memory and what is swapped out. It takes some microseconds for each
    process and is too much where several share pages: those are counted in each of them, and a fork
    counts what it shares with the zygote as well. Compare with its first figure.
    """
    return _sum("status", RESIDENT, family(pid))


def proportional_mb(pid: int) -> float:
    """Return the same with each page that processes of the family share counted once.

    What they share with others, as with the zygote, counts in part. The kernel looks at each page:
    milliseconds.
    """
    return _sum("smaps_rollup", PROPORTIONAL, family(pid))


def _sum(file: str, names: tuple[str, ...], pids: Iterable[int]) -> float:
    return sum(_kb(PROCESSES / str(pid) / file, names) for pid in pids) / KB_PER_MB


def _kb(file: Path, names: tuple[str, ...]) -> int:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return 0  # it has ended
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))


def end_first_without_memory() -> None:
    """Have the kernel end this process, and what it starts, before others when memory is short.

    Rather one run than the database. Raising the score needs no privilege (proc(5)).
    """
    with suppress(OSError):  # a container may have a /proc that cannot be written
        (PROCESSES / "self" / "oom_score_adj").write_text(str(OOM_SCORE))
