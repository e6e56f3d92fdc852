"""Opening the Lake that a Prefect block names."""

from collections.abc import Iterator
from contextlib import contextmanager

import blocks
from blocks import saved
from neurocortex.lake.store import Lake


@contextmanager
def opened(block: str) -> Iterator[Lake]:
    """Give the Lake that a block describes, closed again at the end.

    Args:
        block: name of a saved `Lake` block, usually `default`.

    Raises:
        ConnectorError: there is no such block.
    """
    with saved.load(blocks.Lake, block).connect() as lake:
        yield lake
