"""Requests as programs send them."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from neurocortex.errors.base import NeuroCortexError


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
