"""The process: one server on one event loop, until it is told to stop."""

import asyncio
import logging
import signal
import socket
from typing import Final

import uvicorn
import uvloop

from neurocortex.errors import NotRunningError
from neurocortex.gateway.app import busy, make_app
from neurocortex.gateway.opening import Addresses, opened
from neurocortex.gateway.protocol import Limits, limited
from neurocortex.gateway.rpc import server as rpc
from neurocortex.settings import Settings, variable
from neurocortex.settling import settle

KILOBYTE: Final = 1024
MEGABYTE: Final = 2**20

KEEP_ALIVE_S: Final = 65
"""Longer than load balancers keep a connection (60 s is usual), so that they end it first."""

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


def serve(settings: Settings, port: int, grpc_port: int) -> None:
    """Serve on two ports until SIGTERM or SIGINT; requests then have `gateway.drain_s` to end.

    Raises:
        NotRunningError: an address of the platform is not set.
        ServiceError: the port for gRPC cannot be had.
        Exception: what opening the services raises.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, addresses_of(settings), port, grpc_port))


def addresses_of(settings: Settings) -> Addresses:
    """Return where the platform is, of which all must be set here.

    Raises:
        NotRunningError: one is not.
    """
    database, redis, api_url = settings.database_url, settings.redis_url, settings.prefect_api_url
    if database is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    if redis is None:
        raise NotRunningError("Redis", variable("redis_url"))
    if api_url is None:
        raise NotRunningError("The Prefect server", variable("prefect_api_url"))
    return Addresses(database.get_secret_value(), redis.get_secret_value(), api_url.rstrip("/"))


async def _serve(settings: Settings, addresses: Addresses, port: int, grpc_port: int) -> None:
    chosen = settings.gateway
    async with (
        opened(settings, addresses) as services,
        rpc.serving(services, chosen.host, grpc_port),
    ):
        config = uvicorn.Config(
            make_app(services),
            host=chosen.host,
            port=port,
            http=limited(
                Limits(
                    round(chosen.max_head_kb * KILOBYTE),
                    chosen.receive_timeout_s,
                    chosen.connections,
                    busy(services, chosen.connections),
                )
            ),
            ws="websockets-sansio",
            ws_max_size=round(chosen.max_body_mb * MEGABYTE),
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(chosen.trusted_proxies),
            forwarded_allow_ips=list(chosen.trusted_proxies),
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(chosen.drain_s)),
        )
        settle()
        _log.info("Listening on http://%s:%d", chosen.host, port)
        for number in STOP_SIGNALS:
            # Uvicorn has handlers of its own while it serves, and sends itself the signal again
            # when it has stopped: that must not end us before everything is closed.
            signal.signal(number, signal.SIG_IGN)
        await _Server(config, services.stopping).serve()


class _Server(uvicorn.Server):
    """Says that it stops before it waits for those that it still serves."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._stopping.set()
        await super().shutdown(sockets)
