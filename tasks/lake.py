"""Opening the Lake that a Prefect block names."""

from collections.abc import Iterator
from contextlib import contextmanager

import blocks
from neurocortex.errors import ConnectorError
from neurocortex.lake.store import Lake


@contextmanager
def opened(block: str) -> Iterator[Lake]:
    """Give the Lake that a block describes, closed again at the end.

    Args:
        block: name of a saved `Lake` block, usually `default`.

    Raises:
        ConnectorError: there is no such block.
    """
    try:
        described = blocks.Lake.load(block)
    except ValueError as error:
        raise ConnectorError(
            "Lake",
            f"there is no Lake block named {block!r};"
            " make one in the Prefect UI under Blocks, or run `neurocortex deploy`",
        ) from error
    with described.connect() as lake:
        yield lake
