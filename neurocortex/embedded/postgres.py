"""The embedded PostgreSQL: its server, and the databases the platform needs in it."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from neurocortex.embedded import binaries, postgres_data
from neurocortex.embedded.accounts import unprivileged_account
from neurocortex.embedded.ports import HOST
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service
from neurocortex.errors import ServiceFailedError

SUPERUSER: Final = "postgres"
OWNER: Final = "neurocortex"

PLATFORM_DATABASE: Final = "neurocortex"
PREFECT_DATABASE: Final = "prefect"

READY_TIMEOUT_S: Final = 2.0

EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    PLATFORM_DATABASE: ("vector",),
    PREFECT_DATABASE: ("pg_trgm",),
}
"""Created by the superuser: `vector` is no trusted extension, and the owner is no superuser."""

TUNING: Final = {
    # Prefect's server holds up to 30 connections, each flow process a few.
    "max_connections": "200",
    # A small machine shared with everything else; the page cache does the rest.
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    # Compiling Prefect's long queries takes longer than running them.
    "jit": "off",
    # The storage is a solid-state disk far more often than not.
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
"""What differs from PostgreSQL's defaults. fsync and synchronous_commit stay on."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One PostgreSQL: where its data lies, and how it is reached."""

    data: Path
    log: Path
    port: int
    superuser_password: str
    owner_password: str

    def url(self, database: str = PLATFORM_DATABASE) -> str:
        """Return the URL that the platform uses: its role owns its databases, and no more."""
        return owner_url(self.owner_password, self.port, database)

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the URL for set-up."""
        return f"postgresql://{SUPERUSER}:{self.superuser_password}@{HOST}:{self.port}/{database}"

    def service(self) -> Service:
        """Return it as something to start and watch."""
        return Service(
            name="postgres",
            command=self.command,
            is_ready=self.is_ready,
            is_alive=self.is_ready,
            # "Fast": sessions are cut off, everything is written, nothing needs recovery.
            stop_signal=signal.SIGINT,
            log=self.log,
            port=self.port,
            address=f"postgresql://{HOST}:{self.port}/{PLATFORM_DATABASE}",
        )

    def command(self) -> Command:
        """Return what starts it."""
        parameters = {
            "listen_addresses": HOST,
            "port": str(self.port),
            # TCP only: a socket's path may be too long for the system, or the folder not
            # the account's to write.
            "unix_socket_directories": "",
            **TUNING,
        }
        flags = [part for name, value in parameters.items() for part in ("-c", f"{name}={value}")]
        return Command(
            argv=(str(binaries.postgres("postgres")), "-D", str(self.data.absolute()), *flags),
            environment=postgres_data.environment(),
            log=self.log,
            death_signal=signal.SIGINT,
            account=unprivileged_account(self.data),
            folder=self.data.absolute(),
        )

    def initialise(self) -> None:
        """Make the data folder, unless it is there; see `postgres_data.make`."""
        postgres_data.make(self.data, SUPERUSER, self.superuser_password, self.log)

    def is_ready(self, timeout_s: float = READY_TIMEOUT_S) -> bool:
        """Tell whether it answers within that time; libpq counts whole seconds, 2 at least.

        Raises:
            ServiceFailedError: it answers, and refuses our password.
        """
        try:
            with psycopg.connect(self.superuser_url(), connect_timeout=ceil(timeout_s)):
                return True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServiceFailedError(
                    "postgres",
                    "refuses the password kept in the home folder."
                    " Put back the credentials.json that was there",
                    self.log,
                ) from None
            return False

    def prepare(self) -> None:
        """Make the platform's role and databases, as far as they are missing."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,))
            change: LiteralString = "ALTER" if known.fetchone() else "CREATE"
            connection.execute(
                sql.SQL(change + " ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                    sql.Identifier(OWNER), sql.Literal(self.owner_password)
                )
            )
            missing = [name for name in EXTENSIONS if not database_exists(connection, name)]
            for name in missing:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(name), sql.Identifier(OWNER)
                    )
                )
        for name, extensions in EXTENSIONS.items():
            with psycopg.connect(self.superuser_url(name), autocommit=True) as connection:
                for extension in extensions:
                    connection.execute(
                        sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(
                            sql.Identifier(extension)
                        )
                    )


def owner_url(password: str, port: int, database: str = PLATFORM_DATABASE) -> str:
    """Return the URL of a database of the embedded PostgreSQL, for the role that owns it."""
    return f"postgresql://{OWNER}:{password}@{HOST}:{port}/{database}"


def database_exists(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    """Tell whether the server has a database of that name."""
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    return found.fetchone() is not None
