"""Where the Prefect UI finds a block's picture."""

import os

from pydantic import HttpUrl


def logo_url(name: str) -> HttpUrl:
    """Return the address of a block's logo on the Prefect server.

    Prefect takes an http address only, so the embedded server serves the pictures beside its
    own UI (`neurocortex.embedded`). On another server they are missing until its operator puts
    the folder there; everything else works without them.

    Args:
        name: the block type's slug, e.g. `lake`.
    """
    api = os.environ.get("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    return HttpUrl(f"{api.removesuffix('/').removesuffix('/api')}/neurocortex/{name}.png")
