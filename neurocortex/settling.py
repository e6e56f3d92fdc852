"""A server's memory after its start: what is there stays, so nobody need look through it again."""

import gc
from typing import Final

YOUNG: Final = 10_000
"""Objects made and not freed before the youngest are looked through. Python's 700 are fewer than
those of a few dozen requests that are being served; what a cycle holds is freed so much later."""


def settle() -> None:
    """Leave all that exists now out of Python's garbage collections. Call it once, when ready.

    Prefect and what it imports are some 250,000 objects: to look through them takes a sixth of a
    second and more, in which nothing is served.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
