"""`python -m benchmarks._chaos_serving POOL...`: `python -m neurocortex.worker`, soon ready.

Its processes have what the flow of the chaos needs, and not what the product's flows do: that takes
10 s of processor time each time a worker is started again.
"""

import asyncio
import sys

from prefect.logging.configuration import setup_logging

from neurocortex.worker.preload import MODULES
from neurocortex.worker.serving import serve

if __name__ == "__main__":
    setup_logging()
    asyncio.run(serve(sys.argv[1:], [name for name in MODULES if name.startswith("prefect.")]))
