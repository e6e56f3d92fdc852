"""`python -m deployments`: apply everything to the Prefect server that PREFECT_API_URL names."""

import asyncio
import sys

from deployments.apply import apply_blocks, apply_deployments, apply_pools, migrate_lake
from neurocortex.errors import NeuroCortexError
from neurocortex.settings import settings


def main() -> int:
    """Apply the Lake's schema, pools, blocks and deployments, and print a line for each."""
    try:
        chosen = settings()
        for line in migrate_lake(chosen):
            print(line, flush=True)
        for line in asyncio.run(apply_pools(chosen)):
            print(line, flush=True)
        for line in apply_blocks(chosen):
            print(line, flush=True)
        for line in apply_deployments(chosen):
            print(line, flush=True)
    except NeuroCortexError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
