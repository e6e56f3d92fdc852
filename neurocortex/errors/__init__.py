"""Every error NeuroCortex raises on purpose.

NeuroCortexError
├── SettingsError               a setting is wrong or missing
├── ServiceError                an embedded service
│   ├── PortInUseError          somebody else listens there
│   ├── ServiceFailedError      it did not start, or keeps dying
│   ├── AlreadyRunningError     another supervisor holds this home folder
│   ├── NotRunningError         nothing to talk to: `neurocortex up` first
│   └── LoopEndedError          a worker no longer does all it has to
├── RunError                    a flow run did not complete
├── ConnectorError              a neighbour does not answer
│   ├── LakeUnavailableError
│   ├── CacheUnavailableError
│   ├── StreamUnavailableError
│   ├── ForgeUnavailableError
│   ├── LedgerUnavailableError  no slot is given away while its Redis is gone
│   │   └── LedgerClosedError   nor while leases that it lost are entered again
│   ├── ChoicesUnavailableError
│   ├── IssuerUnavailableError  its keys were never read: no token can be verified
│   └── ProviderError           an LLM provider refused or failed
│       ├── ProviderRefusedError  a wrong key or model: no use in trying again
│       │   └── ProviderBrokeOffError  in the middle of an answer that somebody reads
│       ├── ProviderBusyError   each endpoint of a model is full, or wants a pause
│       └── ProviderQueueFullError  too many calls wait for an endpoint already
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
│   ├── GateFailedError         an expectation of severity `stop` failed
│   └── DriftStoppedError       it differs from its earlier loads, and that stops it
├── ExpectationError            an expectation that cannot be evaluated on this data
├── ForgeError                  a model, or how it is trained
│   ├── TrainingSpecError       the YAML itself, or an estimator or parameter there is not
│   ├── TrainingError           nothing can be learned from these rows
│   ├── ModelNotFoundError      no such model, or no such version of it
│   ├── ModelBusyError          so many ask it at once that one waited for too long
│   ├── ModelCorruptError       an artifact that is not what was registered
│   ├── ModelMemoryError        it takes more memory than it may have
│   ├── FeaturesError           rows that are not what a model takes
│   ├── RolloutError            a rollout that cannot be begun or ended
│   │   ├── RolloutRunningError another one of the model runs
│   │   └── NoRolloutError
│   └── FeedbackError           what was said about a prediction
│       ├── PredictionNotFoundError  it is not kept, or another tenant's
│       └── FeedbackGateError   too many labelled rows are not what the model learned from
├── ExperimentError             an experiment that cannot be started, found or stopped
│   ├── ExperimentSpecError     it varies something that there is not
│   ├── ExperimentRunningError  another one is made with the same operation
│   ├── ExperimentNotFoundError
│   ├── ExperimentEndedError
│   ├── ExperimentApplyError    no variant of it can be applied, or withdrawn
│   └── NotInterleavedError     `used` of an answer that no two rankings made
├── DeadLetterError             a run that failed for good
│   ├── DeadLetterNotFoundError
│   └── NotReplayableError      its run or deployment is gone, or it was tried again
├── PrivacyError                personal data cannot be hidden or shown
│   ├── PrivacyModelError       a spaCy model that is not installed
│   ├── PrivacyKeyError         no key, or one that is damaged or unknown
│   ├── ErasureRecordError      what was erased since a backup is not known
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
│   │   ├── LaneFullError       it would start after the lane gave it up
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
│   │   ├── CostBudgetSpentError  the next call could cost more than is left
│   │   ├── ExtractionError     what the LLM wrote is not what was asked for
│   │   ├── LaneUnavailableError  the lane's Redis does not answer, or lost the request
│   │   ├── GivenUpError        it ended each process that worked on it
│   │   └── RemoteError         what its pipeline raised, as the lane reports it
│   ├── ProviderMissingError    it needs an LLM, and none is configured
│   ├── NoProviderFitsError     its constraints leave none of the LLM providers
│   └── ChoiceNotFoundError     no receipt of that id, or not any more
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

from neurocortex.errors.admission import (
    AdmissionError,
    AdmissionUnavailableError,
    DeadlineImpossibleError,
    GatewayBusyError,
    LaneFullError,
    QueueFullError,
    SheddingError,
    TenantQueueFullError,
)
from neurocortex.errors.agents import AgentError, ArithmeticTextError, ToolArgumentsError
from neurocortex.errors.base import NeuroCortexError
from neurocortex.errors.cache import (
    CachedFailureError,
    CacheError,
    CorruptEntryError,
    EntryNotFoundError,
    ForkedCacheError,
    UncacheableValueError,
    UnkeyableValueError,
)
from neurocortex.errors.connectors import (
    CacheUnavailableError,
    ConnectorError,
    ForgeUnavailableError,
    IssuerUnavailableError,
    LakeUnavailableError,
    LedgerClosedError,
    LedgerUnavailableError,
    ProviderBrokeOffError,
    ProviderBusyError,
    ProviderError,
    ProviderQueueFullError,
    ProviderRefusedError,
    StreamUnavailableError,
)
from neurocortex.errors.datasets import (
    DatasetError,
    DatasetNotFoundError,
    DatasetSpecError,
    DriftStoppedError,
    ExpectationError,
    GateFailedError,
    ParquetFileError,
    SourceError,
    SpecFileError,
    SpecFileMissingError,
)
from neurocortex.errors.dead_letters import (
    DeadLetterError,
    DeadLetterNotFoundError,
    NotReplayableError,
)
from neurocortex.errors.documents import (
    DocumentError,
    EmptyFileError,
    EncodingError,
    EncryptedFileError,
    FileTooLargeError,
    MalformedRowError,
    MissingPathError,
    NoTextError,
    NothingIngestedError,
    QuestionError,
    UnreadableFileError,
)
from neurocortex.errors.experiments import (
    ExperimentApplyError,
    ExperimentEndedError,
    ExperimentError,
    ExperimentNotFoundError,
    ExperimentRunningError,
    ExperimentSpecError,
    NotInterleavedError,
)
from neurocortex.errors.forge import (
    FeaturesError,
    FeedbackError,
    FeedbackGateError,
    ForgeError,
    ModelBusyError,
    ModelCorruptError,
    ModelMemoryError,
    ModelNotFoundError,
    NoRolloutError,
    PredictionNotFoundError,
    RolloutError,
    RolloutRunningError,
    TrainingError,
    TrainingSpecError,
)
from neurocortex.errors.lake import (
    BackupError,
    CollectionNotFoundError,
    CorrectionError,
    DocumentNotFoundError,
    DuplicateDocumentError,
    EmbedderMismatchError,
    InvalidFilterError,
    InvalidRecordError,
    LakeError,
    LoadError,
    TargetNotFoundError,
    VersionNotFoundError,
)
from neurocortex.errors.ledger import LedgerError, NeverFitsError, NoLeaseError, StaleLeaseError
from neurocortex.errors.pipelines import (
    HaystackComponentError,
    HaystackError,
    HaystackFileError,
    HaystackInputError,
    HaystackPipelineNotFoundError,
    HaystackUnboundError,
)
from neurocortex.errors.platform import (
    AlreadyRunningError,
    LoopEndedError,
    NotRunningError,
    PortInUseError,
    RunError,
    ServiceError,
    ServiceFailedError,
    SettingsError,
)
from neurocortex.errors.privacy import (
    ErasureRecordError,
    PrivacyError,
    PrivacyKeyError,
    PrivacyModelError,
    RevealForbiddenError,
    TamperedError,
)
from neurocortex.errors.requests import (
    BatchNotFoundError,
    BatchTooLargeError,
    BodyTooLargeError,
    CollectionNeededError,
    ConnectionBusyError,
    DuplicateIdError,
    EmptyBatchError,
    IdempotencyKeyError,
    InvalidRequestError,
    KeyReusedError,
    RequestCancelledError,
    RequestError,
    RequestNotFoundError,
    SessionFullError,
    SlowClientError,
    StillRunningError,
    TrackingUnavailableError,
    UnknownOperationError,
    UnrecordableError,
    UploadBusyError,
    WebhookRefusedError,
)
from neurocortex.errors.security import (
    AccessError,
    ApiKeyError,
    ApiKeyNotFoundError,
    ForbiddenError,
    LockedOutError,
    RateLimitedError,
    UnauthenticatedError,
    WrongCredentialError,
)
from neurocortex.errors.selection import (
    ChoiceNotFoundError,
    ChoicesUnavailableError,
    NoProviderFitsError,
)
from neurocortex.errors.serving import (
    BudgetSpentError,
    CostBudgetSpentError,
    DeadlinePassedError,
    ExtractionError,
    GivenUpError,
    LaneTimeoutError,
    LaneUnavailableError,
    PipelineError,
    ProviderMissingError,
    RemoteError,
    ServingError,
    TenantBudgetSpentError,
    ThreadsStuckError,
    TokenBudgetSpentError,
    WireError,
)
from neurocortex.errors.stream import (
    EventError,
    EventHandlerError,
    InvalidEventError,
    StreamFullError,
    UnknownEventTypeError,
)

__all__ = [
    "AccessError",
    "AdmissionError",
    "AdmissionUnavailableError",
    "AgentError",
    "AlreadyRunningError",
    "ApiKeyError",
    "ApiKeyNotFoundError",
    "ArithmeticTextError",
    "BackupError",
    "BatchNotFoundError",
    "BatchTooLargeError",
    "BodyTooLargeError",
    "BudgetSpentError",
    "CacheError",
    "CacheUnavailableError",
    "CachedFailureError",
    "ChoiceNotFoundError",
    "ChoicesUnavailableError",
    "CollectionNeededError",
    "CollectionNotFoundError",
    "ConnectionBusyError",
    "ConnectorError",
    "CorrectionError",
    "CorruptEntryError",
    "CostBudgetSpentError",
    "DatasetError",
    "DatasetNotFoundError",
    "DatasetSpecError",
    "DeadLetterError",
    "DeadLetterNotFoundError",
    "DeadlineImpossibleError",
    "DeadlinePassedError",
    "DocumentError",
    "DocumentNotFoundError",
    "DriftStoppedError",
    "DuplicateDocumentError",
    "DuplicateIdError",
    "EmbedderMismatchError",
    "EmptyBatchError",
    "EmptyFileError",
    "EncodingError",
    "EncryptedFileError",
    "EntryNotFoundError",
    "ErasureRecordError",
    "EventError",
    "EventHandlerError",
    "ExpectationError",
    "ExperimentApplyError",
    "ExperimentEndedError",
    "ExperimentError",
    "ExperimentNotFoundError",
    "ExperimentRunningError",
    "ExperimentSpecError",
    "ExtractionError",
    "FeaturesError",
    "FeedbackError",
    "FeedbackGateError",
    "FileTooLargeError",
    "ForbiddenError",
    "ForgeError",
    "ForgeUnavailableError",
    "ForkedCacheError",
    "GateFailedError",
    "GatewayBusyError",
    "GivenUpError",
    "HaystackComponentError",
    "HaystackError",
    "HaystackFileError",
    "HaystackInputError",
    "HaystackPipelineNotFoundError",
    "HaystackUnboundError",
    "IdempotencyKeyError",
    "InvalidEventError",
    "InvalidFilterError",
    "InvalidRecordError",
    "InvalidRequestError",
    "IssuerUnavailableError",
    "KeyReusedError",
    "LakeError",
    "LakeUnavailableError",
    "LaneFullError",
    "LaneTimeoutError",
    "LaneUnavailableError",
    "LedgerClosedError",
    "LedgerError",
    "LedgerUnavailableError",
    "LoadError",
    "LockedOutError",
    "LoopEndedError",
    "MalformedRowError",
    "MissingPathError",
    "ModelBusyError",
    "ModelCorruptError",
    "ModelMemoryError",
    "ModelNotFoundError",
    "NeuroCortexError",
    "NeverFitsError",
    "NoLeaseError",
    "NoProviderFitsError",
    "NoRolloutError",
    "NoTextError",
    "NotInterleavedError",
    "NotReplayableError",
    "NotRunningError",
    "NothingIngestedError",
    "ParquetFileError",
    "PipelineError",
    "PortInUseError",
    "PredictionNotFoundError",
    "PrivacyError",
    "PrivacyKeyError",
    "PrivacyModelError",
    "ProviderBrokeOffError",
    "ProviderBusyError",
    "ProviderError",
    "ProviderMissingError",
    "ProviderQueueFullError",
    "ProviderRefusedError",
    "QuestionError",
    "QueueFullError",
    "RateLimitedError",
    "RemoteError",
    "RequestCancelledError",
    "RequestError",
    "RequestNotFoundError",
    "RevealForbiddenError",
    "RolloutError",
    "RolloutRunningError",
    "RunError",
    "ServiceError",
    "ServiceFailedError",
    "ServingError",
    "SessionFullError",
    "SettingsError",
    "SheddingError",
    "SlowClientError",
    "SourceError",
    "SpecFileError",
    "SpecFileMissingError",
    "StaleLeaseError",
    "StillRunningError",
    "StreamFullError",
    "StreamUnavailableError",
    "TamperedError",
    "TargetNotFoundError",
    "TenantBudgetSpentError",
    "TenantQueueFullError",
    "ThreadsStuckError",
    "TokenBudgetSpentError",
    "ToolArgumentsError",
    "TrackingUnavailableError",
    "TrainingError",
    "TrainingSpecError",
    "UnauthenticatedError",
    "UncacheableValueError",
    "UnkeyableValueError",
    "UnknownEventTypeError",
    "UnknownOperationError",
    "UnreadableFileError",
    "UnrecordableError",
    "UploadBusyError",
    "VersionNotFoundError",
    "WebhookRefusedError",
    "WireError",
    "WrongCredentialError",
]
