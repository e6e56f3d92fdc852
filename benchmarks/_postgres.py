"""A PostgreSQL of a benchmark's own, set up and tuned as the platform's embedded one."""

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from neurocortex.embedded import ports, process
from neurocortex.embedded.postgres import PostgresServer

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 15.0


@contextmanager
def postgres() -> Iterator[str]:
    """Give the superuser's URL of a fresh database with vector; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="neurocortex-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run under another account
        server = PostgresServer(
            data=folder / "postgres",
            log=folder / "postgres.log",
            port=ports.free(),
            superuser_password=secrets.token_hex(16),
            owner_password=secrets.token_hex(16),
        )
        say("starting PostgreSQL")
        server.initialise()
        service = server.service()
        child = process.spawn(service.command())
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not service.is_ready():
                if child.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"PostgreSQL did not start:\n{process.tail(service.log)}")
                time.sleep(process.POLL_S)
            server.prepare()
            yield server.superuser_url("neurocortex")
        finally:
            process.stop(child, service.stop_signal, STOP_TIMEOUT_S)


def say(what: str) -> None:
    """Tell the person who waits what is going on."""
    print(what, file=sys.stderr, flush=True)
