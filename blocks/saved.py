"""Finding a saved block by its name."""

from typing import TypeVar, cast

from prefect.blocks.core import Block
from prefect.exceptions import ObjectNotFound

from neurocortex.errors import ConnectorError

AnyBlock = TypeVar("AnyBlock", bound=Block)


def find(kind: type[AnyBlock], name: str) -> AnyBlock | None:
    """Return the saved block of that type and name, or None."""
    try:
        # Called outside of an event loop, Prefect returns the block and no coroutine.
        return cast("AnyBlock", kind.load(name))
    except ValueError as error:
        if isinstance(error.__cause__, ObjectNotFound):
            return None
        raise


def load(kind: type[AnyBlock], name: str) -> AnyBlock:
    """Return the saved block of that type and name.

    Raises:
        ConnectorError: there is none.
    """
    found = find(kind, name)
    if found is None:
        title = kind.get_block_type_slug()
        raise ConnectorError(
            title,
            f"there is no block {title}/{name}; make one in the Prefect UI under Blocks,"
            " or run `neurocortex deploy` for the default ones",
        )
    return found
