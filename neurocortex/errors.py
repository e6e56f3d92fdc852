"""Every error NeuroCortex raises on purpose.

NeuroCortexError
├── SettingsError               a setting is wrong or missing
├── ServiceError                an embedded service
│   ├── PortInUseError          somebody else listens there
│   ├── ServiceFailedError      it did not start, or keeps dying
│   ├── AlreadyRunningError     another supervisor holds this home folder
│   └── NotRunningError         nothing to talk to: `neurocortex up` first
├── RunError                    a flow run did not complete
├── ConnectorError              a neighbour does not answer
│   ├── LakeUnavailableError
│   ├── CacheUnavailableError
│   ├── StreamUnavailableError
│   ├── ForgeUnavailableError
│   ├── LedgerUnavailableError  no slot is given away while its Redis is gone
│   ├── IssuerUnavailableError  its keys were never read: no token can be verified
│   └── ProviderError           an LLM provider refused or failed
│       └── ProviderRefusedError  a wrong key or model: no use in trying again
├── LedgerError
│   ├── NeverFitsError          no worker has so much of a resource
│   ├── NoLeaseError            a flow submitted to a worker past the ledger
│   └── StaleLeaseError         the run is no longer its holder's
├── CacheError
│   ├── UnkeyableValueError     no key can be made of a value
│   ├── UncacheableValueError   a value that cannot be written as bytes
│   ├── CorruptEntryError       bytes that are no entry: read as a miss
│   ├── EntryNotFoundError      no level has it any more
│   ├── ForkedCacheError        it was opened before this process was forked
│   └── CachedFailureError      it failed a moment ago, and is not tried again yet
├── LakeError
│   ├── CollectionNotFoundError
│   ├── EmbedderMismatchError   a collection has one embedding model
│   ├── TargetNotFoundError     no collection or table of that name
│   ├── VersionNotFoundError    a version that is not kept, or never was
│   ├── CorrectionError         what is in quarantine cannot be put right in that way
│   ├── InvalidFilterError      a condition on metadata that cannot be read
│   ├── InvalidRecordError      a document of a pipeline that cannot be kept
│   ├── DocumentNotFoundError   no document of that source
│   ├── DuplicateDocumentError  it is there already, and was not to be replaced
│   └── LoadError               a load was undone; the Lake is as before
├── BackupError                 a backup cannot be made, read or restored
├── DocumentError               one file or row that cannot be ingested
│   ├── MissingPathError
│   ├── UnreadableFileError     permissions, a broken or unknown format
│   ├── EncryptedFileError
│   ├── NoTextError             a scanned pdf, an image
│   ├── EmptyFileError
│   ├── FileTooLargeError
│   ├── EncodingError           bytes that are no text in any likely encoding
│   └── MalformedRowError       a csv or jsonl row
├── NothingIngestedError        every file that was given was refused
├── ParquetFileError            a Parquet file that is damaged, or holds something else
├── SpecFileError               a YAML file that people write
│   └── SpecFileMissingError
├── DatasetError                a dataset's YAML or its data
│   ├── DatasetNotFoundError
│   ├── DatasetSpecError        the YAML itself
│   ├── SourceError             the source cannot be read as the schema says
│   └── GateFailedError         an expectation of severity `stop` failed
├── ExpectationError            an expectation that cannot be evaluated on this data
├── ForgeError                  a model, or how it is trained
│   ├── TrainingSpecError       the YAML itself, or an estimator or parameter there is not
│   ├── TrainingError           nothing can be learned from these rows
│   ├── ModelNotFoundError      no such model, or no such version of it
│   ├── ModelCorruptError       an artifact that is not what was registered
│   └── FeaturesError           rows that are not what a model takes
├── DeadLetterError             a run that failed for good
│   ├── DeadLetterNotFoundError
│   └── NotReplayableError      its run or deployment is gone, or it was tried again
├── PrivacyError                personal data cannot be hidden or shown
│   ├── PrivacyModelError       a spaCy model that is not installed
│   ├── PrivacyKeyError         no key, or one that is damaged or unknown
│   ├── TamperedError           an encrypted value that was changed, or is another place's
│   └── RevealForbiddenError    the role may not see what was hidden
├── AccessError                 who asks may not do that, or not now
│   ├── UnauthenticatedError    no credential, or one that is not valid any more
│   │   └── WrongCredentialError  one that proves nothing: it counts towards a lock
│   ├── ForbiddenError          a scope, a tier or a role that the credential lacks
│   ├── LockedOutError          too many wrong credentials from there
│   └── RateLimitedError        more requests than the limit of a tenant, or of all
├── ApiKeyError                 an API key that cannot be made or revoked
│   └── ApiKeyNotFoundError
├── RequestError                a request that a program sent
│   ├── InvalidRequestError     a field is missing, unknown or not allowed
│   ├── UnknownOperationError   no pipeline serves it
│   │   └── EmptyBatchError     no line of a batch is a request that can be done in it
│   ├── BatchTooLargeError      more lines than a batch may have
│   ├── WebhookRefusedError     no call is made to that address
│   ├── CollectionNeededError   its model is fitted on a collection, and none is named
│   ├── BodyTooLargeError       more bytes than one may send
│   ├── SlowClientError         it did not come in within the time
│   ├── ConnectionBusyError     one connection asks for too much at once
│   ├── UploadBusyError         a batch is being received: one of a tenant, some of all
│   ├── DuplicateIdError        an id that a request of the connection has already
│   ├── AdmissionError          it was not let in: come back later
│   │   ├── QueueFullError
│   │   ├── TenantQueueFullError  a tenant has its part of a queue
│   │   ├── DeadlineImpossibleError
│   │   ├── GatewayBusyError    a gateway has as many connections as it may
│   │   ├── SheddingError       lower tiers are refused while the load is high
│   │   └── AdmissionUnavailableError  its Redis does not answer: nobody is let in
│   ├── IdempotencyKeyError     a key that was used before
│   │   ├── KeyReusedError      for another request
│   │   └── StillRunningError   its first request has no answer yet
│   ├── RequestCancelledError   somebody asked for its end
│   ├── RequestNotFoundError    that tenant did not ask that, or too long ago
│   │   └── BatchNotFoundError
│   ├── SessionFullError        it would remember more than it may
│   ├── TrackingUnavailableError  what was asked cannot be recorded or read
│   ├── UnrecordableError       a text in it is none that PostgreSQL keeps
│   ├── ServingError            the real-time lane could not answer it
│   │   ├── LaneTimeoutError    no answer within the lane's time
│   │   ├── DeadlinePassedError  its deadline passed before it was begun or done
│   │   │   └── BudgetSpentError  it took more processing time than it allows itself
│   │   ├── TokenBudgetSpentError  it has no tokens left for another call of an LLM
│   │   ├── TenantBudgetSpentError  its tenant has none left today
│   │   ├── ExtractionError     what the LLM wrote is not what was asked for
│   │   ├── LaneUnavailableError  the lane's Redis does not answer, or lost the request
│   │   ├── GivenUpError        it ended each process that worked on it
│   │   └── RemoteError         what its pipeline raised, as the lane reports it
│   └── ProviderMissingError    it needs an LLM, and none is configured
├── PipelineError               a pipeline that cannot be registered
├── EventError                  the Stream
│   ├── InvalidEventError       no CloudEvent, or too large
│   ├── UnknownEventTypeError   no handler is registered for it: it is set aside
│   ├── EventHandlerError       a handler that cannot be registered
│   └── StreamFullError         more events wait than may
├── WireError                   bytes between gateway and lane that cannot be read
├── ThreadsStuckError           too many tasks hang: the lane process starts again
└── QuestionError               empty, or longer than allowed

Each carries what it is about as attributes; its text names the thing and the remedy.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.usage import Usage


class NeuroCortexError(Exception):
    """Root of the tree: catch it to catch everything NeuroCortex raises on purpose."""


class SettingsError(NeuroCortexError):
    """A setting has a value that is not allowed. The text lists each with what is allowed."""


class ServiceError(NeuroCortexError):
    """An embedded service cannot do its work."""

    def __init__(self, service: str, message: str) -> None:
        super().__init__(message)
        self.service = service


class PortInUseError(ServiceError):
    """The port a service was told to use is held by another process."""

    def __init__(self, service: str, port: int, holder: str, setting: str) -> None:
        super().__init__(
            service,
            f"Port {port}, set for {service}, is held by {holder}."
            f" Stop that process, or set {setting} to another port (0 finds a free one).",
        )
        self.port = port
        self.holder = holder


class ServiceFailedError(ServiceError):
    """A service did not become ready, or died more often than it may."""

    def __init__(self, service: str, reason: str, log: Path, tail: str = "") -> None:
        super().__init__(service, f"{service} {reason}. Its log: {log}\n{tail}".rstrip())
        self.reason = reason
        self.log = log


class AlreadyRunningError(ServiceError):
    """The platform runs already from this home folder."""

    def __init__(self, home: Path) -> None:
        super().__init__("platform", f"The platform already runs from {home}.")
        self.home = home


class NotRunningError(ServiceError):
    """The platform is not up, and no address of an existing one is set."""

    def __init__(self, service: str, setting: str) -> None:
        super().__init__(
            service,
            f"{service} is not running. Start the platform with `neurocortex up`,"
            f" or set {setting} to the address of an existing one.",
        )


class RunError(NeuroCortexError):
    """A flow run ended in another state than Completed, or its result cannot be read."""

    def __init__(self, name: str, state: str, reason: str, url: str) -> None:
        super().__init__(f"The run {name} is {state}: {reason}\nSee {url}")
        self.name = name
        self.state = state
        self.reason = reason
        self.url = url


class ConnectorError(NeuroCortexError):
    """A neighbour did not answer as it should."""

    def __init__(self, neighbour: str, reason: str) -> None:
        super().__init__(f"{neighbour}: {reason}")
        self.neighbour = neighbour
        self.reason = reason


class LakeUnavailableError(ConnectorError):
    """PostgreSQL refused, is gone, or went away in the middle of a call."""


class CacheUnavailableError(ConnectorError):
    """The cache's Redis does not answer."""


