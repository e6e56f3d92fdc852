"""Is everything here that the platform needs? Asked by `neurocortex doctor`."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal, NamedTuple

import psutil

from neurocortex.embedded import binaries, external, ports, state
from neurocortex.embedded.accounts import unprivileged_account
from neurocortex.embedded.home import Home
from neurocortex.errors import ServiceError
from neurocortex.settings import Settings

Level = Literal["ok", "warn", "fail"]

PYTHONS: Final = ((3, 11), (3, 13))
"""The oldest and the newest version that the pinned dependencies resolve for."""

PREFECT: Final = "3.8."
"""The line of Prefect that this version was written and tested on."""

DISK_FAIL_GB: Final = 1.0
DISK_WARN_GB: Final = 5.0
"""A fresh home takes 0.1 GB; documents, results and logs add to it."""

MEMORY_WARN_GB: Final = 2.0
"""Server and worker take 0.4 GB together; a flow run with its libraries 0.2 to 0.6 GB."""

EXTENSION_FILES: Final = ("vector.control", "pg_trgm.control")


class Finding(NamedTuple):
    """The outcome of one check."""

    level: Level
    subject: str
    text: str
    """What is, and how to put it right."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the outcome of each check, in the order in which they matter."""
    home = Home(settings.home.absolute())
    yield _python()
    yield _prefect()
    yield from _postgres(settings, home)
    yield from _redis(settings)
    yield from _prefect_server(settings)
    yield from _ports(settings, home)
    yield _home(home)
    yield _disk(home)
    yield _memory()


def _python() -> Finding:
    (oldest, newest), ours = PYTHONS, sys.version_info[:2]
    level: Level = "ok" if oldest <= ours <= newest else "fail"
    remedy = "" if level == "ok" else "; use 3.11, 3.12 or 3.13"
    return Finding(level, "python", f"{platform.python_version()}{remedy}")


def _prefect() -> Finding:
    found = version("prefect")
    if found.startswith(PREFECT):
        return Finding("ok", "prefect", found)
    return Finding("warn", "prefect", f"{found}; NeuroCortex is tested with {PREFECT}x")


def _postgres(settings: Settings, home: Home) -> Iterator[Finding]:
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        yield _attempt("postgres", "answers, with its extensions", external.check_database, url)
        return
    try:
        server = binaries.postgres("postgres")
        account = unprivileged_account(home.postgres)
        said = _version(server)
    except (ServiceError, OSError, subprocess.CalledProcessError) as error:
        yield Finding("fail", "postgres", str(error))
        return
    user = f", runs as {account.name}" if account else ""
    yield Finding("ok", "postgres", f"{said}{user}")
    folder = server.parents[1] / "share"
    missing = [name for name in EXTENSION_FILES if not any(folder.rglob(name))]
    if missing:
        yield Finding("fail", "extensions", f"{', '.join(missing)} missing; install again")
    else:
        yield Finding("ok", "extensions", "vector, pg_trgm")


def _redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is not None:
        url = settings.redis_url.get_secret_value()
        yield _attempt("redis", "answers", external.check_redis, url)
        return
    try:
        yield Finding("ok", "redis", _version(binaries.redis_server()))
    except (ServiceError, OSError, subprocess.CalledProcessError) as error:
        yield Finding("fail", "redis", str(error))


def _prefect_server(settings: Settings) -> Iterator[Finding]:
    if settings.prefect_api_url is not None:
        url = settings.prefect_api_url
        yield _attempt("prefect server", f"{url} answers", external.check_prefect, url)


def _attempt(subject: str, well: str, check: Callable[[str], None], url: str) -> Finding:
    try:
        check(url)
    except ServiceError as error:
        return Finding("fail", subject, str(error))
    return Finding("ok", subject, well)


def _version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def _ports(settings: Settings, home: Home) -> Iterator[Finding]:
    """A running platform holds its own ports: then there is nothing to find out."""
    if state.read_live(home.run) is not None:
        yield Finding("ok", "ports", "the platform is up and holds them")
        return
    embedded = {
        "postgres": settings.database_url is None,
        "redis": settings.redis_url is None,
        "prefect": settings.prefect_api_url is None,
    }
    for service in (name for name, needed in embedded.items() if needed):
        wanted: int | None = getattr(settings.ports, service)
        port = ports.USUAL[service] if wanted is None else wanted
        subject = f"port of {service}"
        if port == 0:
            yield Finding("ok", subject, "any free one")
        elif ports.is_free(port):
            yield Finding("ok", subject, f"{port} is free")
        elif wanted is None:
            text = f"{port} is held by {ports.holder(port)}; a free one is used instead"
            yield Finding("warn", subject, text)
        else:
            text = (
                f"{port} is held by {ports.holder(port)}; stop it, or set"
                f" NEUROCORTEX_PORTS__{service.upper()} to another port"
            )
            yield Finding("fail", subject, text)


def _home(home: Home) -> Finding:
    nearest = _nearest(home.folder)
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("ok", "home", str(home.folder))
    text = f"{home.folder} cannot be written to; set NEUROCORTEX_HOME to a folder of yours"
    return Finding("fail", "home", text)


def _disk(home: Home) -> Finding:
    free_gb = shutil.disk_usage(_nearest(home.folder)).free / 1e9
    level: Level = "fail" if free_gb < DISK_FAIL_GB else "warn" if free_gb < DISK_WARN_GB else "ok"
    remedy = "" if level == "ok" else "; make room, or set NEUROCORTEX_HOME to another disk"
    return Finding(level, "disk", f"{free_gb:.1f} GB free{remedy}")


def _memory() -> Finding:
    free_gb = psutil.virtual_memory().available / 1e9
    if free_gb >= MEMORY_WARN_GB:
        return Finding("ok", "memory", f"{free_gb:.1f} GB free")
    text = f"{free_gb:.1f} GB free; runs may be slow or killed: lower NEUROCORTEX_TIERS__*"
    return Finding("warn", "memory", text)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the closest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
