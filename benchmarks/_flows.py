"""The flows that benchmarks of the worker run."""

import time

from prefect import flow


@flow
def trivial() -> int:
    """Do nothing."""
    return 1


@flow
def waiting(seconds: float) -> None:
    """Wait: a run that takes memory only."""
    time.sleep(seconds)
