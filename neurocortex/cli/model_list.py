"""`neurocortex models list`: models, versions, where they serve, and what they learned from."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import typer

from neurocortex.cli.model_registry import open_registry

if TYPE_CHECKING:
    from neurocortex.forge.registry import Registry
    from neurocortex.learning.model import RouterModel
    from neurocortex.rollout.plan import Rollout
    from neurocortex.rollout.store import Snapshot

Row = tuple[str, str, str, str, str]

HEADER: Final[Row] = ("MODEL", "VERSION", "ALIASES", "SERVES", "LEARNED FROM")
GAP: Final = "  "


def list_() -> None:
    """List all models: versions, where they serve, what they learned from."""
    rollouts, router = asyncio.run(_known())
    registry = open_registry()
    rows = [row for name in registry.models() for row in _versions(registry, name, rollouts)]
    if not rows:
        typer.echo("No model yet. Train one: neurocortex models train wine_cultivar")
    for line in _table([HEADER, *rows, _router(router)]):
        typer.echo(line)


async def _known() -> "tuple[Snapshot, RouterModel | None]":
    """Return the rollouts, and what the router has learned.

    Raises:
        NotRunningError: there is no Redis, or no PostgreSQL.
        StreamUnavailableError, LakeUnavailableError: it does not answer.
    """
    from redis.asyncio import Redis

    from neurocortex.embedded.running import find
    from neurocortex.learning.store import LearningStore
    from neurocortex.rollout.opening import opened
    from neurocortex.settings import load

    running = find(load().settings)
    async with opened(running.redis_url, running.database_url) as rollouts:
        snapshot = await rollouts.snapshot()
    async with Redis.from_url(running.redis_url or "") as redis:
        return snapshot, await LearningStore(redis).model()


def _versions(registry: "Registry", name: str, snapshot: "Snapshot") -> Iterator[Row]:
    from neurocortex.domain.deployments import DEFAULT_BLOCK
    from neurocortex.forge.versions import CHAMPION

    rollout = snapshot.of(DEFAULT_BLOCK, name)
    for version in registry.versions(name):
        lineage = registry.card(version).lineage
        share = _share(rollout, version.number) if rollout and rollout.is_running else None
        serves = share or ("predict" if CHAMPION in version.aliases else "-")
        data = f"data.{lineage.table} version {lineage.version}, {lineage.rows:,} rows"
        aliases = ", ".join(version.aliases) or "-"
        yield name, str(version.number), aliases, serves, data


def _share(rollout: "Rollout", version: int) -> str | None:
    """Return what a version gets while a rollout goes on; None: it has no part in that."""
    from neurocortex.rollout.plan import Arm, Strategy

    percent = rollout.percent
    part = {
        Strategy.SHADOW: ("predict", f"copies of {percent:g} % of predict"),
        Strategy.CANARY: (f"predict, {100 - percent:g} %", f"predict, {percent:g} %"),
        Strategy.BLUE_GREEN: (f"copies of {percent:g} % of predict", "predict"),
    }[rollout.strategy]
    if version == rollout.arm(Arm.STABLE).version:
        return part[0]
    is_candidate = version == rollout.arm(Arm.CANDIDATE).version
    return f"{part[1]} ({rollout.strategy.value})" if is_candidate else None


def _router(model: "RouterModel | None") -> Row:
    """Return the model of the router: it is in Redis, and learned anew each night."""
    if model is None:
        return "router", "-", "-", "the pipelines' rules serve", "nothing yet: train-router learns"
    serves = "; ".join(
        f"{name} ({', '.join(model.operations[name].serving)})" for name in model.serving
    )
    runs = sum(each.runs for each in model.operations.values())
    learned = f"{model.learned_at:%Y-%m-%d %H:%M} UTC"
    data = f"{runs:,} finished runs of {len(model.operations)} operations"
    return "router", learned, "-", f"gateways: {serves or 'the rules'}", data


def _table(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    for row in rows:
        yield GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
