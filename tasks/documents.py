"""From paths to documents in the Lake."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from prefect import task
from prefect.assets import materialize
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.tasks import MaterializingTask

from neurocortex.documents import near_duplicates
from neurocortex.documents.discover import Discovery, discover
from neurocortex.documents.gate import Gated, gate
from neurocortex.documents.reading import Reading, read_all
from neurocortex.documents.shingles import bands_of, shingles_of
from neurocortex.documents.source import SourceFile
from neurocortex.documents.split import split
from neurocortex.domain.documents import Document, SplitDocument
from neurocortex.domain.embedding import Embedder, Trainer
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import LoadReport, NearDuplicate
from neurocortex.engines.embedders import configured, of_collection
from neurocortex.lake.fingerprints import Fingerprints
from neurocortex.lake.loading import LoadProgress
from neurocortex.lake.store import Lake
from neurocortex.privacy.opening import protected_document, protected_entry
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.lineage import collection_asset, path_assets
from tasks.options import LOAD, STEP
from tasks.progress import ProgressArtifact

Loading = MaterializingTask[
    [str, str, Sequence[Document], Sequence[str], Sequence[Quarantined]], LoadReport
]

# NO_CACHE throughout: these steps read files and a database that change, or write to one. What is
# unchanged is skipped by its checksum, which is the better cache.


@task(**STEP, task_run_name="find files", cache_policy=NO_CACHE)
def discover_documents(paths: Sequence[str]) -> Discovery:
    """Return the files that the paths, folders and globs name, and what is wrong with the rest."""
    return discover(paths, max_file_mb=settings().documents.max_file_mb)


@task(**STEP, task_run_name="what {collection} holds", cache_policy=NO_CACHE)
def read_known_versions(lake: str, collection: str) -> Mapping[str, str]:
    """Return the checksum of each document of a collection, by its source."""
    with opened(lake) as store:
        return store.checksums(collection)


@task(**LOAD, task_run_name="read {files[0].path.name} and following", cache_policy=NO_CACHE)
def read_documents(files: Sequence[SourceFile]) -> Reading:
    """Return the documents in a batch of files, and what cannot be read.

    Personal data in them is hidden as `privacy.documents` says, before anything else sees them.
    """
    reading = read_all(files)
    return Reading(
        tuple(map(protected_document, reading.documents)),
        tuple(map(protected_entry, reading.refused)),
    )


@task(**LOAD, task_run_name="gate", cache_policy=NO_CACHE)
def gate_documents(documents: Sequence[Document]) -> Gated:
    """Return what passes the documents' quality gate, what does not, and the gate's report."""
    return gate(documents)


@task(**LOAD, task_run_name="near duplicates", cache_policy=NO_CACHE)
def find_near_duplicates(
    lake: str, collection: str, documents: Sequence[Document]
) -> tuple[NearDuplicate, ...]:
    """Return the documents that say nearly the same as another of them, or one in the Lake."""
    chosen = settings().documents
    if chosen.near_duplicates == "off" or not documents:
        return ()
    with opened(lake) as store:
        known = Fingerprints(store.engine, collection, lambda text: bands_of(shingles_of(text)))
        return near_duplicates.find(documents, known, chosen.near_duplicate_share)


def without_near_duplicates(gated: Gated, found: Sequence[NearDuplicate]) -> Gated:
    """Set near duplicates aside, where `documents.near_duplicates` says so."""
    if settings().documents.near_duplicates != "quarantine" or not found:
        return gated
    sources = {each.source for each in found}
    kept = tuple(each for each in gated.accepted if each.source not in sources)
    refused = (*gated.refused, *near_duplicates.refused(gated.accepted, found))
    return replace(gated, accepted=kept, refused=refused)


@materialize(
    "postgres://lake/collections",
    **LOAD,
    task_run_name="load into {collection}",
    cache_policy=NO_CACHE,
)
def load_documents(
    lake: str,
    collection: str,
    documents: Sequence[Document],
    removed: Sequence[str],
    quarantined: Sequence[Quarantined],
) -> LoadReport:
    """Split, embed and write documents in one transaction, with a progress artifact."""
    bar = ProgressArtifact("ingest-progress", f"loading {len(documents)} documents")
    splitting = _Splitting(documents)
    with opened(lake) as store:
        report = store.load_documents(
            collection,
            splitting,
            _embedder(store, collection),
            removed=removed,
            quarantined=quarantined,
            flow_run_id=flow_run.id,
            progress=lambda progress: bar.show(splitting.fraction(progress)),
        )
    bar.finish()
    return report


def loading(lake: str, collection: str, paths: Sequence[str]) -> Loading:
    """Return `load_documents` for a collection: Prefect then knows it, and what it is read from."""
    return load_documents.with_options(
        assets=[collection_asset(lake, collection)], asset_deps=path_assets(paths)
    )


@task(**STEP, task_run_name="record what was refused", cache_policy=NO_CACHE)
def record_refused(lake: str, collection: str, refused: Sequence[Quarantined]) -> None:
    """Keep in quarantine what was refused by a run that had nothing to load."""
    with opened(lake) as store:
        store.record_refused(collection, refused, flow_run_id=flow_run.id)


def _embedder(store: Lake, collection: str) -> Embedder | Trainer:
    """Return the collection's own embedder, or the configured one for a new collection."""
    recorded = {info.name: info.embedder for info in store.collections()}
    if collection in recorded:
        return of_collection(recorded[collection], settings().lake)
    return configured(settings().lake)


class _Splitting:
    """Splits one document at a time: only those the Lake has not taken are in memory twice."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._chunks = 0

    def __iter__(self) -> Iterator[SplitDocument]:
        chosen = settings().documents
        for document in self._documents:
            chunks = split(document, words=chosen.chunk_words, overlap=chosen.chunk_overlap)
            self._chunks += len(chunks)
            yield SplitDocument(document, chunks)

    def fraction(self, progress: LoadProgress) -> float:
        """Return how far the load is: writing is its first half, embedding its second."""
        if progress.stage == "write":
            return 0.5 * progress.done / max(1, len(self._documents))
        # A model that is fitted again embeds the chunks that were there before as well.
        return min(1.0, 0.5 + 0.5 * progress.done / max(1, self._chunks))
