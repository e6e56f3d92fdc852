"""Embeddings from a model of the sentence-transformers library, run in this process."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from neurocortex.domain.embedding import Vectors
from neurocortex.errors import SettingsError

SHARE: Final = 0.5
"""Half and half, as for other neural models."""


VERSION_CHARS: Final = 12
"""Of the weights' hash: 48 bits tell the versions of one model apart."""


class _Weights(Protocol):
    """A tensor of torch."""

    def detach(self) -> Self: ...

    def cpu(self) -> Self: ...

    def float(self) -> Self: ...

    def numpy(self) -> NDArray[np.float32]: ...


class _Model(Protocol):
    def parameters(self) -> Iterable[_Weights]: ...

    def encode_document(
        self, sentences: Sequence[str], *, normalize_embeddings: bool
    ) -> NDArray[np.float32]: ...

    def encode_query(
        self, sentences: Sequence[str], *, normalize_embeddings: bool
    ) -> NDArray[np.float32]: ...


class SentenceTransformersEmbedder:
    """A model by its name on the Hugging Face hub, or its folder; loaded at first use."""

    share: Final = SHARE

    def __init__(self, model: str) -> None:
        """Take the model's name or folder.

        Raises:
            SettingsError: the package is not installed.
        """
        self.name = f"sentence-transformers/{model}"
        self._model_name = model
        _require_package()

    @cached_property
    def version(self) -> str:
        """The dimension and a hash of the weights.

        A name on the hub, or a folder, may hold other weights tomorrow. What they are called, their
        order and their precision are left out: these differ between versions of the library.
        """
        weights = (each.detach().cpu().float().numpy() for each in self._model.parameters())
        hashes = sorted(sha256(each.tobytes()).digest() for each in weights)
        return f"{self.dimension}d-{sha256(b''.join(hashes)).hexdigest()[:VERSION_CHARS]}"

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector, found out by embedding a word once."""
        return int(self.embed_query("dimension").shape[1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector for each text."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return np.asarray(
            self._model.encode_document(list(texts), normalize_embeddings=True), np.float32
        )

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a question as (1, dimension)."""
        return np.asarray(self._model.encode_query([text], normalize_embeddings=True), np.float32)

    @cached_property
    def _model(self) -> _Model:
        from sentence_transformers import SentenceTransformer  # brings torch in
        from transformers.utils import logging

        logging.disable_progress_bar()  # of loading weights: in the log of every flow run
        loaded: _Model = SentenceTransformer(self._model_name)
        return loaded


def _require_package() -> None:
    from importlib.util import find_spec

    if find_spec("sentence_transformers") is None:
        raise SettingsError(
            "The embedder sentence-transformers needs its package:"
            " pip install 'neurocortex[sentence-transformers]'."
        )
