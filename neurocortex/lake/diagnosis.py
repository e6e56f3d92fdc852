"""Says in a sentence what is wrong with the Lake, and what to do about it."""

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from neurocortex.lake import migration
from neurocortex.lake.database import unavailable
from neurocortex.lake.migration import EXTENSIONS


def check(engine: Engine) -> str | None:
    """Return what is wrong, or None where everything is in place."""
    try:
        with engine.connect() as connection:
            return _missing_extension(connection) or _wrong_schema(connection)
    except DBAPIError as error:
        return _refusal(engine, error)


def _missing_extension(connection: Connection) -> str | None:
    available = set(connection.scalars(text("SELECT name FROM pg_available_extensions")))
    installed = set(connection.scalars(text("SELECT extname FROM pg_extension")))
    for extension in EXTENSIONS:
        if extension not in available | installed:
            return (
                f"The PostgreSQL server does not have the extension {extension};"
                " install its package on the server."
            )
        if extension not in installed:
            return (
                f"The extension {extension} is not created in this database;"
                " `neurocortex up` does it, or a superuser with CREATE EXTENSION."
            )
    return None


def _wrong_schema(connection: Connection) -> str | None:
    present, wanted = migration.current(connection), migration.head()
    if present is None:
        return "The schema of the Lake is not there yet; `neurocortex up` creates it."
    if present != wanted:
        return (
            f"The schema of the Lake is at revision {present}, this version works with {wanted};"
            " `neurocortex up` brings it up to date."
        )
    return None


def _refusal(engine: Engine, error: DBAPIError) -> str:
    url = engine.url
    where = f"{url.host or 'localhost'}:{url.port or 5432}"
    message = str(error.orig)
    # A refusal while connecting carries no SQLSTATE in psycopg, only the server's words.
    if isinstance(error.orig, pg.InvalidPassword) or "password authentication failed" in message:
        return f"PostgreSQL at {where} refuses the password of user {url.username!r}."
    if "no password supplied" in message:
        return f"PostgreSQL at {where} asks for a password of user {url.username!r}."
    if f'database "{url.database}" does not exist' in message:
        return f"PostgreSQL at {where} has no database {url.database!r}; create it first."
    if f'role "{url.username}" does not exist' in message:
        return f"PostgreSQL at {where} has no user {url.username!r}."
    if unavailable(error) is not None:
        return f"No PostgreSQL answers at {where}: {_first_line(message)}"
    return f"PostgreSQL at {where} refuses: {_first_line(message)}"


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "no reason given."
