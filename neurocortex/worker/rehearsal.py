"""What the first flow run of a process pays for once, done in the zygote before any run."""

import ssl
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import BaseModel

PREFECT: Final = "prefect."


def rehearse() -> None:
    """Build what is built at its first use, so that each fork has it; takes half a second.

    None of it starts a thread, opens a connection or depends on a run.
    """
    if "prefect" not in sys.modules:
        return
    import httpx
    from prefect.logging.highlighters import PrefectConsoleHighlighter
    from prefect.plugins import load_prefect_collections
    from pydantic import BaseModel

    # Looking up a block by its name loads every installed collection, the worker's among them.
    load_prefect_collections()

    # Prefect defers the validators of its models: a run would build those it uses.
    for model in _subclasses(BaseModel):
        if model.__module__.startswith(PREFECT) and not model.__pydantic_complete__:
            model.model_rebuild(raise_errors=False)
    # Their regular expressions are compiled, OpenSSL's configuration read.
    PrefectConsoleHighlighter()("")
    with httpx.Client(verify=ssl.create_default_context()):
        return


def _subclasses(of: "type[BaseModel]") -> "Iterator[type[BaseModel]]":
    for each in of.__subclasses__():
        yield each
        yield from _subclasses(each)
