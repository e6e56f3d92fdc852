"""`neurocortex models deploy`, `rollout`, `end-rollout`: a new version beside the one serving."""

import asyncio
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from neurocortex.cli.model_registry import Name, open_registry
from neurocortex.rollout.plan import Strategy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from neurocortex.rollout.rollouts import Rollouts

T = TypeVar("T")


def deploy(
    name: Name,
    version: Annotated[int, typer.Argument(help="Its number.")],
    rollout: Annotated[
        Strategy,
        typer.Option(
            help="canary: it answers a share. shadow: it computes copies. blue-green: it answers"
            " all, the old one stays warm."
        ),
    ] = Strategy.CANARY,
    percent: Annotated[
        float | None,
        typer.Option(help="Share it answers, or that is copied. Unset: 10, for shadow 100."),
    ] = None,
    memory_mb: Annotated[float | None, typer.Option(help="Megabytes it may have.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Computations at once in a lane process.")
    ] = None,
    cache_s: Annotated[float, typer.Option(help="Seconds its answers are kept.")] = 0.0,
    promote: Annotated[
        bool, typer.Option(help="Promote it once it is shown to be no worse.")
    ] = True,
    only_better: Annotated[
        bool, typer.Option("--only-better", help="Only if it is better in something as well.")
    ] = False,
    enough: Annotated[int, typer.Option(help="Requests it must have had for that.")] = 1000,
    margin: Annotated[
        float, typer.Option(help="So much more of the requests may fail, e.g. 0.02.")
    ] = 0.02,
    margin_wrong: Annotated[
        float, typer.Option(help="So much more of its answers may be judged wrong.")
    ] = 0.05,
) -> None:
    """Give a version traffic; it is promoted, or returned if worse.

    Runs the deployment deploy-model.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import DEPLOY
    from neurocortex.embedded.running import find
    from neurocortex.rollout.plan import Rollout
    from neurocortex.settings import load

    parameters = {
        "model": name,
        "version": version,
        "rollout": rollout.value,
        "percent": percent,
        "memory_mb": memory_mb,
        "concurrency": concurrency,
        "cache_s": cache_s,
        "promote": promote,
        "only_better": only_better,
        "enough": enough,
        "margin": margin,
        "margin_wrong": margin_wrong,
    }
    begun = Runs(find(load().settings), Steps()).run(DEPLOY, parameters, Rollout)
    typer.echo(
        f"{name}: version {begun.candidate.version} meets traffic ({begun.strategy.value},"
        f" {begun.percent:g} %) beside version {begun.stable.version}."
        f" See how it goes: neurocortex models rollout {name}"
    )


def rollout(name: Name) -> None:
    """Show how the last rollout of a model goes, or ended."""
    from neurocortex.domain.deployments import DEFAULT_BLOCK
    from neurocortex.errors import NoRolloutError
    from neurocortex.rollout.verdicts import missing, summary

    async def show(rollouts: "Rollouts") -> None:
        found = (await rollouts.snapshot()).of(DEFAULT_BLOCK, name)
        if found is None:
            raise NoRolloutError(name)
        judged = await rollouts.judged(found)
        candidate = found.candidate
        typer.echo(
            f"{name}: version {candidate.version} beside version {found.stable.version},"
            f" {found.strategy.value}, {found.percent:g} %, {found.state.value}"
        )
        if found.reason:
            typer.echo(f"  {found.reason}")
        requests = judged.sums.candidate.requests
        typer.echo(f"  {requests:,} requests; new against old: {summary(judged.sums)}")
        if found.is_running and found.guard.promote:
            typer.echo(f"  before it is promoted: {'; '.join(missing(judged, found.guard))}")

    _with_rollouts(show)


def end_rollout(
    name: Name,
    promote: Annotated[
        bool, typer.Option("--promote/--return", help="Let the new version serve, or the old one.")
    ] = False,
) -> None:
    """End a model's rollout by hand."""
    from neurocortex.domain.deployments import DEFAULT_BLOCK
    from neurocortex.rollout.plan import State
    from neurocortex.rollout.verdicts import Verdict

    async def end(rollouts: "Rollouts") -> None:
        running = await rollouts.running(DEFAULT_BLOCK, name)
        state = State.PROMOTED if promote else State.RETURNED
        ended = await rollouts.end(running, Verdict(state, "somebody ended it"), open_registry())
        if ended is not None:
            typer.echo(f"{name}: version {ended.winner.version} serves now.")

    _with_rollouts(end)


def _with_rollouts(work: "Callable[[Rollouts], Awaitable[T]]") -> T:
    from neurocortex.embedded.running import find
    from neurocortex.rollout.opening import opened
    from neurocortex.settings import load

    running = find(load().settings)

    async def opened_and_done() -> T:
        async with opened(running.redis_url, running.database_url) as rollouts:
            return await work(rollouts)

    return asyncio.run(opened_and_done())
