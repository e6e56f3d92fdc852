"""A batch, its items, and what becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict


class ItemFailure(BaseModel):
    """Why an item has no result."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Stable: programs tell failures apart by it."""
    message: str


def item_id(batch: UUID, line: int) -> UUID:
    """Return the request id of a line: the same each time, so that feedback finds it."""
    return uuid5(batch, str(line))


@dataclass(frozen=True, slots=True)
class Item:
    """One valid request of a batch."""

    line: int
    """In the file, from 1."""
    operation: str
    body: bytes
    """The JSON of the request, as its client sent it."""
    deadline_s: float | None = None
    """Its result is of no use later than so long after the batch was sent."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line of a batch."""

    line: int
    is_completed: bool
    content: bytes
    """JSON: the result, or an `ItemFailure`."""

    @classmethod
    def failed(cls, line: int, code: str, message: str) -> "Outcome":
        """Return the outcome of a line without a result."""
        failure = ItemFailure(code=code, message=message)
        return cls(line, is_completed=False, content=failure.model_dump_json().encode())


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines of a batch, read."""

    items: Sequence[Item]
    refused: Sequence[Outcome]
    """Of lines that are no request which may be asked in a batch."""
    estimate_s: float
    """Processing time of all items, one after the other."""


class Counts(BaseModel):
    """How far a batch is. Lines that are no valid request are among the failed ones."""

    model_config = ConfigDict(frozen=True)

    total: int
    completed: int
    failed: int

    @property
    def ended(self) -> int:
        """Lines of which it is known what became of them."""
        return self.completed + self.failed


class Batch(BaseModel):
    """A batch as a flow run begins it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    tenant: str
    created: datetime
    counts: Counts
    starts: int
    """How often a run has begun it without one more line that ended, this time included."""
