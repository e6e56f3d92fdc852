"""`neurocortex lake reembed`."""

from typing import Annotated

import typer


def reembed(
    collection: Annotated[str, typer.Argument(help="The collection.")],
    embedder: Annotated[
        str, typer.Option(help="lsa, openai/MODEL or sentence-transformers/MODEL.")
    ],
) -> None:
    """Give a collection another embedding model.

    Runs the deployment reembed-collection. Searches go on with the old vectors until the new ones
    are all there; when it fails, nothing has changed.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import REEMBED
    from neurocortex.domain.reports import LoadReport
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    runs = Runs(find(load().settings), Steps())
    done = runs.run(REEMBED, {"collection": collection, "embedder": embedder}, LoadReport)
    typer.echo(f"{done.collection} is embedded by {done.embedder} now ({done.seconds:.1f} s).")
