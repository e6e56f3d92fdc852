"""`neurocortex deploy`."""

import subprocess
import sys

import typer


def deploy() -> None:
    """Apply pools, blocks and deployments.

    `neurocortex up` does this at each start. Run it after you changed a setting, prefect.yaml or
    a dataset while the platform is up. Doing it twice changes nothing.
    """
    from neurocortex.embedded.platform import DEPLOY_MODULE
    from neurocortex.embedded.running import environment_of, find
    from neurocortex.settings import load

    environment = environment_of(find(load().settings))
    done = subprocess.run([sys.executable, "-m", DEPLOY_MODULE], env=environment, check=False)
    raise typer.Exit(done.returncode)
