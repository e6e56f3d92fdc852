"""Telemetry of dependencies: off unless the user turns it on."""

import os
from typing import Final

OPT_OUT: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "HAYSTACK_TELEMETRY_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "LANGSMITH_TRACING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""The switch that each dependency documents, with the value that means off."""


def switch_off() -> None:
    """Set every opt-out the environment does not set already, for this process and its children."""
    for name, value in OPT_OUT.items():
        os.environ.setdefault(name, value)
