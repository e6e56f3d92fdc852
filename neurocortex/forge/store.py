"""Where MLflow keeps the registry: on a server, or in a PostgreSQL schema of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import make_url

from neurocortex.errors import ForgeUnavailableError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

NAME: Final = "The Forge"
SCHEMA: Final = "forge"
MODELS: Final = "models"
"""Folder below `NEUROCORTEX_HOME` for the models of the platform's own registry."""
POSTGRES: Final = ("postgresql://", "postgresql+psycopg://")
SERVER: Final = ("http://", "https://")

CONNECT_TIMEOUT_S: Final = 10
TURN: Final = 7_305_120_441
"""Advisory lock: MLflow makes its tables without one, and two at a time would collide."""

QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An address of the registry."""

    url: SecretStr
    """An MLflow server, or a PostgreSQL database."""
    artifacts: Path | None = None
    """Folder for models; needed where no server keeps them."""
    token: SecretStr | None = None
    """Bearer token for a server."""

    @property
    def is_server(self) -> bool:
        """Whether an MLflow server answers there."""
        return self.url.get_secret_value().startswith(SERVER)


@contextmanager
def opened(place: Place) -> Iterator["MlflowClient"]:
    """Give a client; while it is given, no other process makes the registry's tables.

    Raises:
        ForgeUnavailableError: PostgreSQL does not answer.
    """
    os.environ.update(QUIET)
    if place.token is not None:
        os.environ["MLFLOW_TRACKING_TOKEN"] = place.token.get_secret_value()
    url = place.url.get_secret_value()
    if place.is_server:
        yield _client(url)
        return
    parsed = make_url(url)
    try:
        plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as turn:
            turn.execute("SELECT pg_advisory_lock(%s)", (TURN,))
            turn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
            inside = parsed.set(drivername="postgresql+psycopg").update_query_dict(
                {"options": f"-csearch_path={SCHEMA}"}
            )
            yield _client(inside.render_as_string(hide_password=False))
    except psycopg.OperationalError as error:
        raise ForgeUnavailableError(NAME, " ".join(str(error).split())) from error


def _client(url: str) -> "MlflowClient":
    from mlflow.tracking import MlflowClient  # 2 s of imports that only models' runs need

    return MlflowClient(tracking_uri=url, registry_uri=url)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what MLflow raises when its store is away into one error."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise ForgeUnavailableError(NAME, " ".join(str(error).split())[:300]) from error