class StreamUnavailableError(ConnectorError):
    """The stream's Redis does not answer."""


class ForgeUnavailableError(ConnectorError):
    """The model registry does not answer."""


class LedgerUnavailableError(ConnectorError):
    """The ledger's Redis does not answer. A change was made whole or not at all."""


class IssuerUnavailableError(ConnectorError):
    """The keys of an issuer of tokens cannot be read, and none are known from before."""


class ProviderError(ConnectorError):
    """An LLM provider refused the call, failed, or answered with something unusable."""


class ProviderRefusedError(ProviderError):
    """It refused what would be refused again: a wrong key, an unknown model, a bad request."""


class LedgerError(NeuroCortexError):
    """The ledger of slots and resources cannot do what was asked."""


class NoLeaseError(LedgerError):
    """A flow was submitted to a worker itself, where no lease could be taken for it."""

    def __init__(self, flow: str, pool: str) -> None:
        super().__init__(
            f"Flow {flow} was submitted to a worker of pool {pool} itself: it would run past the"
            " ledger, on top of the slots. Have it wait its turn: deploy it to the pool and start"
            " it with `run_deployment`; a flow that is bound to a pool has `submit_to_work_pool`."
        )
        self.flow = flow
        self.pool = pool


class NeverFitsError(LedgerError):
    """A run needs more than any one worker has, even an idle one. Amounts are the resource's."""

    def __init__(self, resource: str, needed: float, largest: float) -> None:
        if largest < needed:
            lack = f"it needs {needed:g} {resource}, the largest worker offers {largest:g}"
        else:
            lack = f"no worker that offers {needed:g} {resource} has enough of all else it needs"
        super().__init__(
            f"No worker can ever run it: {lack}. Lower the run's needs, or start a larger worker."
        )
        self.resource = resource
        self.needed = needed
        self.largest = largest


