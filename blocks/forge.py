"""The Forge: the model registry, on MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import httpx
from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr, field_validator

from blocks.logos import logo_url
from neurocortex.errors import ForgeUnavailableError
from neurocortex.forge.store import POSTGRES, SERVER, Place

if TYPE_CHECKING:
    from neurocortex.forge.registry import Registry


class Forge(Block):
    """The Forge registers models and their versions, in PostgreSQL or on an MLflow server.

    Example:
        Load the version of a model that serves:

        ```python
        from blocks import Forge

        registry = Forge.load("BLOCK_NAME").connect()
        champion = registry.load(registry.version("wine_cultivar"))
        ```
    """

    _block_type_name: ClassVar[str | None] = "Forge"
    _block_type_slug: ClassVar[str | None] = "forge"
    _logo_url: ClassVar[HttpUrl | None] = logo_url("forge")
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://mlflow.org/docs/latest/ml/model-registry/"
    )

    tracking_url: SecretStr = Field(
        default=...,
        title="Tracking URL",
        description="Where the registry is: an MLflow server, e.g. http://127.0.0.1:5000, or a"
        " PostgreSQL database, which keeps it in its schema `forge`.",
    )
    artifacts: Path | None = Field(
        default=None,
        description="Folder for models where no server keeps them. All workers must reach it.",
    )
    token: SecretStr | None = Field(
        default=None, description="Bearer token, where an MLflow server asks for one."
    )
    timeout_s: float = Field(
        default=10.0,
        gt=0,
        title="Timeout",
        description="Seconds after which the check of an MLflow server is given up.",
    )

    @field_validator("tracking_url")
    @classmethod
    def _is_known(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith((*SERVER, *POSTGRES)):
            raise ValueError("it must begin with http://, https:// or postgresql://")
        return value

    @property
    def place(self) -> Place:
        """Where the registry is."""
        return Place(self.tracking_url, self.artifacts, self.token)

    def connect(self) -> "Registry":
        """Return a connection to the registry; its tables are made when they are missing."""
        from neurocortex.forge.registry import Registry  # scikit-learn: not for every flow

        return Registry(self.place)

    def check(self) -> str | None:
        """Return what is wrong with the Forge in one sentence, or None."""
        if self.place.is_server:
            return self._check_server(self.tracking_url.get_secret_value())
        try:
            self.connect().models()
        except ForgeUnavailableError as error:
            return str(error)
        return None

    def _check_server(self, url: str) -> str | None:
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        asked = f"{url.rstrip('/')}/api/2.0/mlflow/registered-models/search?max_results=1"
        try:
            answer = httpx.get(asked, headers=headers, timeout=self.timeout_s)
        except httpx.HTTPError as error:
            return (
                f"MLflow at {url} does not answer ({error}):"
                " start it, or correct the block's tracking URL."
            )
        if answer.status_code in (401, 403):
            return f"MLflow at {url} refuses the token: correct it in the block."
        if not answer.is_success:
            return (
                f"{url} answers {answer.status_code} to a registry request: is it an MLflow server?"
            )
        return None
