"""Webhooks as the gateway uses them: promised with a request, and sent when it has ended."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import WebhookRefusedError
from neurocortex.settings import WebhookSettings
from neurocortex.tracking.record import Record
from neurocortex.webhooks import destinations
from neurocortex.webhooks.sending import Sender
from neurocortex.webhooks.signing import key_of
from neurocortex.webhooks.store import WebhookTable


class Webhooks:
    """One per gateway process."""

    def __init__(self, table: WebhookTable, settings: WebhookSettings) -> None:
        """Keep webhooks in a table.

        Raises:
            SettingsError: the signing key is none.
        """
        self._table = table
        self._settings = settings
        signing_key = settings.signing_key
        self._key: Final = key_of(signing_key) if signing_key is not None else None

    def check(self, url: str) -> None:
        """Make sure that a webhook may go to an address.

        Raises:
            WebhookRefusedError: it may not, or it could not be signed.
        """
        destinations.check(url, self._settings.origins)
        if self._key is None:
            raise WebhookRefusedError("there is no NEUROCORTEX_WEBHOOKS__SIGNING_KEY to sign it by")

    def add(self, request: UUID, url: str) -> None:
        """Have the end of a request or batch told to an address that was checked.

        Raises:
            LakeUnavailableError: it cannot be written.
        """
        self._table.add(request, url)

    def discard(self, request: UUID) -> None:
        """Take that back: the request was not accepted.

        Raises:
            LakeUnavailableError: it cannot be written; it is forgotten in an hour.
        """
        self._table.discard(request)

    async def run(self, location: Callable[[Record], str], letters: DeadLetters) -> None:
        """Send what is due until cancelled; without a key there is nothing to send.

        Args:
            location: says where a request or batch is looked after.
            letters: keep what nobody took.
        """
        if self._key is not None:
            await Sender(self._table, self._key, self._settings, location, letters).run()
