"""Whether everything that requests need answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

Check = Callable[[], Awaitable[object]]
"""Ends well where a neighbour answers, raises where it does not."""

TIMEOUT_S: Final = 2.0
"""A neighbour that is well answers within milliseconds."""

KEPT_S: Final = 1.0
"""Looks are kept so long, however many ask."""


class Readiness:
    """What is away, looked after when somebody asks, once for all who do."""

    def __init__(
        self, checks: Mapping[str, Check], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask these neighbours, by their names."""
        self._checks = checks
        self._clock = clock
        self._looked = -float("inf")
        self._away: dict[str, str] = {}
        self._turn = asyncio.Lock()

    async def away(self) -> Mapping[str, str]:
        """Return the neighbours that do not answer, with the reason."""
        async with self._turn:
            if self._clock() - self._looked >= KEPT_S:
                found = await asyncio.gather(*map(_reason, self._checks.values()))
                self._away = {
                    name: reason
                    for name, reason in zip(self._checks, found, strict=True)
                    if reason is not None
                }
                self._looked = self._clock()
        return self._away


async def _reason(check: Check) -> str | None:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await check()
    except TimeoutError:
        return f"no answer within {TIMEOUT_S:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer to the question
        return type(error).__name__
    return None