class StaleLeaseError(LedgerError):
    """A lease that is no longer in force was used: nothing was changed."""

    def __init__(self, work: UUID, worker: str, token: int) -> None:
        super().__init__(
            f"Worker {worker} does not hold run {work} any more (token {token}): its lease was"
            " released, or ran out for lack of a sign of life."
        )
        self.work = work
        self.worker = worker
        self.token = token


class CacheError(NeuroCortexError):
    """The cache cannot do what was asked."""


class UnkeyableValueError(CacheError):
    """No key can be made of a value: two equal requests might get different keys."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"No cache key can be made of {path}: {reason}")
        self.path = path
        self.reason = reason


class UncacheableValueError(CacheError):
    """A value cannot be written as bytes. `path` is its place inside what was to be kept."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be cached: {reason}")
        self.path = path
        self.reason = reason


class CorruptEntryError(CacheError):
    """Bytes are no entry of this cache: damaged, foreign, or of another version."""


class EntryNotFoundError(CacheError):
    """No level of the cache has an entry."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The cache has nothing at {key}: its time is over, or it was invalidated. Run again"
            " what computes it."
        )
        self.key = key


class ForkedCacheError(CacheError):
    """The cache belongs to the parent of this process: its connections cannot be shared."""

    def __init__(self) -> None:
        super().__init__(
            "This cache was opened before the process was forked, and its connections are the"
            " parent's. Open one in this process."
        )


class CachedFailureError(CacheError):
    """The computation failed a moment ago and is not tried again yet; `reason` says how."""

    def __init__(self, key: str, reason: str, retry_after_s: float) -> None:
        super().__init__(f"{key} failed: {reason}. Tried again in {retry_after_s:.1f} s.")
        self.key = key
        self.reason = reason
        self.retry_after_s = retry_after_s


class LakeError(NeuroCortexError):
    """The Lake cannot do what was asked."""


class CollectionNotFoundError(LakeError):
    """No collection of that name."""

    def __init__(self, collection: str, existing: Sequence[str]) -> None:
        known = ", ".join(existing) or "none yet"
        super().__init__(
            f"There is no collection {collection!r}. Existing collections: {known}."
            " Ingest documents into it first: `neurocortex ingest PATH --collection NAME`."
        )
        self.collection = collection
        self.existing = tuple(existing)


class EmbedderMismatchError(LakeError):
    """A collection is embedded by one model; another was asked for."""

    def __init__(self, collection: str, recorded: str, asked: str) -> None:
        super().__init__(
            f"Collection {collection!r} is embedded by {recorded}, not by {asked}."
            " Vectors of two models cannot be compared: use the recorded one,"
            " or ingest into another collection."
        )
        self.collection = collection
        self.recorded = recorded
        self.asked = asked


class InvalidFilterError(LakeError):
    """A filter on documents cannot be read. `place` is where in it, e.g. `$and[1].year`."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"The filter cannot be read at {place or 'its top'}: {reason}")
        self.place = place
        self.reason = reason


class InvalidRecordError(LakeError):
    """A document that a pipeline writes cannot be kept as it is."""

    def __init__(self, record: str, reason: str) -> None:
        super().__init__(f"The document {record!r} cannot be kept: {reason}")
        self.record = record
        self.reason = reason


