"""Keys in Redis. What is lost there is learned again: until then the pipelines' rules count."""

from typing import Final

NAMESPACE: Final = "neurocortex:learning"

OPERATIONS: Final = "operations"
"""The set of operations that have sampled runs."""

MODEL: Final = "model"
"""The router's model, as JSON."""


CONSUMPTION: Final = "consumption"
"""The stream of what flow runs took, of bounded length."""


def runs(operation: str) -> str:
    """Return the stream of an operation's sampled runs, of bounded length."""
    return f"runs:{operation}"
