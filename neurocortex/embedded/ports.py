"""Which port an embedded service gets, and who holds one that is taken."""

import errno
import socket
from typing import Final

import psutil

from neurocortex.errors import PortInUseError

HOST: Final = "127.0.0.1"
"""Embedded services are for this machine only."""

USUAL: Final[dict[str, int]] = {
    "postgres": 54320,
    "redis": 63790,
    "prefect": 4200,
    "gateway": 8080,
    "grpc": 8081,
}
"""Beside the registered 5432 and 6379, where a system's own server would listen."""


def choose(service: str, wanted: int | None, last: int | None) -> int:
    """Return the port a service is to listen on.

    Args:
        service: one of `USUAL`.
        wanted: the setting: None leaves the choice here, 0 asks for any free port.
        last: the port it had the time before; addresses people noted stay true.

    Raises:
        PortInUseError: the port that was set is held by another process.
    """
    if wanted == 0:
        return free()
    if wanted is not None:
        if not is_free(wanted):
            raise PortInUseError(
                service, wanted, holder(wanted), f"NEUROCORTEX_PORTS__{service.upper()}"
            )
        return wanted
    for port in (last, USUAL[service]):
        if port is not None and is_free(port):
            return port
    return free()


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # As servers do: a port that only closed connections linger on is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
        return True


def free() -> int:
    """Return a port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def holder(port: int) -> str:
    """Name the process that listens on a port, as far as the system lets us see it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS tells only root
        connections = []
    for connection in connections:
        if (connection.status, connection.laddr[1:]) == (psutil.CONN_LISTEN, (port,)):
            if connection.pid is None:
                break
            try:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({process.name()}, user {process.username()})"
            except psutil.NoSuchProcess:
                break
    if port < 1024:
        return "the system (ports below 1024 are reserved), or a process we may not see"
    return "a process of another user"
