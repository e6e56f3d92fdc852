"""reembed-collection: give a collection another embedding model."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.reports import LoadReport
from tasks.caching import forget_collection
from tasks.publish_failure import failure_shown
from tasks.reembedding import embed_anew


@flow(
    name="reembed-collection",
    flow_run_name="embed {collection} by {embedder}",
    description="Gives a collection another embedding model, while it goes on being searched.",
    persist_result=True,
)
def reembed_collection(
    collection: Annotated[str, Field(min_length=1)],
    embedder: Annotated[
        str,
        Field(min_length=1, examples=["lsa", "sentence-transformers/all-MiniLM-L6-v2"]),
    ],
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> LoadReport:
    """Give a collection another embedding model, while it goes on being searched.

    The new vectors are made beside the old ones, and one transaction switches to them: when it
    fails, the collection is as it was before.

    Args:
        collection: Collection of the Lake to embed anew.
        embedder: lsa, openai/MODEL or sentence-transformers/MODEL; the address and key of a
            provider are those of the settings.
        lake: Name of the Lake block to write to.

    Raises:
        CollectionNotFoundError: there is no such collection.
        EmbedderMismatchError: its documents bring their own vectors.
        SettingsError: there is no such embedder, or a setting or package that it needs is missing.
        LoadError: it failed and was undone.
        ConnectorError: the Lake or the model's provider does not answer.
    """
    with failure_shown("reembed-report", f"{collection} was not embedded anew"):
        report = embed_anew(lake, collection, embedder)
        forget_collection(collection)
        return report
