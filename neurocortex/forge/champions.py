"""Which version of each model serves, asked often and by processes that may never use a model."""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from neurocortex.errors import ForgeUnavailableError
from neurocortex.forge import store
from neurocortex.forge.store import CONNECT_TIMEOUT_S, NAME, SCHEMA, Place
from neurocortex.forge.versions import CHAMPION

ALIASES: Final = "registered_model_aliases"
"""MLflow's table. Its client takes 1.5 s of processor time to import, this takes a millisecond."""


def champions(place: Place) -> Mapping[str, int]:
    """Return the number of the version that serves, by model.

    Raises:
        ForgeUnavailableError: the registry does not answer.
    """
    return _listed(place) if place.is_server else _selected(place.url.get_secret_value())


def _selected(url: str) -> Mapping[str, int]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    query = sql.SQL("SELECT name, version FROM {} WHERE alias = %s").format(
        sql.Identifier(SCHEMA, ALIASES)
    )
    try:
        with psycopg.connect(plain, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            rows = connection.execute(query, [CHAMPION]).fetchall()
    except psycopg.errors.UndefinedTable:  # nobody has used the registry
        return {}
    except psycopg.OperationalError as error:
        raise ForgeUnavailableError(NAME, " ".join(str(error).split())) from error
    return {str(name): int(number) for name, number in rows}


def _listed(place: Place) -> Mapping[str, int]:
    with store.opened(place) as client, store.answering():
        found: dict[str, int] = {}
        token: str | None = None
        while True:
            page = client.search_registered_models(page_token=token)
            for model in page:
                if CHAMPION in model.aliases:
                    found[str(model.name)] = int(model.aliases[CHAMPION])
            token = page.token
            if not token:
                return found
