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
│   └── StaleLeaseError         the run is no longer its holder's
├── CacheError
│   ├── UnkeyableValueError     no key can be made of a value
│   ├── UncacheableValueError   a value that cannot be written as bytes
│   ├── CorruptEntryError       bytes that are no entry: read as a miss
│   └── CachedFailureError      it failed a moment ago, and is not tried again yet
├── LakeError
│   ├── CollectionNotFoundError
│   ├── EmbedderMismatchError   a collection has one embedding model
│   └── LoadError               a load was undone; the Lake is as before
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
├── DatasetError                a dataset's YAML or its data
│   ├── DatasetNotFoundError
│   ├── DatasetSpecError        the YAML itself
│   ├── SourceError             the source cannot be read as the schema says
│   └── GateFailedError         an expectation of severity `stop` failed
├── ExpectationError            an expectation that cannot be evaluated on this data
├── DeadLetterError             a run that failed for good
│   ├── DeadLetterNotFoundError
│   └── NotReplayableError      its run or deployment is gone, or it was tried again
├── AccessError                 who asks may not do that, or not now
│   ├── UnauthenticatedError    no credential, or one that proves nothing
│   ├── ForbiddenError          a scope, a tier or a role that the credential lacks
│   ├── LockedOutError          too many wrong credentials from there
│   └── RateLimitedError        more requests than the limit of a tenant, or of all
├── ApiKeyError                 an API key that cannot be made or revoked
│   └── ApiKeyNotFoundError
├── RequestError                a request that a program sent
│   ├── InvalidRequestError     a field is missing, unknown or not allowed
│   └── UnknownOperationError   no pipeline serves it
├── PipelineError               a pipeline that cannot be registered
└── QuestionError               empty, or longer than allowed

Each carries what it is about as attributes; its text names the thing and the remedy.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from neurocortex.domain.quarantine import Quarantined


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


class LoadError(LakeError):
    """A load failed and was rolled back: the Lake is as it was before."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"The load into {target} failed and was undone: {reason}")
        self.target = target
        self.reason = reason


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

    code: ClassVar[str] = "request"


class InvalidRequestError(RequestError):
    """A field is missing, unknown or not allowed. `problems` has each place and its reason."""

    code = "invalid_request"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        listed = "; ".join(f"{place}: {reason}" if place else reason for place, reason in problems)
        super().__init__(f"The request is not valid: {listed}")
        self.problems = tuple(problems)


class UnknownOperationError(RequestError):
    """No pipeline serves the operation."""

    code = "unknown_operation"

    def __init__(self, operation: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no operation {operation!r}. Known operations: {', '.join(known)}."
        )
        self.operation = operation
        self.known = tuple(known)


class PipelineError(NeuroCortexError):
    """A pipeline cannot be registered."""

    def __init__(self, pipeline: str, reason: str) -> None:
        super().__init__(f"Pipeline {pipeline}: {reason}.")
        self.pipeline = pipeline
        self.reason = reason


class AccessError(NeuroCortexError):
    """A request is refused for who makes it. The text may be shown to whoever asked."""


class UnauthenticatedError(AccessError):
    """No credential, or one that proves nothing: 401 in HTTP.

    `challenge` is the header WWW-Authenticate of the answer (RFC 6750).
    """

    def __init__(self, reason: str, *, given: bool = True) -> None:
        """Say why; `given`: there was a credential."""
        super().__init__(reason)
        self.challenge = 'Bearer realm="neurocortex"'
        if given:
            self.challenge += f', error="invalid_token", error_description="{reason}"'


class ForbiddenError(AccessError):
    """The credential is good, but not for that: 403 in HTTP. `lacks` names what is missing."""

    def __init__(self, reason: str, lacks: str) -> None:
        super().__init__(reason)
        self.lacks = lacks


class LockedOutError(AccessError):
    """Too many wrong credentials came from there: 429 in HTTP."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            f"Too many wrong credentials from this address; try again in {retry_after_s:.0f} s."
        )
        self.retry_after_s = retry_after_s


class RateLimitedError(AccessError):
    """More requests than allowed: 429 in HTTP. `limit` is the rate that was met, per second."""

    def __init__(self, whose: str, limit: float, retry_after_s: float) -> None:
        super().__init__(
            f"The limit of {whose} is {limit:g} requests/s; try again in {retry_after_s:.3f} s."
        )
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


class QuestionError(NeuroCortexError):
    """A question that is empty or longer than `NEUROCORTEX_ANSWERS__MAX_QUESTION_CHARS`."""
