"""The fields that every request has, whatever it asks for."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from neurocortex.domain.deployments import Tier
from neurocortex.domain.strict import Strict

MAX_DEADLINE_S: Final = 86_400.0
"""A day: work that may take longer belongs on a schedule."""

MAX_URL_CHARS: Final = 2000
"""Of a webhook: what every HTTP server takes."""

SessionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Budget(Strict):
    """What a request may use up at most."""

    tokens: int | None = Field(
        None,
        ge=1,
        description="Tokens that all its calls of LLMs may use together, in and out. An answer is"
        " cut there; a call for which nothing is left is refused, with what was spent.",
    )
    seconds: float | None = Field(
        None,
        gt=0,
        description="Processing time, in seconds. It counts in the real-time lane and in a batch,"
        " not in a flow run.",
    )


class Request(Strict):
    """One thing asked for. Each operation has a subclass with fields of its own.

    Who asks, and for which tenant, is not in it: the credential says that.
    """

    operation: str = Field(description="What is asked for; it decides the other fields.")
    tier: Tier | None = Field(
        None, description="Priority asked for. Unset: the operation's own; a role has a ceiling."
    )
    deadline_s: float | None = Field(
        None,
        gt=0,
        le=MAX_DEADLINE_S,
        description="Refuse, or give up, when there is no answer within so many seconds.",
    )
    budget: Budget = Field(Budget(), description="What it may use up at most.")
    session: SessionName | None = Field(
        None, description="Requests of one session are tracked together and share their context."
    )
    stream: bool = Field(False, description="Send parts of the answer as they come.")
    webhook: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="Address that is told of its end, of an origin that an operator allows"
        " (NEUROCORTEX_WEBHOOKS__ORIGINS). The request is answered by its id.",
    )

    @model_validator(mode="after")
    def _is_heard_once(self) -> Self:
        if self.stream and self.webhook is not None:
            raise ValueError("a stream is heard by who asked for it: leave out `webhook`")
        return self
