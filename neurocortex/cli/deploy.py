"""`neurocortex deploy`."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from neurocortex.settings import Settings


def deploy() -> None:
    """Apply pools, blocks and deployments.

    `neurocortex up` does this at each start. Run it after you changed a setting, prefect.yaml or
    a dataset while the platform is up. Doing it twice changes nothing.

    Your datasets are in NEUROCORTEX_DATASETS__FOLDER (datasets/), seen from where `neurocortex up`
    was typed, wherever you type this.
    """
    from neurocortex.embedded.platform import DEPLOY_MODULE
    from neurocortex.embedded.running import environment_of, find
    from neurocortex.settings import load

    environment = environment_of(find(as_up_sees_them(load().settings)))
    done = subprocess.run([sys.executable, "-m", DEPLOY_MODULE], env=environment, check=False)
    raise typer.Exit(done.returncode)


def as_up_sees_them(settings: "Settings") -> "Settings":
    """Return the settings with the folder of datasets that the platform of this home uses.

    Where no platform of ours runs, it is seen from here.
    """
    from neurocortex.embedded import state
    from neurocortex.embedded.home import Home

    live = state.read_live(Home(settings.home.absolute()).run)
    supervisor = live.supervisor.process() if live else None
    if supervisor is None:
        return settings
    folder = Path(supervisor.cwd()) / settings.datasets.folder
    datasets = settings.datasets.model_copy(update={"folder": folder})
    return settings.model_copy(update={"datasets": datasets})
