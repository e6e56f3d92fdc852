"""How many batches are received at once: each is in memory until it is written."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from neurocortex.errors import UploadBusyError

AT_ONCE: Final = 4
"""Of all tenants, in one process."""


class Uploads:
    """Those of one process. Nobody waits for room: a slow sender would keep all others waiting."""

    def __init__(self) -> None:
        """Receive nothing yet."""
        self._tenants: set[str] = set()

    @contextmanager
    def room(self, tenant: str) -> Generator[None]:
        """Receive a batch of a tenant, who has one place.

        Raises:
            UploadBusyError: the tenant's place is taken, or that of all.
        """
        if tenant in self._tenants:
            raise UploadBusyError(1, "your tenant")
        if len(self._tenants) >= AT_ONCE:
            raise UploadBusyError(AT_ONCE, "all tenants")
        self._tenants.add(tenant)
        try:
            yield
        finally:
            self._tenants.remove(tenant)
