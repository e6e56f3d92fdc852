"""Arithmetic of a text from a model: its value, or a reason; never anything run."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.agents.arithmetic import MAX_CHARS, evaluate
from neurocortex.errors import ArithmeticTextError


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(3 + 4) * 2", 14),
        ("7 // 2 - 7 % 4", 0),
        ("2 ^ 10", 1024),
        ("-2 ** 2", -4),
        ("(-2.0) ** 2", 4.0),
        ("round(sqrt(2), 3)", 1.414),
        ("max(1, min(5, 3)) / 2", 1.5),
        ("cos" * 0 + "pi", math.pi),
    ],
)
def test_it_has_its_value(expression: str, value: float) -> None:
    assert evaluate(expression) == pytest.approx(value)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "invalid syntax"),
        ("2 +", "invalid syntax"),
        ("1 / 0", "division by zero"),
        ("x", "only numbers"),
        ("True + 1", "only numbers"),
        ("'a' * 9", "only numbers"),
        ("__import__('os').system('true')", "only numbers"),
        ("(1).__class__", "only numbers"),
        ("[1][0]", "only numbers"),
        ("(lambda: 1)()", "only numbers"),
        ("round(1.5, ndigits=1)", "only numbers"),
        ("9 ** 9 ** 9", "a power is too large"),
        ("round(7, -10 ** 6)", "rounded to 1000 whole digits at most"),
        ("1" + "*(10^300)" * 20, "too large"),
        ("(-8) ** 0.5", "no real power"),
        ("1e308 * 10", "not finite"),
        ("sqrt(-1)", "math domain|nonnegative"),
        ("max()", "argument"),
        ("(" * 400 + "1" + ")" * 99, "."),
        ("1+" * MAX_CHARS + "1", "longer than"),
    ],
    ids=range(20),
)
def test_what_is_none_is_refused_with_a_reason(expression: str, reason: str) -> None:
    with pytest.raises(ArithmeticTextError, match=reason):
        evaluate(expression)


@given(st.text(max_size=80))
def test_any_text_has_a_value_or_a_reason(expression: str) -> None:
    with suppress(ArithmeticTextError):
        assert math.isfinite(evaluate(expression))
