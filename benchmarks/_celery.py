"""Celery on the Redis that the lane uses: `echo`, the same work as the lane's operation."""

import os
import statistics
import time
from collections import deque
from typing import Final

from celery import Celery  # type: ignore[import-untyped]

REDIS: Final = "BENCHMARK_CELERY_REDIS"

IN_FLIGHT: Final = 16

app = Celery("benchmark", broker=os.environ.get(REDIS), backend=os.environ.get(REDIS))
app.conf.update(worker_prefetch_multiplier=8, task_serializer="json", result_expires=60)


@app.task(name="echo")  # type: ignore[untyped-decorator]
def echo(text: str) -> str:
    """Send a text back."""
    return text


def round_trip_ms(calls: int) -> float:
    """Return the median time until one call at a time is answered, in milliseconds."""
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        echo.delay("hi").get(timeout=30, interval=0.001)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def per_s(calls: int) -> float:
    """Return how many calls are answered in a second, with IN_FLIGHT on the way."""
    waiting = deque(echo.delay("hi") for _ in range(IN_FLIGHT))
    began = time.perf_counter()
    for _ in range(calls):
        waiting.popleft().get(timeout=30, interval=0.001)
        waiting.append(echo.delay("hi"))
    took = time.perf_counter() - began
    for each in waiting:
        each.get(timeout=30)
    return calls / took
