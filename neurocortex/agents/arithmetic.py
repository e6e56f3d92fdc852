"""Arithmetic in a text that somebody else wrote: numbers, operators, a few functions, with bounds.

The text is parsed as a Python expression and walked; nothing of it is ever run as Python.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from neurocortex.errors import ArithmeticTextError

MAX_CHARS: Final = 500

MAX_BITS: Final = 4096
"""Of a whole number: beyond, a power could take memory and minutes."""

Number = int | float

MAX_DIGITS: Final = 1000
"""That a number is rounded to: each would be a digit of a power of ten."""


def _round(value: Number, digits: Number | None = None) -> Number:
    if digits is None:
        return round(value)
    if not isinstance(digits, int) or abs(digits) > MAX_DIGITS:
        raise ValueError(f"a number is rounded to {MAX_DIGITS} whole digits at most")
    return round(value, digits)


_BINARY: Final[Mapping[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Number], Number]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Number]]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "max": max,
    "min": min,
    "round": _round,
    "sqrt": math.sqrt,
}
_CONSTANTS: Final[Mapping[str, Number]] = {"e": math.e, "pi": math.pi}


def evaluate(expression: str) -> Number:
    """Return the value of an expression.

    Args:
        expression: such as `(3 + 4) * 2 ** 0.5` or `round(1234 / 7, 2)`; `^` is a power, too.

    Raises:
        ArithmeticTextError: it is no arithmetic, too long, too large, or has no value.

    >>> evaluate("round(2 ^ 10 / 3, 1)")
    341.3
    """
    if len(expression) > MAX_CHARS:
        raise ArithmeticTextError(expression[:40], f"it is longer than {MAX_CHARS} characters")
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
        value = _value(tree.body)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, MemoryError) as error:
        raise ArithmeticTextError(expression, str(error) or type(error).__name__) from error
    except RecursionError:
        raise ArithmeticTextError(expression, "it is nested too deeply") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ArithmeticTextError(expression, "its value is not finite")
    return value


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return _bounded(value)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            first, second = _value(left), _value(right)
            if isinstance(op, ast.Pow):
                _check_power(first, second)
            return _bounded(_BINARY[type(op)](first, second))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*map(_value, given)))
    raise ValueError(
        "only numbers, + - * / // % ^, brackets, pi, e and the functions"
        f" {', '.join(_FUNCTIONS)} are known"
    )


def _check_power(base: Number, exponent: Number) -> None:
    if isinstance(base, int) and isinstance(exponent, int):
        if base.bit_length() * abs(exponent) > MAX_BITS:
            raise ValueError("a power is too large")
    elif base < 0 and not float(exponent).is_integer():
        raise ValueError("a negative number has no real power of a fraction")


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ValueError("a number is too large")
    return value
