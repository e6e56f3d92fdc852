"""A window counts what happened since the last one, and there is none of nothing."""

from neurocortex.realtime.windows import Figures, Totals, percentile
from tasks.publish_window import title_of


def test_nothing_is_no_window() -> None:
    assert Figures().window(in_flight=3) is None


def test_a_window_counts_by_operation_and_begins_anew() -> None:
    figures = Figures()
    for milliseconds in range(1, 101):
        figures.answered("echo", milliseconds / 1000, None)
    figures.answered("search", 0.5, "timeout")
    figures.cancelled()
    figures.taken_over(2)
    window = figures.window(in_flight=7)
    assert window is not None
    echo, search = window.operations
    assert (echo.operation, echo.requests, dict(echo.failures)) == ("echo", 100, {})
    assert (echo.p50_ms, echo.p99_ms) == (51.0, 100.0)
    assert (search.requests, dict(search.failures)) == (1, {"timeout": 1})
    assert (window.requests, window.failures) == (101, 1)
    assert (window.cancelled, window.taken_over, window.in_flight) == (1, 2, 7)
    assert figures.window(in_flight=0) is None
    assert Totals().with_window(window).with_window(window) == Totals(
        requests=202, failures=2, cancelled=2, taken_over=4
    )
    assert title_of(window, 0).endswith("101 requests, p99 500 ms, 1 failed")
    assert title_of(window, 2).endswith("2 windows before it were not recorded")


def test_percentiles() -> None:
    assert percentile([], 0.99) == 0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
