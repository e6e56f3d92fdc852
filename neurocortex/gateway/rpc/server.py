"""The gRPC server of a gateway process, with health checks and reflection."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from neurocortex.errors import ServiceError
from neurocortex.gateway.rpc.protocol import SERVICE, services
from neurocortex.gateway.rpc.servicer import Servicer
from neurocortex.gateway.services import Services

MEGABYTE: Final = 2**20

LONGEST_HEADERS: Final = "grpc.max_metadata_size"
"""Of a call, in bytes: gRPC's own limit is 8 KiB, too small for some tokens."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(gateway: Services, host: str, port: int) -> AsyncGenerator[int]:
    """Serve calls while the context lasts; yield the port, which is chosen where `port` is 0.

    Raises:
        ServiceError: the port cannot be had.
    """
    chosen = gateway.settings.gateway
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", round(chosen.max_body_mb * MEGABYTE)),
            (LONGEST_HEADERS, round(chosen.max_head_kb * 1024)),
            ("grpc.so_reuseport", 0),  # a second server on the port is an error, as over HTTP
        ],
        maximum_concurrent_rpcs=chosen.connections,
    )
    services.add_NeuroCortexServicer_to_server(Servicer(gateway), server)
    alive = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(alive, server)
    reflection.enable_server_reflection(
        (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise ServiceError("gateway", f"port {port} cannot be had for gRPC: {error}") from error
    await server.start()
    for name in ("", SERVICE):
        await alive.set(name, health_pb2.HealthCheckResponse.SERVING)
    _log.info("Listening for gRPC on %s:%d", host, bound)
    try:
        yield bound
    finally:
        await alive.enter_graceful_shutdown()
        await server.stop(chosen.drain_s)
