"""Sending a text back."""

from collections.abc import Awaitable, Callable

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.options import STEP


@task(**STEP, task_run_name="echo", cache_policy=NO_CACHE)
async def echo_text(text: str, emit: Callable[[str], Awaitable[None]] | None = None) -> str:
    """Return a text; `emit` gets it word by word, each with the space behind it."""
    if emit is not None:
        *words, last = text.split(" ")
        for word in words:
            await emit(f"{word} ")
        await emit(last)
    return text
