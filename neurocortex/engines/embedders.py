"""The embedding models there are, by the name their collections record."""

from neurocortex.domain.embedding import (
    OWN_VECTORS,
    Embedder,
    OwnVectors,
    RecordedEmbedder,
    Trainer,
)
from neurocortex.engines import lsa
from neurocortex.errors import SettingsError
from neurocortex.settings import LakeSettings, settings

OPENAI = "openai"
SENTENCE_TRANSFORMERS = "sentence-transformers"


def configured(chosen: LakeSettings) -> Embedder | Trainer:
    """Return the embedder for new collections.

    Raises:
        SettingsError: a setting it needs is missing, or its package is not installed.
    """
    if chosen.embedder == lsa.NAME:
        return lsa.LsaTrainer()
    if chosen.embedding_model is None:
        raise SettingsError(
            "NEUROCORTEX_LAKE__EMBEDDING_MODEL is not set: the embedder"
            f" {chosen.embedder} needs the name of a model."
        )
    return _named(chosen.embedder, chosen.embedding_model, chosen)


def of_collection(name: str, chosen: LakeSettings) -> Embedder | Trainer:
    """Return the embedder that a collection was made with, to load more into it.

    Args:
        name: as the collection records it, e.g. `lsa` or `openai/text-embedding-3-small`.
        chosen: the provider's address and key.

    Raises:
        SettingsError: a setting it needs is missing, or its package is not installed.
    """
    if name == lsa.NAME:
        return lsa.LsaTrainer()
    if name == OWN_VECTORS:
        raise SettingsError(
            "The documents of that collection bring their own vectors: add to it by the pipeline"
            " that made it, or ingest into another collection."
        )
    kind, _, model = name.partition("/")
    return _named(kind, model, chosen)


def restore(recorded: RecordedEmbedder) -> Embedder:
    """Return the model behind a collection's vectors.

    A provider's address and key are not recorded with the collection: they come from the settings.

    Raises:
        SettingsError: it needs a setting or a package that is missing.
    """
    if recorded.name == lsa.NAME and recorded.content is not None:
        return lsa.LsaEmbedder.from_bytes(recorded.content)
    if recorded.name == OWN_VECTORS:
        return OwnVectors(recorded.dimension)
    kind, _, model = recorded.name.partition("/")
    return _named(kind, model, settings().lake)


def _named(kind: str, model: str, chosen: LakeSettings) -> Embedder:
    if kind == OPENAI:
        from neurocortex.engines.openai_embeddings import OpenAIEmbedder  # 1 s to import

        return OpenAIEmbedder.from_settings(model, chosen)
    if kind == SENTENCE_TRANSFORMERS:
        from neurocortex.engines.sentence_transformers import SentenceTransformersEmbedder

        return SentenceTransformersEmbedder(model)
    raise SettingsError(f"{kind}/{model} is an embedding model this version does not know.")
