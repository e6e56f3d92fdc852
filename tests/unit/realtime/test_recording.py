"""Windows that Prefect cannot take are skipped and counted: the lane does not need it to serve."""

import asyncio

from prefect.settings import PREFECT_API_URL, temporary_settings

from neurocortex.realtime.windows import Figures
from tasks.publish_window import Recording


def test_a_window_is_skipped_while_the_api_is_away_and_counted_in_the_totals() -> None:
    figures = Figures()

    async def main() -> Recording:
        recording = Recording(lambda: figures.window(0), window_s=5)
        for _ in range(2):
            figures.answered("echo", 0.001, None)
            await recording.record()
        await recording.record()  # nothing happened
        return recording

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        recording = asyncio.run(main())
    assert recording.totals.requests == 2
    assert recording.skipped == 2
