"""`neurocortex experiments`: variants of requests compared on real traffic."""

import asyncio
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from neurocortex.experiments.experiments import Experiments
    from neurocortex.experiments.plan import Experiment
    from neurocortex.experiments.store import Known

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Compare variants of requests on real traffic.")

Name = Annotated[str, typer.Argument(help="Of the experiment.", show_default=False)]


@app.command()
def start(
    file: Annotated[Path, typer.Argument(help="YAML that describes it.", show_default=False)],
) -> None:
    """Start an experiment: requests are assigned within a second.

    It ends by itself: when a variant is surely better, when guardrails leave nothing to compare,
    or when it has its samples. The report is an artifact in the Prefect UI.
    """
    from neurocortex import spec_file
    from neurocortex.experiments.assigning import require_settable
    from neurocortex.experiments.plan import ExperimentSpec
    from neurocortex.requests.registry import Registry
    from neurocortex.settings import load

    spec = spec_file.read(file, ExperimentSpec)
    registry = Registry.load(load().settings.gateway.pipelines)
    require_settable(spec, registry[spec.operation].request)
    begun = _with_experiments(lambda experiments: experiments.begin(spec))
    shared = ", ".join(f"{name} {share:g} %" for name, share in spec.shares.items())
    variants = f"{spec.both}, interleaved" if spec.is_interleaved else shared
    typer.echo(
        f"{begun.spec.name}: requests of {spec.operation} are assigned ({variants})."
        f" See how it goes: neurocortex experiments show {spec.name}"
    )


@app.command("list")
def list_all() -> None:
    """List all experiments, those that changed last first."""

    async def read(experiments: "Experiments") -> "list[Experiment]":
        return list(await asyncio.to_thread(experiments.table.every))

    found = _with_experiments(read)
    if not found:
        typer.echo("There is none yet: neurocortex experiments start FILE")
    for each in found:
        began = f"{each.started_at:%Y-%m-%d %H:%M}"
        typer.echo(
            f"{each.spec.name}: {each.spec.operation}, {began}, {each.state.value}{_serving(each)}"
        )


@app.command()
def show(name: Name) -> None:
    """Show how the variants of an experiment do."""

    async def read(experiments: "Experiments") -> "Known":
        return await asyncio.to_thread(experiments.table.known, name)

    _print(_with_experiments(read))


@app.command()
def stop(name: Name) -> None:
    """Stop an experiment: requests are served as they ask again."""
    _print(_with_experiments(lambda experiments: experiments.stop(name)))


@app.command()
def apply(
    name: Name,
    variant: Annotated[
        str | None, typer.Option(help="Of the experiment. Unset: the one that won.")
    ] = None,
) -> None:
    """Serve requests as the variant that won.

    Its fields take the place of what requests say, as they did in the experiment, for requests with
    the same `where`, until it is withdrawn.
    """
    from neurocortex.experiments.assigning import require_settable
    from neurocortex.requests.registry import Registry
    from neurocortex.settings import load

    async def change(experiments: "Experiments") -> "Experiment":
        known = await asyncio.to_thread(experiments.table.known, name)
        spec = known.experiment.spec
        registry = Registry.load(load().settings.gateway.pipelines)
        require_settable(spec, registry[spec.operation].request)  # pipelines may have changed
        return await experiments.apply(name, variant, getuser())

    changed = _with_experiments(change)
    typer.echo(
        f"{name}: requests of {changed.spec.operation} are served by {changed.changes[-1].variant}"
        f" within a second. To end that: neurocortex experiments withdraw {name}"
    )


@app.command()
def withdraw(name: Name) -> None:
    """Serve requests as they ask, and as no variant."""
    changed = _with_experiments(lambda experiments: experiments.withdraw(name, getuser()))
    typer.echo(f"{name}: requests of {changed.spec.operation} are served as they ask again.")


def _serving(experiment: "Experiment") -> str:
    """Return which variant won, and which one is applied."""
    if (applied := experiment.applied) is not None:
        return f", {applied.name} is applied"
    return f", {experiment.winner} is to serve" if experiment.winner else ""


def _print(known: "Known") -> None:
    from neurocortex.experiments.judging import told

    experiment, spec = known.experiment, known.experiment.spec
    typer.echo(f"{spec.name}: {spec.operation}, {spec.metric.value}, {experiment.state.value}")
    if experiment.reason:
        typer.echo(f"  {experiment.reason}")
    for change in experiment.changes:
        done = "withdrew it" if change.variant is None else f"applied {change.variant}"
        typer.echo(f"  {change.at:%Y-%m-%d %H:%M}: {change.by} {done}")
    for variant in spec.variants:
        arm = known.figures.arms[variant.name]
        seen = arm.metric
        low, high = sorted((seen.low, seen.high), reverse=spec.metric.is_capped)
        typer.echo(
            f"  {variant.name}: {arm.requests:,} requests, {arm.errors:,} failed;"
            f" {spec.metric.value} {told(spec, seen.mean)}"
            f" ({told(spec, low)} to {told(spec, high)}) from {seen.count:,} values"
        )
        if spec.is_interleaved:
            typer.echo(f"    {arm.wins:,} won, {arm.losses:,} lost, {arm.ties:,} tied")
        if variant.name in experiment.stopped:
            typer.echo(f"    stopped: {experiment.stopped[variant.name]}")


def _with_experiments(work: "Callable[[Experiments], Awaitable[T]]") -> T:
    from neurocortex.embedded.running import find
    from neurocortex.experiments.opening import opened
    from neurocortex.settings import load

    running = find(load().settings)

    async def opened_and_done() -> T:
        async with opened(running.redis_url, running.database_url) as experiments:
            return await work(experiments)

    return asyncio.run(opened_and_done())
