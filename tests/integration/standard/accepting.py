"""A gateway process that accepts one request, says so, and starts nothing; to be killed.

Arguments: addresses of Redis and PostgreSQL, the record and the start as JSON.
"""

import asyncio
import sys

from neurocortex.tracking.record import Record, Start
from neurocortex.tracking.table import RequestTable
from tests.integration.standard.conftest import gateway


async def accept(redis_url: str, database_url: str, record: str, start: str) -> None:
    with RequestTable(database_url) as table:
        async with gateway(redis_url, table, running=False) as here:
            await here.lane.submit(
                Record.model_validate_json(record), Start.model_validate_json(start)
            )
            print("accepted", flush=True)  # noqa: T201 - the test waits for it
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(accept(*sys.argv[1:]))
