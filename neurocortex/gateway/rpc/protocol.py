"""The messages and the service of `neurocortex.proto`, read at the start: no code is generated.

gRPC calls this run-time parsing of protos: https://grpc.github.io/grpc/python/grpc.html. Nothing
of it has types; what leaves this package does.
"""

from typing import Any, Final

import grpc

PROTO: Final = "neurocortex/gateway/rpc/neurocortex.proto"
"""Found on the import path, as modules are."""

SERVICE: Final = "neurocortex.v1.NeuroCortex"

_parsed: tuple[Any, Any] = grpc.protos_and_services(PROTO)
messages: Final[Any] = _parsed[0]
services: Final[Any] = _parsed[1]
