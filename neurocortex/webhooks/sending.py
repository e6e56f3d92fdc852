"""Sending webhooks until each was taken, or is given up."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

import httpx
import orjson

from neurocortex.errors import LakeUnavailableError
from neurocortex.settings import WebhookSettings
from neurocortex.tracking.record import Record
from neurocortex.webhooks.signing import headers_of
from neurocortex.webhooks.store import Due, WebhookTable

EVERY_S: Final = 1.0
"""Between two looks."""

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
        location: Callable[[UUID], str],
    ) -> None:
        """Send what is due, signed with a key; `location` says where a batch is looked after."""
        self._table = table
        self._key = key
        self._settings = settings
        self._location = location
        self._lease = timedelta(seconds=settings.timeout_s * SPARE)

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
        batch, settings = due.record.id, self._settings
        if failure is None:
            await asyncio.to_thread(self._table.end, batch)
        elif is_final or due.attempts >= settings.max_attempts:
            logger.error(
                "The webhook of batch %s is given up at attempt %d: %s",
                *(batch, due.attempts, failure),
            )
            await asyncio.to_thread(self._table.end, batch, failure)
        else:
            delay = timedelta(seconds=settings.first_delay_s * LONGER ** (due.attempts - 1))
            await asyncio.to_thread(self._table.put_off, batch, delay, failure)

    async def _post(self, client: httpx.AsyncClient, due: Due) -> tuple[str | None, bool]:
        """Return why it was not taken, None where it was; and whether it never will be."""
        body = message_of(due.record, self._location(due.record.id))
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
    """Return what is told of a batch that has ended, as JSON; its results are fetched."""
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
