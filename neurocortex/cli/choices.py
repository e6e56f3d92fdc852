"""`neurocortex choices`: why an LLM provider was chosen."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from uuid import UUID

    from neurocortex.selection.receipt import Followed


def choices(
    receipt: Annotated[
        str | None,
        typer.Argument(help="Id of a request, or of its receipt. Without it, the latest."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many are listed.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show which LLM providers were chosen, and why.

    A request that says `auto` for its provider leaves the choice to the platform. With an id, the
    receipt is shown: the score of each candidate by factor, and who was removed by which
    constraint.
    """
    from neurocortex.cli.choice_results import show, show_list

    wanted = _id(receipt) if receipt is not None else None
    found = asyncio.run(_read(wanted, count))
    if as_json:
        for each in found:
            typer.echo(each.model_dump_json())
    elif wanted is not None:
        show(found[0])
    else:
        show_list(found)


def _id(text: str) -> "UUID":
    from uuid import UUID

    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no id: the answer has it as `choice.receipt`") from (
            None
        )


async def _read(wanted: "UUID | None", count: int) -> "list[Followed]":
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    from neurocortex.embedded.running import find
    from neurocortex.errors import ChoiceNotFoundError, ChoicesUnavailableError, NotRunningError
    from neurocortex.selection.selector import NEIGHBOUR
    from neurocortex.selection.store import ChoiceStore
    from neurocortex.settings import load, variable

    running = find(load().settings)
    if running.redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    try:
        async with Redis.from_url(running.redis_url) as redis:
            store = ChoiceStore(redis, running.settings.selection)
            if wanted is None:
                return await store.recent(count)
            found = await store.followed(wanted)
    except (RedisError, OSError) as error:
        raise ChoicesUnavailableError(NEIGHBOUR, str(error)) from error
    if found is None:
        raise ChoiceNotFoundError(str(wanted))
    return [found]
