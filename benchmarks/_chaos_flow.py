"""The flow that is killed: it writes down when it begins and when it has done its work."""

import time

from prefect import flow
from prefect.runtime import flow_run

from benchmarks._chaos_book import BEGUN, DONE, write


@flow
def mark(seconds: float, deployment: str, book: str) -> None:
    """Work for some seconds, and note both ends of it."""
    write(book, BEGUN, str(flow_run.id), deployment)
    time.sleep(seconds)
    write(book, DONE, str(flow_run.id), deployment)
