"""A model as bytes, written and read by skops: no pickle, and no class that is not allowed.

See https://skops.readthedocs.io/en/stable/persistence.html.
"""

import zipfile
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

from sklearn.pipeline import Pipeline
from skops import io

from neurocortex.errors import ModelCorruptError

ALLOWED: Final = frozenset(
    {
        "numpy.dtype",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.tree._tree.Tree",
    }
)
"""Parts of the estimators in `estimators.py` that skops does not know by itself. None of them runs
anything when it is read."""


def dump(model: Pipeline) -> bytes:
    """Return a fitted model as bytes."""
    return bytes(io.dumps(model))


def digest(content: bytes) -> str:
    """Return the SHA-256 of an artifact, in hexadecimal."""
    return sha256(content).hexdigest()


def unpacked_bytes(name: str, content: bytes) -> int:
    """Return how many bytes a model's parts have once they are unpacked.

    Raises:
        ModelCorruptError: it is no archive.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ModelCorruptError(name, f"it cannot be read: {error}") from error


def load(name: str, content: bytes, expected: str) -> Any:
    """Return a model.

    Args:
        name: of the model, for errors.
        content: what `dump` returned.
        expected: its digest, as the registry has it.

    Raises:
        ModelCorruptError: these are not those bytes, or they name a class that is not allowed.
    """
    if digest(content) != expected:
        raise ModelCorruptError(name, "its bytes are not those that were registered")
    try:
        unknown = set(io.get_untrusted_types(data=content))
        if unknown - ALLOWED:
            named = ", ".join(sorted(unknown - ALLOWED))
            raise ModelCorruptError(name, f"it holds {named}, which no model may")
        return io.loads(content, trusted=sorted(unknown))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ModelCorruptError(name, f"it cannot be read: {error}") from error
