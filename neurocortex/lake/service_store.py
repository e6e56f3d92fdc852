"""The base of the stores that a service keeps in the Lake's database: keys, letters, requests."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, InternalError, OperationalError

from neurocortex.errors import LakeUnavailableError, UnrecordableError
from neurocortex.lake.database import NAME, cause_of, connect, translated


class ServiceStore:
    """Connections to the service's tables, which the Lake's migrations make.

    Safe to use from several threads and processes. Every method of a store raises
    LakeUnavailableError where PostgreSQL refuses, is gone, is full, or was never set up, and
    UnrecordableError where it refuses a value.
    """

    def __init__(self, url: str, *, pool_size: int, statement_timeout_s: float) -> None:
        """Open the store at a `postgresql://` address; it connects at first use.

        Raises:
            LakeUnavailableError: the address cannot be read.
        """
        self.engine: Final[Engine] = connect(
            url, pool_size=pool_size, statement_timeout_s=statement_timeout_s
        )

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a transaction: committed at the end, undone when an error leaves it."""
        with self._translated(), self.engine.begin() as connection:
            yield connection

    def _translated(self) -> AbstractContextManager[None]:
        """Return what makes errors of the platform of PostgreSQL's; a store may have its own."""
        return recorded()


@contextmanager
def recorded() -> Iterator[None]:
    """Raise errors of the platform in place of what PostgreSQL raises when rows are written.

    Raises:
        LakeUnavailableError: it is gone, or cannot work: its disk is full, it only reads.
        UnrecordableError: it works, and refuses a value.
    """
    try:
        with translated():
            yield
    except (OperationalError, InternalError) as error:
        raise LakeUnavailableError(NAME, f"it cannot do that now: {_said(error)}") from error
    except DataError as error:
        raise UnrecordableError(_said(error)) from error


def _said(error: DBAPIError) -> str:
    """Return what the server said in its first line: the others may hold the values."""
    return str(cause_of(error)).partition("\n")[0]