class DocumentNotFoundError(LakeError):
    """No document of that source in a collection."""

    def __init__(self, collection: str, source: str) -> None:
        super().__init__(
            f"Collection {collection!r} has no document {source!r}. The passages of `search` name"
            " the sources it has."
        )
        self.collection = collection
        self.source = source


class DuplicateDocumentError(LakeError):
    """Documents are in the collection already, and the load was to bring new ones only."""

    def __init__(self, collection: str, sources: Sequence[str]) -> None:
        named = ", ".join(map(repr, sources[:5])) + (", ..." if len(sources) > 5 else "")
        super().__init__(
            f"Collection {collection!r} has {len(sources)} of these documents already: {named}."
            " Nothing was written. Write them with the policy that skips or replaces them."
        )
        self.collection = collection
        self.sources = tuple(sources)


class TargetNotFoundError(LakeError):
    """Neither a collection nor a dataset's table has that name."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"There is neither a collection nor a table {target!r}. A table of a dataset may be"
            " named `data.NAME`; `neurocortex status` and the datasets' YAML have the names."
        )
        self.target = target


class VersionNotFoundError(LakeError):
    """A collection or table cannot be returned to a version."""

    def __init__(self, target: str, version: int, oldest: int, current: int) -> None:
        kept = f"{oldest} to {current - 1}" if oldest < current else "none before it"
        super().__init__(
            f"{target} cannot be returned to version {version}: it is at {current}, and kept are"
            f" {kept}. `neurocortex lake versions` lists them."
        )
        self.target = target
        self.version = version


class CorrectionError(LakeError):
    """Entries of quarantine cannot be corrected or released in that way; nothing was changed."""


class LoadError(LakeError):
    """A load failed and was rolled back: the Lake is as it was before."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"The load into {target} failed and was undone: {reason}")
        self.target = target
        self.reason = reason


class BackupError(NeuroCortexError):
    """A backup cannot be made, read or restored; what was there is as it was."""


class DocumentError(NeuroCortexError):
    """One file or row cannot be ingested. `rule` is the name its quarantine entry carries."""

    rule = "document"

    def __init__(self, source: str, reason: str, *, row: int | None = None) -> None:
        place = f"{source}, row {row}" if row is not None else source
        super().__init__(f"{place}: {reason}")
        self.source = source
        self.reason = reason
        self.row = row


class MissingPathError(DocumentError):
    """No file, folder or glob match there."""

    rule = "missing_path"


class UnreadableFileError(DocumentError):
    """No permission, a broken file, or a format NeuroCortex does not read."""

    rule = "unreadable"


class EncryptedFileError(DocumentError):
    """The file asks for a password."""

    rule = "encrypted"


class NoTextError(DocumentError):
    """The file holds no text, e.g. a scanned pdf."""

    rule = "no_text"


class EmptyFileError(DocumentError):
    """Nothing, or nothing but white space."""

    rule = "empty"


class FileTooLargeError(DocumentError):
    """Larger than `NEUROCORTEX_DOCUMENTS__MAX_FILE_MB`."""

    rule = "too_large"


class EncodingError(DocumentError):
    """The bytes are no text in any likely encoding."""

    rule = "encoding"


class MalformedRowError(DocumentError):
    """A csv row with too many or too few fields, a jsonl line that is no object, a used key."""

    rule = "malformed_row"


class NothingIngestedError(NeuroCortexError):
    """Nothing of what was given could be ingested. `refused` says why of each."""

    SHOWN = 5
    """Reasons in the text; a run's artifact lists all."""

    def __init__(self, refused: Sequence[Quarantined]) -> None:
        shown = "; ".join(f"{entry.source}: {entry.reason}" for entry in refused[: self.SHOWN])
        more = f"; and {len(refused) - self.SHOWN} more" if len(refused) > self.SHOWN else ""
        super().__init__(f"Nothing was ingested. {shown}{more}")
        self.refused = tuple(refused)


class ParquetFileError(NeuroCortexError):
    """A Parquet file cannot be read, or does not hold what was asked of it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


class SpecFileError(NeuroCortexError):
    """A YAML file cannot be read, or describes something that cannot be."""


class SpecFileMissingError(SpecFileError):
    """There is no such file."""


class DatasetError(NeuroCortexError):
    """A dataset cannot be loaded."""

    def __init__(self, dataset: str, reason: str) -> None:
        super().__init__(f"Dataset {dataset!r}: {reason}")
        self.dataset = dataset
        self.reason = reason


class DatasetNotFoundError(DatasetError):
    """No YAML file of that name."""


class DatasetSpecError(DatasetError):
    """The YAML describes something that cannot be: the text gives the line's path in it."""


class SourceError(DatasetError):
    """The source is missing, or its columns are not those of the schema."""


class GateFailedError(DatasetError):
    """An expectation of severity `stop` failed: nothing was loaded."""


class ExpectationError(NeuroCortexError):
    """An expectation cannot be evaluated: a missing column, or a parameter that does not fit it."""

    def __init__(self, expectation: str, reason: str) -> None:
        super().__init__(f"{expectation}: {reason}")
        self.expectation = expectation
        self.reason = reason


