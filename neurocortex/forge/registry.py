"""The model registry: versions, their cards and their aliases, on MLflow.

MLflow keeps them in PostgreSQL, in a schema of their own, without a server of its own; or an
existing MLflow server keeps them. See https://mlflow.org/docs/latest/ml/model-registry/.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError
from sklearn.pipeline import Pipeline

from neurocortex.errors import (
    ModelCorruptError,
    ModelMemoryError,
    ModelNotFoundError,
)
from neurocortex.forge import artifact, store
from neurocortex.forge.card import Card
from neurocortex.forge.store import Place, answering
from neurocortex.forge.versions import CHALLENGER, CHAMPION, Loaded, Version, require_room

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as Registered

EXPERIMENT: Final = "neurocortex"
MODEL_FILE: Final = "model.skops"
CARD_FILE: Final = "card.json"
DIGEST: Final = "sha256"

PAGE: Final = 1000
"""Models that MLflow is asked for at once; unless it is told, it lists 100 of them."""

ABSENT: Final = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of a model, and of an alias, that is not there."""


class Registry:
    """A connection to the registry. Its methods block: call them in a thread where that matters."""

    def __init__(self, place: Place) -> None:
        """Connect; the registry's tables are made when they are missing.

        Raises:
            ForgeUnavailableError: it does not answer.
        """
        with store.opened(place) as client, answering():
            self._client = client
            self._experiment = self._experiment_id(place.artifacts)

    def register(self, card: Card, model: Pipeline) -> Version:
        """Keep a model as the next version of its name, and call it the challenger.

        Raises:
            ForgeUnavailableError: the registry does not answer.
        """
        name, content = card.spec.name, artifact.dump(model)
        with answering():
            self._make(name, card.spec.description)
            run = self._client.create_run(self._experiment, run_name=name).info
            try:
                self._write(run.run_id, card, content)
                found = self._client.create_model_version(
                    name,
                    source=f"{run.artifact_uri}/{MODEL_FILE}",
                    run_id=run.run_id,
                    tags={DIGEST: artifact.digest(content), "table": card.lineage.table},
                )
            except BaseException:
                self._client.set_terminated(run.run_id, "FAILED")
                raise
            self._client.set_terminated(run.run_id)
            self._client.set_registered_model_alias(name, CHALLENGER, found.version)
        return self.version(name, str(found.version))

    def promote(self, version: Version) -> Version:
        """Let a version serve: it becomes the champion."""
        with answering():
            number = str(version.number)
            self._client.set_registered_model_alias(version.model, CHAMPION, number)
            if CHALLENGER in version.aliases:
                self._client.delete_registered_model_alias(version.model, CHALLENGER)
        return self.version(version.model, number)

    def models(self) -> Sequence[str]:
        """Return the names of all models, in their order."""
        names: list[str] = []
        token: str | None = None
        with answering():
            while True:
                page = self._client.search_registered_models(max_results=PAGE, page_token=token)
                names += [str(each.name) for each in page]
                token = page.token
                if not token:
                    return sorted(names)

    def versions(self, name: str) -> Sequence[Version]:
        """Return a model's versions, the newest first.

        Raises:
            ModelNotFoundError: there is no such model.
        """
        from mlflow.exceptions import MlflowException

        with answering():
            try:
                model = self._client.get_registered_model(name)
            except MlflowException as error:
                raise self._missing(name, None, error) from None
            found = self._client.search_model_versions(f"name = '{model.name}'")
            # A search does not know aliases; the model does.
            aliases: dict[str, tuple[str, ...]] = {}
            for alias, number in model.aliases.items():
                aliases[str(number)] = (*aliases.get(str(number), ()), alias)
            return sorted(
                (_version(each, aliases.get(str(each.version), ())) for each in found),
                key=lambda version: -version.number,
            )

    def version(self, name: str, which: str = CHAMPION) -> Version:
        """Return one version, by its number or an alias.

        Raises:
            ModelNotFoundError: there is no such model, or no such version of it.
        """
        from mlflow.exceptions import MlflowException

        with answering():
            try:
                if which.isdecimal():
                    found = self._client.get_model_version(name, which)
                else:
                    found = self._client.get_model_version_by_alias(name, which)
            except MlflowException as error:
                raise self._missing(name, which, error) from None
            return _version(found, tuple(found.aliases))

    def card(self, version: Version) -> Card:
        """Return a version's card.

        Raises:
            ModelCorruptError: it is gone, or not what was written.
        """
        content = self._read(version, CARD_FILE)
        try:
            return Card.model_validate_json(content)
        except ValidationError as error:
            raise ModelCorruptError(
                version.model, f"the card of version {version.number} cannot be read: {error}"
            ) from error

    def size(self, version: Version) -> int:
        """Return the bytes that a version takes in memory, without loading it.

        Raises:
            ModelCorruptError: its artifact is gone, or cannot be read.
        """
        return artifact.unpacked_bytes(version.model, self._read(version, MODEL_FILE))

    def load(self, version: Version, max_bytes: int | None = None) -> Loaded:
        """Return a version ready to predict; `max_bytes`: what its parts may have, unpacked.

        Raises:
            ModelCorruptError: its artifact is gone, or not what was registered.
            ModelMemoryError: it is larger, or the memory does not suffice.
        """
        try:
            content = self._read(version, MODEL_FILE)
            size = artifact.unpacked_bytes(version.model, content)
            require_room(version, size, max_bytes)
            model = artifact.load(version.model, content, version.digest)
        except MemoryError as error:
            raise ModelMemoryError(
                version.model, f"there is too little memory here for version {version.number}"
            ) from error
        return Loaded(version, self.card(version), model, size)

    def champion(self, model: str) -> int | None:
        """Return the number of the version that serves; None: none does."""
        try:
            return self.version(model).number
        except ModelNotFoundError:
            return None

    def crown(self, model: str, version: int) -> None:
        """Let a version serve, by its number.

        Raises:
            ModelNotFoundError: there is none of that number.
        """
        self.promote(self.version(model, str(version)))

    def _experiment_id(self, artifacts: Path | None) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        place = artifacts.absolute().as_uri() if artifacts is not None else None
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=place))

    def _make(self, name: str, description: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name, description=description)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _write(self, run: str, card: Card, content: bytes) -> None:
        spec, scores = card.spec, card.scores
        self._client.log_param(run, "estimator", spec.estimator)
        for name, value in spec.parameters.items():
            self._client.log_param(run, name, value)
        self._client.log_metric(run, f"held_out_{scores.metric}", scores.held_out)
        self._client.log_metric(run, f"baseline_{scores.metric}", scores.baseline)
        for step, score in enumerate(scores.folds):
            self._client.log_metric(run, f"fold_{scores.metric}", score, step=step)
        with TemporaryDirectory() as folder:
            place = Path(folder)
            (place / MODEL_FILE).write_bytes(content)
            (place / CARD_FILE).write_text(card.model_dump_json(indent=2))
            self._client.log_artifacts(run, folder)

    def _read(self, version: Version, file: str) -> bytes:
        from mlflow.exceptions import MlflowException

        with TemporaryDirectory() as folder, answering():
            try:
                found = self._client.download_artifacts(version.run, file, folder)
                return Path(found).read_bytes()
            except (OSError, MlflowException) as error:
                raise ModelCorruptError(
                    version.model, f"{file} of version {version.number} is gone: {error}"
                ) from error

    def _missing(self, name: str, which: str | None, error: Exception) -> Exception:
        if getattr(error, "error_code", None) not in ABSENT:
            return error
        return ModelNotFoundError(name, which, self.models())


def _version(found: "Registered", aliases: tuple[str, ...]) -> Version:
    return Version(
        model=str(found.name),
        number=int(found.version),
        aliases=tuple(sorted(aliases)),
        registered_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        digest=str(found.tags.get(DIGEST, "")),
        run=str(found.run_id),
    )
