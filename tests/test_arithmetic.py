"""No source uses arithmetic whose last bits depend on the machine (`sims/base/portable.py`)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for folder in ("sims", "theory", "figures", "src", "paper")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
FUNCTIONS = {
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "pow", "power"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arctan2"),
    *("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "arctanh", "hypot", "cbrt"),
    *("gamma", "lgamma", "erf", "erfc", "geomspace", "logspace", "float_power"),
    *("dot", "vdot", "inner", "matmul", "tensordot", "einsum", "linalg", "polyfit", "convolve"),
}
DISTRIBUTIONS = {
    *("normal", "standard_normal", "exponential", "standard_exponential", "gamma", "beta"),
    *("dirichlet", "lognormal", "standard_gamma", "chisquare", "standard_t", "laplace"),
}
# What is left, and why it steers nothing.
ALLOWED = {
    ("sims/base/jit.py", "linalg"): "is asked whether there is a BLAS",
    ("figures/exponent/figure.py", "atan"): "an angle of text, rounded",
    ("sims/trees/families.py", "dirichlet"): "made coarse",
    ("sims/trees/families.py", "standard_normal"): "made coarse",
}


def findings(source):
    """Names of what is not allowed, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="np" | "math" | "numpy"), attr=name):
                if name in FUNCTIONS:
                    yield name
            case ast.Attribute(value=ast.Name(id="rng"), attr=name) if name in DISTRIBUTIONS:
                yield name
            case ast.ImportFrom(module="math" | "numpy" | "numpy.np", names=names):
                yield from (alias.name for alias in names if alias.name in FUNCTIONS)
            case ast.ImportFrom(module="numba.np" | "numpy.linalg", names=names):
                yield "linalg"
            case ast.BinOp(op=ast.MatMult()):
                yield "@"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arithmetic_is_portable(path):
    name = path.relative_to(ROOT).as_posix()
    assert not [x for x in findings(path.read_text("utf-8")) if (name, x) not in ALLOWED]


def test_every_exception_is_needed():
    for name, what in ALLOWED:
        assert what in findings((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize(
    "line", ["np.exp(x)", "f = math.log", "from math import log1p", "a @ b", "np.linalg.inv(a)"]
)
def test_what_is_not_allowed_is_found(line):
    assert list(findings(line))