class ForgeError(NeuroCortexError):
    """A model cannot be trained, found, read or asked. `model`: its name."""

    def __init__(self, model: str, message: str) -> None:
        super().__init__(message)
        self.model = model


class TrainingSpecError(ForgeError):
    """A training spec describes something that cannot be: the text says what is allowed."""


class TrainingError(ForgeError):
    """Nothing can be learned: the table lacks a column, or its target says nothing."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, f"The model {model} was not trained: {reason}")
        self.reason = reason


class ModelNotFoundError(ForgeError):
    """There is no such model, or no such version of it."""

    def __init__(self, model: str, which: str | None, known: Sequence[str]) -> None:
        if model in known:
            reason = f"The model {model} has no version {which!r}: see neurocortex models show"
        else:
            there = ", ".join(known) or "none; train one: neurocortex models train SPEC"
            reason = f"There is no model {model!r}. There are: {there}"
        super().__init__(model, f"{reason}.")
        self.which = which


class ModelCorruptError(ForgeError):
    """An artifact is damaged or forged: it is not loaded."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(
            model,
            f"The model {model} was not loaded: {reason}. Train it again, or restore a backup.",
        )
        self.reason = reason


class FeaturesError(ForgeError):
    """Rows to predict from lack a feature, or have one of a wrong name or kind."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, f"The model {model} cannot read these rows: {reason}.")
        self.reason = reason


class DeadLetterError(NeuroCortexError):
    """A run that failed for good cannot be shown or replayed."""

    def __init__(self, flow_run: UUID, message: str) -> None:
        super().__init__(message)
        self.flow_run = flow_run


class DeadLetterNotFoundError(DeadLetterError):
    """No dead letter of that run."""

    def __init__(self, flow_run: UUID) -> None:
        super().__init__(
            flow_run,
            f"There is no dead letter of the run {flow_run}: it did not fail for good, or too long"
            " ago. `neurocortex dead list` shows them.",
        )


class NotReplayableError(DeadLetterError):
    """What a replay needs is gone from Prefect, or the run is not dead any more."""

    def __init__(self, flow_run: UUID, reason: str) -> None:
        super().__init__(flow_run, f"The run {flow_run} cannot be replayed: {reason}")
        self.reason = reason


class RequestError(NeuroCortexError):
    """A request cannot be served. `code` is stable: programs may tell errors apart by it."""

    code: str = "request"


class InvalidRequestError(RequestError):
    """A field is missing, unknown or not allowed. `problems` has each place and its reason."""

    code = "invalid_request"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        listed = "; ".join(f"{place}: {reason}" if place else reason for place, reason in problems)
        super().__init__(f"The request is not valid: {listed}")
        self.problems = tuple(problems)


class EmptyBatchError(InvalidRequestError):
    """No line of a batch can be done. `problems` has the first lines and their reasons."""

    code = "empty_batch"

    def __init__(self, problems: Sequence[tuple[str, str]], lines: int) -> None:
        super().__init__(problems or [("", "it has no line: send JSON lines, a request in each")])
        self.lines = lines


class BatchTooLargeError(RequestError):
    """A batch has more lines than it may. `limit` is how many that are."""

    code = "batch_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A batch may have {limit} lines: send the rest as another batch.")
        self.limit = limit


class WebhookRefusedError(RequestError):
    """Nobody is told of an end at that address."""

    code = "webhook_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"No webhook can be sent to the address that was given: {reason}.")
        self.reason = reason


class CollectionNeededError(RequestError):
    """The configured embedding model is fitted on a collection, and the request names none."""

    code = "collection_needed"

    def __init__(self, embedder: str, remedy: str) -> None:
        super().__init__(
            f"The embedding model {embedder!r} is fitted on the texts of a collection: {remedy}."
            " An operator may set NEUROCORTEX_LAKE__EMBEDDER to a model that needs none."
        )
        self.embedder = embedder


class UnknownOperationError(RequestError):
    """No pipeline serves the operation."""

    code = "unknown_operation"

    def __init__(self, operation: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no operation {operation!r}. Known operations: {', '.join(known)}."
        )
        self.operation = operation
        self.known = tuple(known)


class BodyTooLargeError(RequestError):
    """More was sent than one request may be. `limit` is in bytes."""

    code = "body_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request is larger than {limit} bytes. Send less, or ingest files by"
            " `neurocortex ingest`."
        )
        self.limit = limit


class SlowClientError(RequestError):
    """The request did not come in within the time. `timeout_s` is in seconds."""

    code = "too_slow"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"The request did not come in within {timeout_s:g} s.")
        self.timeout_s = timeout_s


class ConnectionBusyError(RequestError):
    """As many requests of one connection are worked on as may. `limit` is how many that are."""

    code = "connection_busy"

    def __init__(self, limit: int, retry_after_s: float = 1.0) -> None:
        super().__init__(
            f"{limit} requests of this connection are worked on: wait for one of them."
        )
        self.limit = limit
        self.retry_after_s = retry_after_s


class UploadBusyError(RequestError):
    """As many batches are being received as may, of a tenant or of all. `limit` is that number."""

    code = "upload_busy"

    def __init__(self, limit: int, whose: str, retry_after_s: float = 1.0) -> None:
        super().__init__(
            f"Batches are being received already, {limit} of {whose}: send this one again when"
            " that is done."
        )
        self.limit = limit
        self.retry_after_s = retry_after_s


class DuplicateIdError(RequestError):
    """A request of the same connection has this id, and is not answered yet."""

    code = "duplicate_id"

    def __init__(self, name: str) -> None:
        super().__init__(f"A request with the id {name!r} is being worked on: use another id.")
        self.name = name


class AdmissionError(RequestError):
    """A request is not let in, and nothing was done for it.

    `retry_after_s`: when it may be tried again, in seconds. `limit`: the bound that was met.
    """

    code = "not_admitted"

    def __init__(self, message: str, retry_after_s: float, limit: float | None = None) -> None:
        super().__init__(f"{message} Try again in {retry_after_s:.1f} s.")
        self.retry_after_s = retry_after_s
        self.limit = limit


class QueueFullError(AdmissionError):
    """As many requests wait as may. `limit` is how many that are."""

    code = "queue_full"

    def __init__(self, queue: str, limit: int, retry_after_s: float) -> None:
        super().__init__(
            f"The queue {queue} is full: {limit} requests are in it.", retry_after_s, limit
        )
        self.queue = queue


class TenantQueueFullError(AdmissionError):
    """As many requests of one tenant wait as may. `limit` is how many that are."""

    code = "tenant_queue_full"

    def __init__(self, tenant: str, queue: str, limit: int, retry_after_s: float) -> None:
        super().__init__(
            f"The tenant {tenant} has {limit} requests in the queue {queue}, as many as it may.",
            retry_after_s,
            limit,
        )
        self.tenant = tenant
        self.queue = queue


class DeadlineImpossibleError(AdmissionError):
    """The answer would come after the deadline. `start_s`: when it would have been started.

    `limit` is the seconds that were left, `retry_after_s` when as many would be enough.
    """

    code = "deadline_impossible"

    def __init__(self, left_s: float, start_s: float, takes_s: float, retry_after_s: float) -> None:
        super().__init__(
            f"The deadline cannot be met: it is {left_s:.3f} s away, and the request would start in"
            f" {start_s:.3f} s and take {takes_s:.3f} s.",
            retry_after_s,
            left_s,
        )
        self.start_s = start_s
        self.takes_s = takes_s


class GatewayBusyError(AdmissionError):
    """A gateway has as many connections as it may. `limit` is how many that are."""

    code = "gateway_busy"

    def __init__(self, limit: int, retry_after_s: float = 1.0) -> None:
        super().__init__(
            f"The gateway has {limit} connections, as many as it may.", retry_after_s, limit
        )


class SheddingError(AdmissionError):
    """The load is high, and requests of lower tiers are refused. `limit`: the load allowed."""

    code = "shedding"

    def __init__(self, tier: str, limit: float, retry_after_s: float) -> None:
        super().__init__(
            f"The load is above {limit:.0%}: requests of tier {tier} are refused until it was"
            " below for a while.",
            retry_after_s,
            limit,
        )
        self.tier = tier


class AdmissionUnavailableError(AdmissionError):
    """The Redis of the admission does not answer: nobody is let in, as nobody counts."""

    code = "admission_unavailable"

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(f"Requests cannot be let in: {reason}.", retry_after_s)
        self.reason = reason


class IdempotencyKeyError(RequestError):
    """An Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) was used before."""

    def __init__(self, key: str, request: UUID, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.request = request


class KeyReusedError(IdempotencyKeyError):
    """For a request with other contents: 422 in HTTP."""

    code = "idempotency_key_reused"

    def __init__(self, key: str, request: UUID) -> None:
        super().__init__(
            key,
            request,
            f"The idempotency key {key!r} belongs to another request, {request}."
            " Send a new key with a new request.",
        )


class StillRunningError(IdempotencyKeyError):
    """The first request with this key is not answered yet: 409 in HTTP."""

    code = "idempotency_key_in_use"

    def __init__(self, key: str, request: UUID) -> None:
        super().__init__(
            key,
            request,
            f"The request {request} with the idempotency key {key!r} is still being processed."
            " Ask for its result, or send the same again later.",
        )


class RequestCancelledError(RequestError):
    """A request was cancelled by its id."""

    code = "cancelled"

    def __init__(self, request: UUID) -> None:
        super().__init__(f"The request {request} was cancelled.")
        self.request = request


class RequestNotFoundError(RequestError):
    """No request of that id is known for the tenant."""

    code = "request_not_found"
    noun: ClassVar[str] = "request"

    def __init__(self, request: UUID) -> None:
        super().__init__(
            f"There is no {self.noun} {request}. What was asked is kept for"
            " NEUROCORTEX_TRACKING__KEEP_S, and shown to its own tenant only."
        )
        self.request = request


class BatchNotFoundError(RequestNotFoundError):
    """No batch of that id is known for the tenant."""

    code = "batch_not_found"
    noun = "batch"


class SessionFullError(RequestError):
    """What a session remembers would be larger than allowed; sizes are in bytes."""

    code = "session_full"

    def __init__(self, session: str, size: int, limit: int) -> None:
        super().__init__(
            f"The context of session {session!r} would take {size} bytes, and {limit} are allowed"
            " (NEUROCORTEX_TRACKING__SESSION_CONTEXT_BYTES). Begin another session."
        )
        self.session = session
        self.size = size
        self.limit = limit


class TrackingUnavailableError(RequestError):
    """Redis and PostgreSQL, or the one that is needed, do not answer; nothing was accepted."""

    code = "tracking_unavailable"

    def __init__(self, reason: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"Requests cannot be recorded: {reason}. Try again later.")
        self.reason = reason
        self.retry_after_s = retry_after_s


class UnrecordableError(RequestError):
    """PostgreSQL refuses what a request holds, such as U+0000 in a text; nothing was accepted."""

    code = "unrecordable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The request cannot be recorded: {reason}. Change that, and send it.")
        self.reason = reason


class ServingError(RequestError):
    """The real-time lane could not answer a request."""

    code = "serving"


class LaneTimeoutError(ServingError):
    """No answer came within the time that the lane gives a request."""

    code = "timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"There was no answer within {seconds:g} s. Ask for less at once, or raise"
            " NEUROCORTEX_REALTIME__TIMEOUT_S."
        )
        self.seconds = seconds


class DeadlinePassedError(ServingError):
    """The request's own deadline passed before it was begun or done."""

    code = "deadline_passed"

    def __init__(
        self, message: str = "The deadline of the request passed before it was answered."
    ) -> None:
        super().__init__(message)


