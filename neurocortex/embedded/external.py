"""Existing servers that the settings point at: nothing is started for them, but each is checked."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from neurocortex.embedded.postgres import (
    EXTENSIONS,
    PREFECT_DATABASE,
    database_exists,
)
from neurocortex.embedded.prefect_api import ApiError, PrefectApi
from neurocortex.embedded.redis_server import answers
from neurocortex.errors import ServiceError

CONNECT_TIMEOUT_S = 10
"""Another machine's server, behind a pooler perhaps, may take seconds for the first answer."""


def check_database(url: str) -> None:
    """Make sure that a PostgreSQL answers and has the extensions of the Lake and of Prefect.

    Raises:
        ServiceError: it does not, or it has not.
    """
    wanted = [name for extensions in EXTENSIONS.values() for name in extensions]
    with _connected(url) as connection:
        found = connection.execute(
            "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [wanted]
        )
        available = {str(name) for (name,) in found}
    missing = [name for name in wanted if name not in available]
    if missing:
        raise ServiceError(
            "postgres",
            f"The PostgreSQL of NEUROCORTEX_DATABASE_URL lacks {' and '.join(missing)}."
            " Install the package that carries it there, e.g. postgresql-18-pgvector.",
        )


def make_prefect_database(url: str) -> None:
    """Make the database `prefect` beside an existing one, unless it is there.

    Raises:
        ServiceError: it is missing and may not be made.
    """
    with _connected(url) as connection:
        if database_exists(connection, PREFECT_DATABASE):
            return
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {}").format(sql.Identifier(PREFECT_DATABASE))
            )
        except psycopg.errors.InsufficientPrivilege:
            raise ServiceError(
                "postgres",
                "The Prefect server needs a database of its own beside the one of"
                " NEUROCORTEX_DATABASE_URL, and that role may not make one. Make it"
                f" (CREATE DATABASE {PREFECT_DATABASE} OWNER …), or set PREFECT_API_URL to an"
                " existing Prefect server.",
            ) from None


def prefect_database_url(url: str) -> str:
    """Return the URL of Prefect's database beside an existing one."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{PREFECT_DATABASE}"))


def check_redis(url: str) -> None:
    """Make sure that a Redis answers.

    Raises:
        ServiceError: it does not.
    """
    try:
        well = answers(url)
    except (redis.AuthenticationError, ValueError) as error:
        raise ServiceError("redis", f"The Redis of NEUROCORTEX_REDIS_URL: {error}") from None
    if not well:
        place = urlsplit(url)
        raise ServiceError(
            "redis",
            f"The Redis of NEUROCORTEX_REDIS_URL does not answer at {place.hostname}:"
            f"{place.port or 6379}. Start it, or unset the setting to use the embedded one.",
        )


def check_prefect(url: str) -> None:
    """Make sure that a Prefect API answers.

    Raises:
        ServiceError: it does not.
    """
    try:
        PrefectApi(url).version()
    except ApiError as error:
        raise ServiceError(
            "prefect",
            f"The Prefect server of PREFECT_API_URL: {error.reason}."
            " Start it, or unset the setting to use the embedded one.",
        ) from None


def plain(url: str) -> str:
    """Return a PostgreSQL URL without SQLAlchemy's driver name, as libpq wants it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def _connected(url: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(plain(url), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.Error as error:
        raise ServiceError(
            "postgres",
            "The PostgreSQL of NEUROCORTEX_DATABASE_URL cannot be used:"
            f" {' '.join(str(error).split())}. Start it, or unset the setting to use the"
            " embedded one.",
        ) from None
