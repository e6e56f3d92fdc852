"""The Forge: the model registry, an MLflow server."""

from typing import ClassVar

import httpx
from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.logos import logo_url


class Forge(Block):
    """The Forge registers models and their versions, on an MLflow server.

    Example:
        List the registered models:

        ```python
        from blocks import Forge

        forge = Forge.load("BLOCK_NAME")
        with forge.connect() as http:
            models = http.get("api/2.0/mlflow/registered-models/search").json()
        ```
    """

    _block_type_name: ClassVar[str | None] = "Forge"
    _block_type_slug: ClassVar[str | None] = "forge"
    _logo_url: ClassVar[HttpUrl | None] = logo_url("forge")
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://mlflow.org/docs/latest/ml/model-registry/"
    )

    tracking_url: str = Field(
        default=...,
        title="Tracking URL",
        pattern=r"^https?://.+",
        description="Where the MLflow server is, e.g. http://127.0.0.1:5000.",
    )
    token: SecretStr | None = Field(
        default=None, description="Bearer token, where the server asks for one."
    )
    timeout_s: float = Field(
        default=10.0,
        gt=0,
        title="Timeout",
        description="Seconds after which a call is given up.",
    )

    def connect(self) -> httpx.Client:
        """Return an HTTP client on the server's REST API, with the token in its headers."""
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        return httpx.Client(
            base_url=f"{self.tracking_url.rstrip('/')}/", headers=headers, timeout=self.timeout_s
        )

    def check(self) -> str | None:
        """Return what is wrong with the Forge in one sentence, or None."""
        try:
            with self.connect() as http:
                answer = http.get("api/2.0/mlflow/registered-models/search?max_results=1")
        except httpx.HTTPError as error:
            return (
                f"MLflow at {self.tracking_url} does not answer ({error}):"
                " start it, or correct the block's tracking URL."
            )
        if answer.status_code in (401, 403):
            return f"MLflow at {self.tracking_url} refuses the token: correct it in the block."
        if not answer.is_success:
            return (
                f"{self.tracking_url} answers {answer.status_code} to a registry request:"
                " is it an MLflow server?"
            )
        return None
