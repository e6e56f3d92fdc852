"""Requests that could not be served."""

from collections.abc import Sequence

from neurocortex.domain.usage import Usage
from neurocortex.errors.base import NeuroCortexError
from neurocortex.errors.requests import RequestError


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


class CostBudgetSpentError(ServingError):
    """The next call of an LLM may cost more than the request has left. Prices are the block's."""

    code = "cost_budget_spent"

    def __init__(self, left: float, asked: float) -> None:
        super().__init__(
            f"{left:.6g} of `max_cost` is left, and the next call of the LLM may cost {asked:.6g}."
            " Allow more, or ask for less at once."
        )
        self.left = left
        self.asked = asked


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
    """What a pipeline raised in a process of the lane; `code` names the kind of error.

    `retry_after_s`: as the error says; None: it does not.
    """

    def __init__(self, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


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
