"""Requests that failed for good: kept as dead letters, and some of them tried again in sight.

A dead letter belongs to a flow run, and a request of the lane has none: its own id stands there.
Within a rate a flow run is started that does the same again, so that people see in Prefect's UI
what happens; it is noted as the letter's replay.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from neurocortex.dead_letters.letter import (
    LANE_FLOW,
    LANE_REPLAY,
    MAX_MESSAGE_CHARS,
    DeadLetter,
)
from neurocortex.dead_letters.redaction import redact, redact_text, secrets_of
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.domain.work import TENANT_TAG
from neurocortex.errors import GivenUpError, LakeUnavailableError, LaneTimeoutError
from neurocortex.realtime.call import Call, Delivery

FLOW: Final = LANE_FLOW
"""Whose failures they are, in the list of dead letters."""

WAITING: Final = 1000
"""Letters that wait for the database; the log has those beyond."""

PATIENCE_S: Final = 3.0
"""A process that ends waits no longer for the database."""

PAUSE_S: Final = 1.0
"""Between attempts to reach the database."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Lost:
    delivery: Delivery
    error: BaseException


class LostCalls:
    """Those of one lane process. Call it with each, and let `keep` run."""

    def __init__(self, letters: DeadLetters, replays_per_minute: int) -> None:
        """Keep letters in a store."""
        self._letters = letters
        self._interval_s = 60 / replays_per_minute if replays_per_minute else None
        self._next_replay = 0.0
        self._waiting: asyncio.Queue[_Lost] = asyncio.Queue(WAITING)

    def __call__(self, delivery: Delivery, error: BaseException) -> None:
        """Keep a request that failed, soon."""
        try:
            self._waiting.put_nowait(_Lost(delivery, error))
        except asyncio.QueueFull:
            logger.error("No dead letter of request %s: too many wait.", delivery.call.id)

    async def keep(self) -> None:
        """Keep them for ever; while the database is away they wait."""
        while True:
            lost = await self._waiting.get()
            try:
                await self._keep(lost)
            except Exception:
                logger.exception("No dead letter of request %s.", lost.delivery.call.id)
            finally:
                self._waiting.task_done()

    async def kept(self) -> None:
        """Wait a little until all are kept that came so far."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._waiting.join()
        except TimeoutError:
            logger.error("The process ends with dead letters that could not be kept.")

    async def _keep(self, lost: _Lost) -> None:
        letter = letter_of(lost.delivery, lost.error)
        while not await self._recorded(letter):
            await asyncio.sleep(PAUSE_S)
        # What ends processes is not tried again without a person who asks for it.
        if not isinstance(lost.error, GivenUpError) and self._may_replay():
            await self._replay(letter, lost.delivery.call)

    async def _recorded(self, letter: DeadLetter) -> bool:
        try:
            await asyncio.to_thread(self._letters.record, letter)
        except LakeUnavailableError as error:
            logger.warning("The dead letter of %s waits: %s", letter.flow_run, error)
            return False
        return True

    def _may_replay(self) -> bool:
        now = time.monotonic()
        if self._interval_s is None or now < self._next_replay:
            return False
        self._next_replay = now + self._interval_s
        return True

    async def _replay(self, letter: DeadLetter, call: Call) -> None:
        try:
            async with get_client() as client:
                run = await replayed(client, call)
            await asyncio.to_thread(self._letters.mark_replayed, letter, run.id)
        except ObjectNotFound:
            logger.warning("There is no deployment %s: `neurocortex deploy` makes it.", LANE_REPLAY)
        except (httpx.HTTPError, LakeUnavailableError) as error:
            logger.warning("Request %s is not tried again in a flow run: %s", call.id, error)


def letter_of(delivery: Delivery, error: BaseException) -> DeadLetter:
    """Return the dead letter of a request that failed."""
    call = delivery.call
    parameters = _parameters(call)
    message = redact_text(f"{type(error).__name__}: {error}", secrets_of(parameters))
    return DeadLetter(
        flow_run=call.id,
        name=call.operation,
        flow=FLOW,
        deployment=None,
        deployment_id=None,
        tier=call.tier.value,
        tenant=call.tenant,
        parameters=redact(parameters),
        state=_state(error),
        message=message[:MAX_MESSAGE_CHARS],
        error_type=type(error).__name__,
        history=(),
        attempts=delivery.attempt,
        created=datetime.now(UTC),
    )


async def replayed(client: PrefectClient, call: Call) -> FlowRun:
    """Start the flow run that does a request again; the same one however often this is called.

    Raises:
        ObjectNotFound: its deployment is not there.
        httpx.HTTPError: Prefect does not answer, or refuses.
    """
    deployment = await client.read_deployment_by_name(LANE_REPLAY)
    return await client.create_flow_run_from_deployment(
        deployment.id,
        parameters={"request": _parameters(call)},
        tags=[f"{TENANT_TAG}{call.tenant}"],
        name=f"{call.operation} {call.id}",
        idempotency_key=f"replay/{call.id}",
    )


def _parameters(call: Call) -> Mapping[str, object]:
    try:
        found = json.loads(call.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _state(error: BaseException) -> str:
    """Return what Prefect would call the end of a run that ended like that."""
    if isinstance(error, GivenUpError):
        return "Crashed"
    return "TimedOut" if isinstance(error, TimeoutError | LaneTimeoutError) else "Failed"
