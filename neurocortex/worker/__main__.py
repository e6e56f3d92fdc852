"""`python -m neurocortex.worker POOL...`: one process that serves these work pools."""

import asyncio
import sys

from prefect.logging.configuration import setup_logging

from neurocortex.worker.serving import serve

if __name__ == "__main__":
    setup_logging()
    asyncio.run(serve(sys.argv[1:]))
