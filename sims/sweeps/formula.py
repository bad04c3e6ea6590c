"""Formulas of the horizon, such as ``c*log(T)/T``: parsed as an expression and never run as code.

Numbers, the names of the variables, ``+ - * / // **``, parentheses, and ``log``, ``sqrt``, ``exp``,
``min``, ``max``. Arithmetic is in double precision, so no power can grow out of hand.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

from treesmc.sims.errors import BadInput

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "min": min,
    "max": max,
}
LONGEST = 200  # characters; deeper nesting than this admits could exhaust the stack


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
    given = ", ".join(f"{name} = {value:g}" for name, value in variables.items())
    raise BadInput(f"{text!r} cannot be computed ({given}): {reason}")


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
        case ast.Name(id=name) if name in variables:
            return float(variables[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, variables)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, variables), _value(right, variables))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument, variables) for argument in args))
    raise ValueError(f"{ast.unparse(node)!r} is not understood")
