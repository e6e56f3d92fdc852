"""`neurocortex events`: what goes over the Stream, and what nobody could handle."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from neurocortex.stream.stream import EventStream, SetAside

app = typer.Typer(
    no_args_is_help=True,
    help="""Send events; look at those that nobody could handle.

Handlers are functions of yours: NEUROCORTEX_STREAM__HANDLERS names the modules that register
them. An event of a type without a handler, or whose handler fails for good, is kept.""",
)

Kind = Annotated[str, typer.Argument(help="What happened, e.g. document.created.", metavar="TYPE")]


@app.command()
def send(
    kind: Kind,
    data: Annotated[str, typer.Option(help="What the handler is told, as JSON.")] = "null",
    source: Annotated[str, typer.Option(help="Who tells it.")] = "command-line",
    subject: Annotated[str | None, typer.Option(help="What it happened to.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose event it is.")] = None,
    name: Annotated[
        str | None, typer.Option("--id", help="Sent again with this id it is the same event.")
    ] = None,
) -> None:
    """Send one event."""
    import asyncio
    import json

    from neurocortex.domain.work import DEFAULT_TENANT
    from neurocortex.stream.event import Event

    try:
        told = json.loads(data)
    except ValueError as error:
        raise typer.BadParameter(f"--data is no JSON: {error}") from None
    event = Event(
        source=source, type=kind, subject=subject, tenant=tenant or DEFAULT_TENANT, data=told
    )
    if name is not None:
        event = event.model_copy(update={"id": name})

    async def publish() -> bool:
        async with _opened() as stream:
            return await stream.publish(event)

    sent = asyncio.run(publish())
    typer.echo(f"{'sent' if sent else 'was sent before'}: {event.id}")


@app.command()
def kept(
    kind: Annotated[str | None, typer.Option("--type", help="Events of this type only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the events that nobody could handle, oldest first."""
    import json

    from neurocortex.cli.console import console, table

    found = _aside(kind)
    if as_json:
        for each in found:
            event = each.event.model_dump(mode="json", exclude_none=True)
            line = {"entry": each.entry, "why": each.why, "reason": each.reason, "event": event}
            typer.echo(json.dumps(line))
        return
    if not found:
        console().print("Every event was handled.")
        return
    shown = table("entry", "when", "type", "source", "why", "reason")
    shown.columns[0].no_wrap = True  # to be copied into the next command
    for each in found:
        when = each.event.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        why = each.why.replace("_", " ")
        shown.add_row(each.entry, when, each.event.type, each.event.source, why, each.reason)
    console().print(shown)


@app.command()
def replay(
    entry: Annotated[str | None, typer.Argument(help="Entry of one, from `kept`.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="All of this type.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are kept.")] = False,
) -> None:
    """Have events handled again that nobody could handle."""
    import asyncio

    if [entry is not None, kind is not None, every].count(True) != 1:
        raise typer.BadParameter("give an entry, --type or --all")
    entries = [entry] if entry is not None else [each.entry for each in _aside(kind)]

    async def bring_back() -> int:
        async with _opened() as stream:
            return sum([await stream.bring_back(each) for each in entries])

    count = asyncio.run(bring_back())
    if entry is not None and not count:
        raise typer.BadParameter(f"no event is kept under {entry!r}: `neurocortex events kept`")
    typer.echo(f"{count} {'event is' if count == 1 else 'events are'} handled again")


def _aside(kind: str | None) -> "list[SetAside]":
    import asyncio

    async def read() -> "list[SetAside]":
        async with _opened() as stream:
            return [each async for each in stream.aside() if kind in (None, each.event.type)]

    return asyncio.run(read())


@asynccontextmanager
async def _opened() -> "AsyncGenerator[EventStream]":
    """Open the Stream of the platform that runs."""
    from redis.asyncio import Redis

    from neurocortex.embedded.running import find
    from neurocortex.errors import NotRunningError
    from neurocortex.settings import load, variable
    from neurocortex.stream.stream import EventStream

    running = find(load().settings)
    if running.redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    async with Redis.from_url(running.redis_url) as redis:
        yield EventStream(redis, running.settings.stream)
