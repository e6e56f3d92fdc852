"""The Forge as commands find it."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neurocortex.forge.registry import Registry

Name = Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")]


def open_registry() -> "Registry":
    """Return a connection to the registry of the platform that runs.

    Raises:
        NotRunningError: none runs, and no registry is set.
    """
    from pydantic import SecretStr

    from neurocortex.embedded.running import find
    from neurocortex.errors import NotRunningError
    from neurocortex.forge.registry import Registry
    from neurocortex.forge.store import MODELS, Place
    from neurocortex.settings import load, variable

    running = find(load().settings)
    chosen = running.settings.forge.url
    if chosen is None and running.database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    url = chosen or SecretStr(running.database_url or "")
    return Registry(Place(url, running.home.folder / MODELS))
