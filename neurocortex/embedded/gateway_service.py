"""The gateway process as something to start and watch."""

import signal
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from neurocortex.embedded.ports import HOST
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service

NAME: Final = "gateway"

HEALTH_TIMEOUT_S: Final = 2.0
"""A gateway that is up says so within milliseconds, even a busy one within a second."""

EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to


def address(host: str, port: int) -> str:
    """Return where this machine reaches a gateway that listens on a host's address."""
    return f"http://{HOST if host in EVERYWHERE else host}:{port}"


class GatewayService:
    """`neurocortex.gateway` on a port for HTTP and one for gRPC."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        port: int,
        grpc_port: int,
        host: str = HOST,
    ) -> None:
        """Start it with an environment; `host` is the address it was told to listen on."""
        self._environment = environment
        self._log = log
        self._port = port
        self._grpc_port = grpc_port
        self._host = HOST if host in EVERYWHERE else host

    def service(self) -> Service:
        """Return it as something to start and watch."""
        return Service(
            name=NAME,
            command=self._command,
            is_ready=lambda: self._is_healthy(HEALTH_TIMEOUT_S),
            is_alive=self._is_healthy,
            # Requests that it serves have some seconds to end.
            stop_signal=signal.SIGTERM,
            log=self._log,
            port=self._port,
            address=address(self._host, self._port),
        )

    def _command(self) -> Command:
        return Command(
            argv=(
                *(sys.executable, "-m", "neurocortex.gateway"),
                *(str(self._port), str(self._grpc_port)),
            ),
            environment=self._environment,
            log=self._log,
            # The stores die with us: there is nothing left to end in order.
            death_signal=signal.SIGKILL,
        )

    def _is_healthy(self, timeout_s: float) -> bool:
        """Tell whether the process answers; what its neighbours do is no matter of its own."""
        connection = HTTPConnection(self._host, self._port, timeout=timeout_s)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
