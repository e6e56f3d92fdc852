"""`neurocortex keys`: who may ask the platform, and for what."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from neurocortex.embedded.running import Running
    from neurocortex.security.api_key import ApiKey, KeyGrant
    from neurocortex.security.key_store import ApiKeys

app = typer.Typer(
    no_args_is_help=True,
    help="""Make, list and revoke the API keys of the gateway.

A key belongs to one tenant and has one role: reader asks questions and sees results, operator
starts work as well, admin makes keys. It is shown once, when it is made; only its hash is kept.""",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    tenant: Annotated[str, typer.Option(help="Whose work it may see and start.")] = "default",
    role: Annotated[str, typer.Option(help="reader, operator or admin.")] = "reader",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Allow only this of what the role may do; can be repeated."),
    ] = None,
    expires_in: Annotated[
        str | None,
        typer.Option(help="End it after 12h, 90d or 52w. Unset: never.", metavar="TIME"),
    ] = None,
    name: Annotated[str, typer.Option(help="What to call it in the list.")] = "",
    as_json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    import json

    grant = _grant(tenant, role, scope or [], expires_in, name)
    with _opened() as (_, keys):
        made = keys.create(grant)
    text = made.text.get_secret_value()
    if as_json:
        typer.echo(json.dumps({"id": made.id, "key": text}))
        return
    typer.echo(text)
    typer.echo("Keep it now: it is not shown again, and only its hash is stored.", err=True)


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Keys of this tenant only.")] = None,
    as_json: Json = False,
) -> None:
    """List the keys, youngest first; never what they are."""
    with _opened() as (_, keys):
        found = keys.list(tenant=tenant)
    if as_json:
        typer.echo(_as_json(found))
    else:
        _show(found)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Its id: the part after nc_.", metavar="ID")],
) -> None:
    """End a key for good."""
    from neurocortex.errors import CacheUnavailableError
    from neurocortex.security.revocations import announce

    with _opened() as (running, keys):
        revoked = keys.revoke(key_id)
    seconds = f"{running.settings.security.key_cache_s:g} s"
    heard = f"gateways notice within {seconds}"
    if running.redis_url is not None:
        try:
            announce(running.redis_url, revoked.id)
            heard = "gateways were told"
        except CacheUnavailableError:
            heard = f"Redis does not answer; {heard}"
    typer.echo(f"Revoked {revoked.id}; {heard}.")


def _grant(
    tenant: str, role: str, scopes: "Sequence[str]", expires_in: str | None, name: str
) -> "KeyGrant":
    from pydantic import ValidationError

    from neurocortex.errors import ApiKeyError
    from neurocortex.security.api_key import KeyGrant, narrowed
    from neurocortex.security.roles import Role, Scope

    try:
        chosen = Role(role)
        allowed = narrowed(chosen, frozenset(Scope(each) for each in scopes))
        return KeyGrant(
            tenant=tenant, role=chosen, scopes=allowed, name=name, expires_at=_end(expires_in)
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise typer.BadParameter(f"{problem['loc'][0]}: {problem['msg']}") from None
    except ApiKeyError as error:
        raise typer.BadParameter(str(error)) from None
    except ValueError as error:  # names of roles and scopes, durations
        known = f"Roles: {', '.join(Role)}. Scopes: {', '.join(Scope)}."
        raise typer.BadParameter(f"{error}. {known}") from None


def _end(expires_in: str | None) -> "datetime | None":
    from datetime import UTC, datetime, timedelta

    from neurocortex.cli.since import AGO, UNITS

    if expires_in is None:
        return None
    found = AGO.fullmatch(expires_in.strip())
    if found is None:
        raise typer.BadParameter(f"{expires_in!r} is no duration: write 30m, 12h, 90d or 52w")
    try:
        return datetime.now(UTC) + timedelta(**{UNITS[found.group(2)]: int(found.group(1))})
    except OverflowError:
        raise typer.BadParameter(f"{expires_in!r} ends after the year 9999") from None


def _as_json(keys: "Sequence[ApiKey]") -> str:
    import json
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    return json.dumps(
        [
            key.model_dump(mode="json", exclude={"digest", "scopes"})
            | {"scopes": sorted(key.scopes), "status": key.status(now)}
            for key in keys
        ],
        indent=2,
    )


def _show(keys: "Sequence[ApiKey]") -> None:
    from datetime import UTC, datetime

    from neurocortex.cli.console import console, table
    from neurocortex.security.roles import SCOPES

    if not keys:
        console().print("There are no keys. `neurocortex keys create` makes one.")
        return
    shown = table("id", "name", "tenant", "role", "scopes", "made", "ends", "status")
    shown.columns[0].no_wrap = True  # to be copied into the next command
    for key in keys:
        shown.add_row(
            key.id,
            key.name,
            key.tenant,
            key.role,
            "all of the role" if key.scopes == SCOPES[key.role] else " ".join(sorted(key.scopes)),
            _day(key.created_at),
            _day(key.expires_at) if key.expires_at else "never",
            key.status(datetime.now(UTC)),
        )
    console().print(shown)


def _day(moment: "datetime") -> str:
    return moment.astimezone().strftime("%Y-%m-%d")


@contextmanager
def _opened() -> "Iterator[tuple[Running, ApiKeys]]":
    """Open the keys of the platform that runs."""
    from neurocortex.embedded.running import find
    from neurocortex.errors import NotRunningError
    from neurocortex.security.key_store import ApiKeys
    from neurocortex.settings import load, variable

    running = find(load().settings)
    if running.database_url is None:
        raise NotRunningError("The database", variable("database_url"))
    with ApiKeys(running.database_url) as keys:
        yield running, keys
