"""`neurocortex cache`: what the cache holds, and how to end it."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from neurocortex.cache.cache import Cache
    from neurocortex.cache.results import Results
    from neurocortex.cache.values import Announced
    from neurocortex.embedded.running import Running

TIMEOUT_S: Final = 3.0
"""A call to Redis is given up after that."""

app = typer.Typer(
    no_args_is_help=True,
    help="""Look into the cache, and invalidate what is in it.

An entry's key is TENANT:NAMESPACE:DIGEST. The result of a task has the task as its namespace.""",
)

KeyText = Annotated[
    str, typer.Argument(help="Key of the entry, TENANT:NAMESPACE:DIGEST.", metavar="KEY")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as a JSON object.")]


@app.command()
def stats(as_json: AsJson = False) -> None:
    """Show hits, misses and times of each level, of all processes together.

    Counted since Redis began to remember; a process adds its counts every second.
    """
    from redis import Redis

    from neurocortex.cache.counters import read_totals
    from neurocortex.cli import cache_results

    with Redis.from_url(_redis_url(_running())) as redis:
        totals = read_totals(redis)
    if as_json:
        typer.echo(cache_results.as_json(totals))
    else:
        cache_results.show_totals(totals)


@app.command()
def get(key: KeyText) -> None:
    """Print the value of an entry, if it is fresh."""
    from neurocortex.cache.addresses import key_of_text
    from neurocortex.cli import cache_results
    from neurocortex.errors import EntryNotFoundError

    wanted = key_of_text(key)

    async def value() -> object:
        async with _opened() as results:
            content = await results.read(wanted)
            if content is not None:
                return content
            found = await results.cache.get(wanted)
            if found is None:
                raise EntryNotFoundError(key)
            return found.value

    cache_results.show_value(asyncio.run(value()))


@app.command()
def explain(key: KeyText, as_json: AsJson = False) -> None:
    """Say where an entry is and until when, its tags, and what has ended it."""
    from neurocortex.cache.addresses import key_of_text
    from neurocortex.cache.explaining import Explanation
    from neurocortex.cli import cache_results

    wanted = key_of_text(key)

    async def explained() -> Explanation:
        async with _opened() as results:
            return await results.cache.explain(wanted)

    explanation = asyncio.run(explained())
    if as_json:
        typer.echo(cache_results.as_json(explanation))
    else:
        cache_results.show_explanation(explanation)


@app.command()
def invalidate(
    tag: Annotated[str | None, typer.Option(help="All entries of this tag.")] = None,
    key: Annotated[
        str | None, typer.Option(help="One entry, TENANT:NAMESPACE:DIGEST.", metavar="KEY")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="All entries whose NAMESPACE:DIGEST fits: * any text, ? one letter."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose: with --tag and --pattern.")] = "default",
) -> None:
    """End entries on every level of every machine: they are computed again when asked for."""
    from neurocortex.cache.addresses import key_of_text

    match tag, key, pattern:
        case str(), None, None:
            _end(lambda cache: cache.invalidate_tag(tenant, tag))
        case None, str(), None:
            wanted = key_of_text(key)
            _end(lambda cache: cache.invalidate(wanted))
        case None, None, str():
            _end(lambda cache: cache.invalidate_pattern(tenant, pattern))
        case _:
            raise typer.BadParameter("give one of --tag, --key and --pattern")


@app.command()
def clear(tenant: Annotated[str, typer.Option(help="Whose entries.")]) -> None:
    """End all entries of a tenant, and remove them from memory, Redis and disk."""
    _end(lambda cache: cache.clear(tenant))


def _end(order: "Callable[[Cache], Awaitable[Announced]]") -> None:
    from neurocortex.errors import CacheUnavailableError

    async def sent() -> "Announced":
        async with _opened() as results:
            return await order(results.cache)

    announced = asyncio.run(sent())
    target = announced.target
    if not announced.delivered:
        raise CacheUnavailableError("redis", f"no answer; {target} was not invalidated")
    typer.echo(f"Invalidated for tenant {target.tenant}: {target.kind} {target.name}")


@asynccontextmanager
async def _opened() -> "AsyncGenerator[Results]":
    """Open the cache of the platform that runs, all invalidations known.

    Raises:
        CacheUnavailableError: Redis does not answer.
    """
    from neurocortex.cache.process import open_results

    running = _running()
    async with open_results(running.settings, _redis_url(running), TIMEOUT_S) as results:
        await results.cache.catch_up()
        yield results


def _running() -> "Running":
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    return find(load().settings)


def _redis_url(running: "Running") -> str:
    from neurocortex.errors import NotRunningError
    from neurocortex.settings import variable

    if running.redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    return running.redis_url