class BudgetSpentError(DeadlinePassedError):
    """The request took more processing time than its `budget.seconds`."""

    code = "budget_spent"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The request took longer than the {seconds:g} s of its `budget.seconds`. Ask for less"
            " at once, or allow more."
        )
        self.seconds = seconds


class TokenBudgetSpentError(ServingError):
    """The request has no tokens left for another call of an LLM. `spent`: what it used so far."""

    code = "token_budget_spent"

    def __init__(self, limit: int, spent: Usage, asked: int) -> None:
        super().__init__(
            f"The {limit} tokens of `budget.tokens` are not enough: {spent.tokens} were spent in"
            f" {spent.calls} calls, and the next one sends about {asked}. Allow more, or ask for"
            " less at once."
        )
        self.limit = limit
        self.spent = spent
        self.asked = asked


class TenantBudgetSpentError(ServingError):
    """The tenant has not so many tokens left today: it may come back after midnight, UTC."""

    code = "tenant_budget_spent"

    def __init__(
        self, tenant: str, limit: int, *, left: int, asked: int, retry_after_s: float
    ) -> None:
        super().__init__(
            f"The tenant {tenant} has {left} of its {limit} tokens left today, and this call may"
            f" take {asked}. The day ends in {retry_after_s:.0f} s (at 00:00 UTC); an operator may"
            " raise NEUROCORTEX_LLM__TENANT_TOKENS_PER_DAY."
        )
        self.tenant = tenant
        self.limit = limit
        self.left = left
        self.asked = asked
        self.retry_after_s = retry_after_s


