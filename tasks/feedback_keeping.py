"""Where this process's predictions are kept for feedback: open in a lane process only."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from neurocortex.errors import NotRunningError
from neurocortex.feedback.keeping import Keeper
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Prediction
from neurocortex.realtime.ending import end
from neurocortex.settings import Settings, variable

_open: Keeper | None = None


@asynccontextmanager
async def keeping_predictions(chosen: Settings) -> AsyncGenerator[None]:
    """Have predictions of this process kept meanwhile; what waits at the end is written.

    Raises:
        NotRunningError: there is no PostgreSQL.
    """
    global _open
    if chosen.database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    with FeedbackTable(chosen.database_url.get_secret_value()) as table:
        _open = keeper = Keeper(table, timedelta(days=chosen.forge.predictions_days))
        writing = asyncio.create_task(keeper.run())
        try:
            yield
        finally:
            _open = None
            await end([writing])
            await keeper.write()


def keep(made: Prediction) -> None:
    """Keep a prediction. Those of batches are not: nobody waits for one of them by its id."""
    if _open is not None:
        _open.put(made)
