"""Which status of HTTP each error has, and its stable code."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from neurocortex import errors

STATUS: Final[dict[type[errors.NeuroCortexError], int]] = {
    errors.NeuroCortexError: 500,
    errors.SettingsError: 501,
    errors.ConnectorError: 503,
    errors.ProviderError: 502,
    errors.ProviderBusyError: 503,
    errors.ProviderQueueFullError: 429,
    errors.CachedFailureError: 503,
    errors.LakeError: 409,
    errors.CollectionNotFoundError: 404,
    errors.DocumentNotFoundError: 404,
    errors.LoadError: 500,
    errors.ForgeError: 422,
    errors.ModelNotFoundError: 404,
    errors.ModelCorruptError: 500,
    errors.ModelMemoryError: 503,
    errors.ModelBusyError: 503,
    errors.RolloutError: 409,
    errors.ExperimentError: 409,
    errors.ExperimentNotFoundError: 404,
    errors.NotInterleavedError: 404,
    errors.PredictionNotFoundError: 404,
    errors.DocumentError: 422,
    errors.NothingIngestedError: 422,
    errors.QuestionError: 400,
    errors.UnauthenticatedError: 401,
    errors.ForbiddenError: 403,
    errors.LockedOutError: 429,
    errors.RateLimitedError: 429,
    errors.RequestError: 400,
    errors.BodyTooLargeError: 413,
    errors.SlowClientError: 408,
    errors.ConnectionBusyError: 429,
    errors.UploadBusyError: 429,
    errors.DuplicateIdError: 409,
    errors.AdmissionError: 503,
    errors.QueueFullError: 429,
    errors.TenantQueueFullError: 429,
    errors.LaneFullError: 429,
    errors.DeadlineImpossibleError: 422,
    errors.KeyReusedError: 422,
    errors.StillRunningError: 409,
    errors.SessionFullError: 422,
    errors.RequestCancelledError: 409,
    errors.RequestNotFoundError: 404,
    errors.TrackingUnavailableError: 503,
    errors.EventError: 400,
    errors.StreamFullError: 429,
    errors.ServingError: 500,
    errors.LaneTimeoutError: 504,
    errors.TokenBudgetSpentError: 422,
    errors.TenantBudgetSpentError: 429,
    errors.CostBudgetSpentError: 422,
    errors.ExtractionError: 502,
    errors.DeadlinePassedError: 504,
    errors.LaneUnavailableError: 503,
    errors.ProviderMissingError: 501,
    errors.HaystackPipelineNotFoundError: 404,
    errors.HaystackFileError: 501,
    errors.HaystackComponentError: 500,
    errors.NoProviderFitsError: 422,
    errors.ChoiceNotFoundError: 404,
}
"""Of these classes and those below them, unless named too."""

DEFAULT_STATUS: Final = 500
"""Of a code that no error here has: a pipeline's own error."""

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def status_of(kind: type[errors.NeuroCortexError]) -> int:
    """Return the status of an error's class: its own, or that of the nearest class above it."""
    return next(STATUS[each] for each in kind.__mro__ if each in STATUS)


def code_of(kind: type[errors.NeuroCortexError]) -> str:
    """Return the code of an error's class, as `neurocortex.realtime.failures` does of an error."""
    if issubclass(kind, errors.RequestError):
        return kind.code
    return _WORD.sub("_", kind.__name__.removesuffix("Error")).lower()


@cache
def status_of_code(code: str) -> int:
    """Return the status of an error that another process reported by its code."""
    known = {code_of(kind): status_of(kind) for kind in _below(errors.NeuroCortexError)}
    return known.get(code, DEFAULT_STATUS)


def _below(kind: type[errors.NeuroCortexError]) -> Iterator[type[errors.NeuroCortexError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)
