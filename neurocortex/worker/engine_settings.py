"""The settings that Prefect's engine runs a flow with: as the environment says, less the heartbeat.

Prefect's runs send heartbeats so that an automation can find those whose process is gone. Here the
ledger finds them. The heartbeat's thread would hold the process, and its slot, for a second after
the flow has ended, and costs four calls to the API.
"""

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prefect.context import SettingsContext

HEARTBEAT: Final = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
"""Whoever sets it gets heartbeats."""


def engine_settings() -> "SettingsContext":
    """Return the settings for this process's environment; takes 15 ms."""
    from prefect.context import SettingsContext
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY

    current = SettingsContext.get()
    assert current is not None  # noqa: S101 - there is one from Prefect's import on
    if HEARTBEAT in os.environ:
        return current
    quiet = current.settings.copy_with_update(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    return SettingsContext(profile=current.profile, settings=quiet)
