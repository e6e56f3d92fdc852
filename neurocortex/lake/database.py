"""The connection to PostgreSQL, and the one place where its errors become the Lake's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import errors as pg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from neurocortex.errors import LakeUnavailableError
from neurocortex.lake import walk

NAME: Final = "Lake"
"""What an error calls the database."""

CONNECT_TIMEOUT_S: Final = 10
"""A server that has not answered by then counts as unreachable."""

TOO_LONG: Final = "a statement ran longer than lake.statement_timeout_s allows."

KEEPALIVE: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # ms; a machine that vanished is noticed within half a minute
}

# Conditions under which the server is gone or refuses, as opposed to refusing a statement.
UNAVAILABLE: Final = (
    pg.AdminShutdown,
    pg.CrashShutdown,
    pg.CannotConnectNow,
    pg.ConnectionException,
    pg.DatabaseDropped,
    pg.TooManyConnections,
    pg.InvalidAuthorizationSpecification,
    pg.InvalidCatalogName,
    pg.IdleSessionTimeout,
)

# What a database says that was never set up, or was by another version.
WRONG_SCHEMA: Final = (pg.InvalidSchemaName, pg.UndefinedTable, pg.UndefinedColumn)

DriverConnection: TypeAlias = psycopg.Connection[tuple[Any, ...]]


def connect(url: str, *, pool_size: int = 5, statement_timeout_s: float = 300.0) -> Engine:
    """Return an engine for a `postgresql://` address; it connects at first use.

    Raises:
        LakeUnavailableError: the address cannot be read.
    """
    return create_engine(
        _with_driver(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,  # a pooled connection may have outlived its server
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "neurocortex",
            "options": f"-c statement_timeout={int(statement_timeout_s * 1000)} {walk.OPTIONS}",
            **KEEPALIVE,
        },
    )


def driver(connection: Connection) -> DriverConnection:
    """Return psycopg's connection under SQLAlchemy's, in the same transaction: COPY needs it."""
    found = connection.connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        raise TypeError(f"The Lake needs psycopg, not {type(found).__module__}.")
    return found


@contextmanager
def translated() -> Iterator[None]:
    """Raise LakeUnavailableError in place of whatever a lost or refused connection raises."""
    try:
        yield
    except PoolTimeoutError as error:
        raise LakeUnavailableError(
            NAME, "every database connection of this process stays busy; raise lake.pool_size."
        ) from error
    except (DBAPIError, psycopg.Error) as error:
        reason = unavailable(error)
        if isinstance(cause_of(error), pg.QueryCanceled):
            reason = TOO_LONG
        if reason is None:
            raise
        raise LakeUnavailableError(NAME, reason) from error


def unavailable(error: BaseException) -> str | None:
    """Say in a sentence why the database cannot be used, or None where it can."""
    cause = cause_of(error)
    if isinstance(cause, WRONG_SCHEMA):
        return "its schema is not there, or of another version: `neurocortex up` puts that right."
    if isinstance(cause, UNAVAILABLE) or (
        isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None
    ):
        return " ".join(str(cause).split()) or "the connection to PostgreSQL was lost."
    return None


def cause_of(error: BaseException) -> BaseException:
    """Return the driver's error where SQLAlchemy wrapped one."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _with_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LakeUnavailableError(
            NAME, "its address is no URL; it looks like postgresql://user:password@host/database."
        ) from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise LakeUnavailableError(
            NAME, f"its address starts with {parsed.drivername}://; it must be postgresql://."
        )
    return parsed.set(drivername="postgresql+psycopg")
