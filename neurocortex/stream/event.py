"""An event, in the words and the JSON format of CloudEvents 1.0 (https://cloudevents.io)."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import uuid4

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, ValidationError

from neurocortex.domain.strict import Strict
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.errors import InvalidEventError

MAX_BYTES: Final = 256 * 1024
"""Of an event as JSON. Larger data belongs in the Lake, and its place in the event."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Event(Strict):
    """Something that happened."""

    specversion: Literal["1.0"] = "1.0"
    id: Name = Field(default_factory=lambda: str(uuid4()), description="Unique for its source.")
    source: Name = Field(description="Who tells it, e.g. `crm` or `/sensors/17`.")
    type: Name = Field(description="What happened, e.g. `document.created`; chooses the handler.")
    time: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    subject: Name | None = Field(None, description="What it happened to.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: JsonValue = None
    tenant: Name = Field(DEFAULT_TENANT, description="Whose event it is (an extension attribute).")

    def encode(self) -> bytes:
        """Return it as JSON.

        Raises:
            InvalidEventError: it is larger than 256 KiB.
        """
        body = self.model_dump_json(exclude_none=True).encode()
        if len(body) > MAX_BYTES:
            raise InvalidEventError(
                f"it has {len(body)} bytes, {MAX_BYTES} are allowed: keep the data elsewhere and"
                " send its place"
            )
        return body


def decode(body: bytes) -> Event:
    """Return the event that JSON describes.

    Raises:
        InvalidEventError: it is no CloudEvent, or too large.
    """
    if len(body) > MAX_BYTES:
        raise InvalidEventError(f"it has {len(body)} bytes, {MAX_BYTES} are allowed")
    try:
        return Event.model_validate_json(body)
    except ValidationError as error:
        reasons = (
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise InvalidEventError("; ".join(reasons)) from None