class ExtractionError(ServingError):
    """An LLM wrote, twice, what does not fit the schema. `problems` has places and reasons."""

    code = "extraction_invalid"

    def __init__(self, model: str, problems: Sequence[tuple[str, str]]) -> None:
        listed = "; ".join(f"{place}: {reason}" for place, reason in problems)
        super().__init__(
            f"What the model {model} wrote does not fit the schema, also after it was told why:"
            f" {listed}. Describe the fields better, ask for less, or use another model."
        )
        self.model = model
        self.problems = tuple(problems)


class LaneUnavailableError(ServingError):
    """The lane's Redis does not answer, or lost the request. It may be sent again."""

    code = "lane_unavailable"

    def __init__(self, reason: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"The real-time lane cannot be reached: {reason}. Send it again later.")
        self.reason = reason
        self.retry_after_s = retry_after_s


class GivenUpError(ServingError):
    """Each process that worked on the request ended meanwhile: it is not tried again."""

    code = "given_up"

    def __init__(self, attempts: int) -> None:
        super().__init__(
            f"The request was given up: {attempts} processes ended while they worked on it."
        )
        self.attempts = attempts


class RemoteError(ServingError):
    """What a pipeline raised in a process of the lane; `code` names the kind of error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ProviderMissingError(RequestError):
    """The operation needs an LLM, and none is configured."""

    code = "provider_missing"

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"There is no LLM Provider block {provider!r}. Make one in the Prefect UI under Blocks,"
            " or set NEUROCORTEX_LLM__BASE_URL and NEUROCORTEX_LLM__MODEL and run"
            " `neurocortex deploy`."
        )
        self.provider = provider


class WireError(NeuroCortexError):
    """Bytes between gateway and lane cannot be read: damaged, or of another version."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} cannot be read ({reason}): update gateway and lane together.")
        self.what = what
        self.reason = reason


