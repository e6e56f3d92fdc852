"""`python -m neurocortex.embedded.when_ready PACKAGE`: run a package once Prefect answers.

What the package needs is imported while the server still starts, so that both pay their imports
at the same time. Its `__main__` must do nothing when it is merely imported.
"""

import importlib
import runpy
import sys
import time
from typing import Final

from neurocortex.embedded.prefect_api import PrefectApi
from neurocortex.settings import settings

POLL_S: Final = 0.1


def main() -> None:
    """Wait without end: whoever started us watches the server, and ends us if it fails."""
    package = sys.argv.pop(1)
    importlib.import_module(f"{package}.__main__")
    del sys.modules[f"{package}.__main__"]  # to be run as if for the first time
    api = PrefectApi(settings().prefect_api_url or "")
    while not api.is_healthy():
        time.sleep(POLL_S)
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
