"""Checks of arguments: what is admitted passes, what is not is named in one line."""

import math

import numpy as np
import pytest

from treesmc.sims.base import checks
from treesmc.sims.base.errors import BadInput


@pytest.mark.parametrize(
    ("check", "admitted"),
    [
        (lambda x: checks.check_integer("n", x, 2, 4), [2, 4, np.int64(3)]),
        (lambda x: checks.check_integer("n", x, 2), [10**30]),
        (lambda x: checks.check_horizon(x, 2), [2, 10]),
        (lambda x: checks.check_positive("n", x), [1, 5e-324, 1e308]),
        (lambda x: checks.check_nonnegative("n", x), [0, 0.5]),
        (lambda x: checks.check_fraction("n", x), [0, 1, 0.5, np.float64(1)]),
        (lambda x: checks.check_inner_fraction("n", x), [1e-300, 0.5]),
        (lambda x: checks.check_one_of("n", x, iter([1, "two"])), [1, "two"]),
    ],
)
def test_admitted(check, admitted):
    for value in admitted:
        check(value)


@pytest.mark.parametrize(
    ("check", "line"),
    [
        (lambda: checks.check_integer("n", 1, 2), "n: 1 is too small, the least is 2"),
        (lambda: checks.check_integer("n", 5, 2, 4), "n: 5 is too large, the most is 4"),
        (lambda: checks.check_integer("n", 3.0, 2), "n: 3.0 is not an integer"),
        (lambda: checks.check_integer("n", True, 0), "n: True is not an integer"),
        (
            lambda: checks.check_horizon(1, 2),
            "horizon: 1 is too short; this family needs at least 2",
        ),
        (lambda: checks.check_positive("n", 0), "n: 0 is not a positive number"),
        (lambda: checks.check_positive("n", math.inf), "n: inf is not a positive number"),
        (lambda: checks.check_positive("n", math.nan), "n: nan is not a positive number"),
        (lambda: checks.check_nonnegative("n", -0.5), "n: -0.5 is not a nonnegative number"),
        (lambda: checks.check_nonnegative("n", math.nan), "n: nan is not a nonnegative number"),
        (lambda: checks.check_fraction("n", 1.5), "n: 1.5 is not a number between 0 and 1"),
        (lambda: checks.check_fraction("n", "1"), "n: '1' is not a number between 0 and 1"),
        (lambda: checks.check_inner_fraction("n", 1), "n: 1 is not strictly between 0 and 1"),
        (lambda: checks.check_one_of("n", "x", [1, "two"]), "n: 'x' is not one of 1, two"),
    ],
)
def test_refused(check, line):
    with pytest.raises(BadInput) as caught:
        check()
    assert str(caught.value) == line
