"""What the components of a run did, and how long: for its receipt, and as spans of OpenTelemetry.

Haystack tells one tracer of each process. Ours makes a span of what it is told, which nobody sees
unless the operator has set up OpenTelemetry's SDK, and notes components for the run whose context
they are in. Contents are in neither.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from haystack.tracing.tracer import Span, Tracer, enable_tracing, is_tracing_enabled
from opentelemetry import trace

from neurocortex.domain.pipeline_runs import ComponentRun

COMPONENT: Final = "haystack.component.run"
NAME: Final = "haystack.component.name"
KIND: Final = "haystack.component.type"

CONTENTS: Final = "haystack.pipeline.input_data"
"""What the pipeline was given: Haystack tells it as a plain tag."""

_runs: Final[ContextVar[list[ComponentRun] | None]] = ContextVar("component_runs", default=None)


class PlatformSpan(Span):
    """A span of OpenTelemetry."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set_tag(self, key: str, value: Any) -> None:
        """See `Span.set_tag`; what is no plain value goes in as its text."""
        plain = value if isinstance(value, str | bool | int | float) else str(value)
        self._span.set_attribute(key, plain)

    def raw_span(self) -> trace.Span:
        """Return OpenTelemetry's own."""
        return self._span


class PlatformTracer(Tracer):
    """Makes spans, and notes what components did."""

    @contextmanager
    def trace(
        self,
        operation_name: str,
        tags: dict[str, Any] | None = None,
        parent_span: Span | None = None,
    ) -> Iterator[Span]:
        """Trace a block of code. See `haystack.tracing.Tracer.trace`."""
        told = {key: value for key, value in (tags or {}).items() if key != CONTENTS}
        parent = trace.set_span_in_context(parent_span.raw_span()) if parent_span else None
        began = time.monotonic()
        error: str | None = None
        with trace.get_tracer(__name__).start_as_current_span(
            operation_name, parent, record_exception=False, set_status_on_exception=False
        ) as span:
            ours = PlatformSpan(span)
            ours.set_tags(told)
            try:
                yield ours
            except BaseException as failure:
                error = type(failure.__cause__ or failure).__name__
                span.set_status(trace.StatusCode.ERROR, error)  # its text may hold contents
                raise
            finally:
                if operation_name == COMPONENT:
                    _note(told, time.monotonic() - began, error)

    def current_span(self) -> Span:
        """See `Tracer.current_span`."""
        return PlatformSpan(trace.get_current_span())


def _note(tags: Mapping[str, Any], seconds: float, error: str | None) -> None:
    runs = _runs.get()
    if runs is not None:
        name, kind = str(tags[NAME]), str(tags[KIND])
        runs.append(ComponentRun(component=name, type=kind, seconds=round(seconds, 6), error=error))


@contextmanager
def noted() -> Iterator[list[ComponentRun]]:
    """Give a list that each component of this context is added to when it has ended."""
    if not is_tracing_enabled():  # an operator's own tracer stays
        enable_tracing(PlatformTracer())
    runs: list[ComponentRun] = []
    token = _runs.set(runs)
    try:
        yield runs
    finally:
        _runs.reset(token)
