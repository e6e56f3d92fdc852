"""Sending webhooks until each was taken, or is given up."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import httpx
import orjson

from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import LakeUnavailableError
from neurocortex.settings import WebhookSettings
from neurocortex.tracking.record import Record
from neurocortex.webhooks.given_up import letter_of
from neurocortex.webhooks.signing import headers_of
from neurocortex.webhooks.store import Due, WebhookTable

EVERY_S: Final = 1.0
"""Between two looks."""

PRUNE_EVERY_S: Final = 600.0

AT_ONCE: Final = 16

SPARE: Final = 3
"""A webhook is this many timeouts its sender's; then another gateway may send it."""

LONGER: Final = 4
"""Each delay is so many times the one before: with 5 s, eight attempts are spread over 7.6 h."""

logger = logging.getLogger(__name__)


class Sender:
    """One per gateway process; several share the work."""

    def __init__(
        self,
        table: WebhookTable,
        key: bytes,
        settings: WebhookSettings,
        location: Callable[[Record], str],
        letters: DeadLetters,
    ) -> None:
        """Send what is due, signed with a key.

        Args:
            table: what is due.
            key: signs each message.
            settings: of the attempts.
            location: says where a request or batch is looked after.
            letters: keep what nobody took.
        """
        self._table = table
        self._letters = letters
        self._key = key
        self._settings = settings
        self._location = location
        self._lease = timedelta(seconds=settings.timeout_s * SPARE)
        self._next_prune = 0.0

    async def run(self) -> None:
        """Send until cancelled."""
        # No redirects: they would lead to where no operator has said that webhooks may go.
        async with httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=self._settings.timeout_s
        ) as client:
            while True:
                try:
                    due = await asyncio.to_thread(self._table.take, AT_ONCE, self._lease)
                    await asyncio.gather(*(self._send(client, each) for each in due))
                    await self._prune()
                except LakeUnavailableError as error:
                    logger.warning("Webhooks are sent later: %s", error)
                    due = []
                except Exception:
                    logger.exception("Webhooks could not be sent, and are looked at again.")
                    due = []
                if len(due) < AT_ONCE:
                    await asyncio.sleep(EVERY_S)

    async def _send(self, client: httpx.AsyncClient, due: Due) -> None:
        failure, is_final = await self._post(client, due)
        request, settings = due.record.id, self._settings
        if failure is None:
            await asyncio.to_thread(self._table.end, request)
        elif is_final or due.attempts >= settings.max_attempts:
            logger.error(
                "The webhook of %s %s is given up at attempt %d: %s",
                *(due.record.operation, request, due.attempts, failure),
            )
            await asyncio.to_thread(self._letters.record, letter_of(due, failure))
            await asyncio.to_thread(self._table.end, request, failure)
        else:
            delay = timedelta(seconds=settings.first_delay_s * LONGER ** (due.attempts - 1))
            await asyncio.to_thread(self._table.put_off, request, delay, failure)

    async def _prune(self) -> None:
        """Now and then, forget webhooks of requests that are forgotten."""
        if time.monotonic() >= self._next_prune:
            await asyncio.to_thread(self._table.prune)
            self._next_prune = time.monotonic() + PRUNE_EVERY_S

    async def _post(self, client: httpx.AsyncClient, due: Due) -> tuple[str | None, bool]:
        """Return why it was not taken, None where it was; and whether it never will be."""
        body = message_of(due.record, self._location(due.record))
        headers = headers_of(self._key, f"msg_{due.record.id.hex}", int(time.time()), body)
        try:
            # All of it within the time: httpx has a timeout for each read only.
            async with (
                asyncio.timeout(self._settings.timeout_s),
                client.stream(
                    "POST",
                    due.url,
                    content=body,
                    headers={**headers, "content-type": "application/json"},
                ) as answer,
            ):
                if answer.is_success:
                    return None, True
                # "410 Gone" is the specification's way to unsubscribe.
                return f"status {answer.status_code}", answer.status_code == HTTPStatus.GONE
        except TimeoutError:
            return f"no answer within {self._settings.timeout_s:g} s", False
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}", False


def message_of(record: Record, location: str) -> bytes:
    """Return what is told of a request that has ended, as JSON; its result is fetched."""
    return orjson.dumps(
        {
            "type": f"{record.operation}.{record.state.value}",
            "timestamp": datetime.fromtimestamp(record.ended or record.created, UTC),
            "data": {
                "id": record.id,
                "state": record.state.value,
                "location": location,
                "error": record.error.model_dump() if record.error is not None else None,
            },
        }
    )
