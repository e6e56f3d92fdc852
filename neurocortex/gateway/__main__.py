"""`python -m neurocortex.gateway [PORT [GRPC_PORT]]`: one gateway process."""

import sys

from prefect.logging.configuration import setup_logging

from neurocortex.embedded.ports import USUAL
from neurocortex.errors import NeuroCortexError
from neurocortex.gateway.serving import serve
from neurocortex.settings import load

if __name__ == "__main__":
    setup_logging()
    try:
        settings = load().settings
        given = [int(port) for port in sys.argv[1:]]
        port = given[0] if given else settings.ports.gateway or USUAL["gateway"]
        grpc_port = given[1] if len(given) > 1 else settings.ports.grpc or USUAL["grpc"]
        serve(settings, port, grpc_port)
    except NeuroCortexError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
