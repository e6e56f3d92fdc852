"""Stop a platform from outside the process that supervises it."""

import signal
from typing import Final

import psutil

from neurocortex.embedded import state
from neurocortex.embedded.home import Home
from neurocortex.embedded.leftovers import end_leftovers
from neurocortex.embedded.process import wait_until_gone
from neurocortex.errors import ServiceError
from neurocortex.settings import EmbeddedSettings

SERVICES: Final = 4
"""That a supervisor stops one after the other; each may take its whole time."""


def shut_down(home: Home, settings: EmbeddedSettings) -> list[str]:
    """Ask the supervisor to stop, wait for it, and end whatever it leaves behind.

    Returns:
        The names of what ran; nothing when nothing did.

    Raises:
        ServiceError: the platform belongs to another user, or does not stop.
    """
    live = state.read_live(home.run)
    if live is None:
        return end_leftovers(home.run, settings.stop_timeout_s)
    supervisor = live.supervisor.process()
    if supervisor is not None:
        try:
            supervisor.send_signal(signal.SIGTERM)
        except psutil.NoSuchProcess:
            pass  # it was just stopping
        except psutil.AccessDenied:
            raise ServiceError(
                "platform",
                f"The platform was started by the user {supervisor.username()}:"
                " only that user, or root, can stop it.",
            ) from None
        if not wait_until_gone(supervisor, SERVICES * settings.stop_timeout_s):
            raise ServiceError(
                "platform", f"The platform (pid {supervisor.pid}) does not stop. Kill that process."
            )
    end_leftovers(home.run, settings.stop_timeout_s)
    return [record.name for record in live.services] or ["the start"]