class ThreadsStuckError(NeuroCortexError):
    """So many tasks hang beyond their timeout that the process has to start again."""

    def __init__(self, stuck: int) -> None:
        super().__init__(
            f"{stuck} threads hang in tasks that timed out: this lane process ends, and starts"
            " again. Give those tasks timeouts of their own around what they call."
        )
        self.stuck = stuck


class PipelineError(NeuroCortexError):
    """A pipeline cannot be registered."""

    def __init__(self, pipeline: str, reason: str) -> None:
        super().__init__(f"Pipeline {pipeline}: {reason}.")
        self.pipeline = pipeline
        self.reason = reason


class PrivacyError(NeuroCortexError):
    """Personal data cannot be hidden or shown as asked."""


class PrivacyModelError(PrivacyError):
    """The spaCy model that the settings name is not installed; nothing is downloaded for it."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"The spaCy model {model!r} is not installed. Install it (`python -m spacy download"
            f" {model}`), or unset NEUROCORTEX_PRIVACY__MODEL: people, places and organisations are"
            " then found by lists and patterns."
        )
        self.model = model


class PrivacyKeyError(PrivacyError):
    """A key is missing, damaged, or readable by others."""


class TamperedError(PrivacyError):
    """An encrypted value cannot be decrypted: changed, of another key, or of another place."""

    def __init__(self, tenant: str, column: str, reason: str) -> None:
        super().__init__(
            f"A value of {column!r} (tenant {tenant}) cannot be decrypted: {reason}. It is as it"
            " was stored only under the tenant and column it was encrypted for."
        )
        self.tenant = tenant
        self.column = column
        self.reason = reason


class RevealForbiddenError(PrivacyError):
    """A role may not see personal data in clear. `needed` is the least role that may."""

    def __init__(self, role: str, what: str, needed: str) -> None:
        super().__init__(
            f"The role {role} may not see {what} in clear: that takes the role {needed}."
        )
        self.role = role
        self.needed = needed


class AccessError(NeuroCortexError):
    """A request is refused for who makes it. The text may be shown to whoever asked."""


class UnauthenticatedError(AccessError):
    """No credential, or one that is not valid: 401 in HTTP.

    `challenge` is the header WWW-Authenticate of the answer (RFC 6750).
    """

    def __init__(self, reason: str, *, given: bool = True) -> None:
        """Say why; `given`: there was a credential."""
        super().__init__(reason)
        self.challenge = 'Bearer realm="neurocortex"'
        if given:
            self.challenge += f', error="invalid_token", error_description="{reason}"'


class WrongCredentialError(UnauthenticatedError):
    """A credential that proves nothing, as a guess would. It counts towards a lock."""


class ForbiddenError(AccessError):
    """The credential is good, but not for that: 403 in HTTP. `lacks` names what is missing."""

    def __init__(self, reason: str, lacks: str) -> None:
        super().__init__(reason)
        self.lacks = lacks


class LockedOutError(AccessError):
    """Too many wrong credentials came from there: 429 in HTTP."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            "Too many wrong credentials from this address;"
            f" try again in {math.ceil(retry_after_s)} s."
        )
        self.retry_after_s = retry_after_s


class RateLimitedError(AccessError):
    """More requests than allowed: 429 in HTTP. `limit` is the rate that was met, per second."""

    def __init__(self, whose: str, limit: float, retry_after_s: float) -> None:
        super().__init__(
            f"The limit of {whose} is {limit:g} requests/s; try again in {retry_after_s:.3f} s."
        )
        self.whose = whose
        self.limit = limit
        self.retry_after_s = retry_after_s


class ApiKeyError(NeuroCortexError):
    """An API key cannot be made as asked."""


class ApiKeyNotFoundError(ApiKeyError):
    """No API key with that public id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"There is no API key {key_id!r}. `neurocortex keys list` shows their ids."
        )
        self.key_id = key_id


class EventError(NeuroCortexError):
    """The Stream cannot do what was asked."""


class InvalidEventError(EventError):
    """Not a CloudEvent 1.0 in JSON, or larger than allowed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is no event that can be taken: {reason}.")
        self.reason = reason


class UnknownEventTypeError(EventError):
    """No handler is registered for the type of an event. The event is kept."""

    def __init__(self, kind: str, known: Sequence[str]) -> None:
        super().__init__(
            f"No handler is registered for events of type {kind!r} (there are handlers for:"
            f" {', '.join(known) or 'none'}). Register one, then bring the kept events back with"
            " `neurocortex events replay`."
        )
        self.kind = kind
        self.known = tuple(known)


class EventHandlerError(EventError):
    """A handler cannot be registered. `name` is its event type or its module."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Handler {name}: {reason}.")
        self.name = name
        self.reason = reason


class StreamFullError(EventError):
    """As many events wait as may: nothing was published."""

    def __init__(self, bound: int) -> None:
        super().__init__(
            f"{bound} events wait to be handled, more are not taken. Publish it again later, or"
            " raise NEUROCORTEX_STREAM__MAX_WAITING."
        )
        self.bound = bound


class QuestionError(NeuroCortexError):
    """A question that is empty or longer than `NEUROCORTEX_ANSWERS__MAX_QUESTION_CHARS`."""
