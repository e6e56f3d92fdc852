"""Errors as gRPC tells them: a status code, and the stable code in the trailing metadata."""

from typing import Final

import grpc

from neurocortex.gateway.problems import Problem

CODE: Final = "neurocortex-code"
RETRY_AFTER: Final = "retry-after-s"

BY_HTTP: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    409: grpc.StatusCode.ABORTED,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    499: grpc.StatusCode.CANCELLED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""As `google.rpc.Code` maps them, the other way round."""


def status_of(problem: Problem) -> grpc.StatusCode:
    """Return the status code of a problem."""
    return BY_HTTP.get(problem.status, grpc.StatusCode.INTERNAL)


def trailer_of(problem: Problem) -> tuple[tuple[str, str], ...]:
    """Return the trailing metadata of a problem."""
    trailer = ((CODE, problem.code),)
    if problem.retry_after_s is None:
        return trailer
    return (*trailer, (RETRY_AFTER, f"{problem.retry_after_s:.3f}"))
