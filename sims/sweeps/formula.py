"""Formulas of other numbers, such as ``c*log(T)/T``: parsed as expressions, never run as code.

Numbers, names, ``+ - * / // **``, parentheses, and ``log``, ``sqrt``, ``exp``, ``expm1``, ``min``,
``max``. Arithmetic is in double precision, so no power can grow out of hand.

Labels are text with names in braces, such as ``eps = {eps}``, that stand for their values.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: portable.power,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": portable.log,
    "sqrt": math.sqrt,
    "exp": portable.exp,
    "expm1": portable.expm1,
    "min": min,
    "max": max,
}
LONGEST = 200  # characters; deeper nesting than this admits could exhaust the stack
NAME = re.compile(r"\{([A-Za-z_]\w*)\}")


def evaluate(text: str, variables: Mapping[str, float]) -> float:
    """Return the value of a formula.

    Parameters
    ----------
    text : str
    variables : mapping
        Values of the names it may use.

    Raises
    ------
    BadInput
        If the text is no such formula, uses another name, or its value is not a finite number.
    """
    try:
        value = _value(_parse(text), variables)
        if isinstance(value, float) and math.isfinite(value):
            return value
        reason = f"its value is {value}"
    except (ArithmeticError, ValueError, TypeError) as error:
        reason = str(error)
    given = ", ".join(f"{name} = {_shown(value)}" for name, value in variables.items())
    raise BadInput(f"{text!r} cannot be computed{f' ({given})' if given else ''}: {reason}")


@lru_cache(maxsize=1024)
def names(text: str) -> tuple[str, ...]:
    """Return the names in a formula but for its functions, in order; none if it is no formula."""
    try:
        nodes = ast.walk(_parse(text))
    except ValueError:
        return ()
    used = [node.id for node in nodes if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(name for name in used if name not in FUNCTIONS))


def fill(label: str, values: Mapping[str, Any]) -> str:
    """Return a label with the values of its names; floats have six digits.

    Raises
    ------
    BadInput
        If a name has no value.
    """

    def shown(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise BadInput(f"{label!r}: {match[1]!r} is no key of this point")
        return _shown(values[match[1]])

    return NAME.sub(shown, label)


def label_names(label: str) -> tuple[str, ...]:
    """Return the names in a label, in order."""
    return tuple(dict.fromkeys(NAME.findall(label)))


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@lru_cache(maxsize=1024)
def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST} characters")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("not a formula") from None


def _value(node: ast.expr, variables: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if isinstance(variables.get(name), (int, float)):
            return float(variables[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, variables)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, variables), _value(right, variables))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument, variables) for argument in args))
    raise ValueError(f"{ast.unparse(node)!r} is not understood")
