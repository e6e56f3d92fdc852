"""`neurocortex pipelines`: the Haystack pipelines there are, and whether a file makes one."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Haystack pipelines in YAML: list them, check a file.",
    no_args_is_help=True,
)


@app.command("list")
def list_() -> None:
    """List all pipelines, with what each takes and returns."""
    from neurocortex.engines.haystack_pipelines import catalog
    from neurocortex.errors import HaystackFileError
    from neurocortex.settings import load

    chosen = load().settings.pipelines
    for name, path in catalog.files(chosen.folder).items():
        whose = "shipped" if path.parent == catalog.SHIPPED else str(path)
        try:
            spec = catalog.read(path, chosen.modules).spec
        except HaystackFileError as error:
            typer.echo(f"{name} ({whose})\n  {error}")
            continue
        defaults = ", ".join(f"{key}={value}" for key, value in spec.parameters.items())
        typer.echo(
            f"{name} ({whose})\n  {spec.summary}\n"
            f"  takes {', '.join(spec.inputs)}; returns {', '.join(spec.outputs)}\n"
            f"  parameters: {defaults or 'none'}"
        )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pipeline's YAML file.")],
) -> None:
    """Check a pipeline's file: make each component, connect them, run nothing."""
    from neurocortex.engines.haystack_pipelines import catalog
    from neurocortex.engines.haystack_pipelines.loading import load as made
    from neurocortex.settings import load

    modules = load().settings.pipelines.modules
    described = catalog.read(file, modules)
    loaded = made(described, {}, modules)
    typer.echo(f"{file} is a pipeline of {len(described.spec.components)} components.")
    for name, sockets in described.spec.inputs.items():
        kind = loaded.inputs[sockets[0]]
        needed = "needed" if kind.is_mandatory else "may be left out"
        typer.echo(f"  takes {name}: {needed}")
    for name in described.spec.outputs:
        typer.echo(f"  returns {name}")
