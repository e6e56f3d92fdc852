"""What a worker does when a run has ended and is not tried again."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from prefect.client.orchestration import PrefectClient
from prefect.events import emit_event

from neurocortex.dead_letters.collect import collect, ended_lately
from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.dead_letters.store import DeadLetters

EVENT: Final = "neurocortex.dead-letter"
"""Name of the event that automations can wait for."""

MISSED_WITHIN: Final = timedelta(days=1)
"""A platform that was down for longer shows its failed runs in Prefect's UI."""

LEFT_TO_OTHERS: Final = timedelta(minutes=1)
"""A run that ended just now is on its way to be recorded by the worker that ran it."""

logger = logging.getLogger(__name__)


class DeadLetterHandler:
    """Records runs that failed for good, and tells Prefect of each."""

    def __init__(self, client: PrefectClient, letters: DeadLetters, keep: timedelta) -> None:
        """Make the handler of one worker.

        Args:
            client: of Prefect, open for as long as the handler is used.
            letters: where they are kept.
            keep: older letters are deleted, some with each new one.
        """
        self._client = client
        self._letters = letters
        self._keep = keep

    async def run_ended(self, flow_run_id: UUID) -> DeadLetter | None:
        """Record a run that will not be tried again; return its letter, None where it is not dead.

        Safe to call again, and by several workers: a run has one letter for each number of
        attempts, and its event one id.

        Raises:
            LakeUnavailableError: the letter could not be kept; call again later.
            httpx.HTTPError: Prefect does not answer, or refuses; as above.
        """
        letter = await collect(self._client, flow_run_id)
        if letter is None:
            return None
        # psycopg waits for the database in this thread, so it is not the event loop's.
        if await asyncio.to_thread(self._letters.record, letter):
            logger.warning("Flow run %s failed for good: it is a dead letter now.", letter.name)
            await asyncio.to_thread(self._letters.prune, self._keep)
        _tell(letter)
        return letter

    async def catch_up(self, pools: Sequence[str], within: timedelta = MISSED_WITHIN) -> int:
        """Record what ended while nobody could: its worker died too, or the database was away.

        For a worker to call when it starts and now and then.

        Args:
            pools: the work pools whose runs are looked at.
            within: older ends are not looked for.

        Returns:
            How many letters there are now that were missing.

        Raises:
            LakeUnavailableError: as `run_ended`.
            httpx.HTTPError: as `run_ended`.
        """
        ended = await ended_lately(self._client, pools, within, LEFT_TO_OTHERS)
        missing = await asyncio.to_thread(self._letters.missing, ended)
        found = [await self.run_ended(run) for run in missing]
        return sum(letter is not None for letter in found)


def _tell(letter: DeadLetter) -> None:
    """Emit the event. A server that has one of its id already drops it, so no alert comes twice."""
    run = f"prefect.flow-run.{letter.flow_run}"
    related = [
        {"prefect.resource.id": run, "prefect.resource.role": "flow-run"},
        {
            "prefect.resource.id": f"neurocortex.tier.{letter.tier}",
            "prefect.resource.role": "tier",
        },
    ]
    if letter.deployment_id is not None:
        related.append(
            {
                "prefect.resource.id": f"prefect.deployment.{letter.deployment_id}",
                "prefect.resource.role": "deployment",
            }
        )
    emit_event(
        event=EVENT,
        id=uuid5(letter.flow_run, f"{EVENT}/{letter.attempts}"),
        resource={
            "prefect.resource.id": f"neurocortex.dead-letter.{letter.flow_run}",
            "prefect.resource.name": letter.name,
        },
        related=related,
        payload={
            "flow": letter.flow,
            "tier": letter.tier,
            "tenant": letter.tenant,
            "state": letter.state,
            "message": letter.message,
            "attempts": letter.attempts,
        },
    )
