"""Sweep files: which points they mean, and how a mistake is named."""

import math

import pytest

from treesmc.sims.errors import BadInput
from treesmc.sims.sweeps.keys import ALL_OPTIONS, DEFAULTS, KEYS
from treesmc.sims.sweeps.plan import load_sweep

LEAST = 'family = "needle"\nT = 8\nmethod = "smc"\nN = 10\n'


@pytest.fixture
def load(tmp_path):
    def write_and_load(text):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return load_sweep(path)

    return write_and_load


def values(sweep, *keys):
    return [tuple(point.get(key) for key in keys) for point in sweep]


def test_one_point_with_defaults(load):
    assert list(load(LEAST)) == [
        {"family": "needle", "T": 8, "method": "smc", "N": 10, **DEFAULTS},
    ]


def test_grid_multiplies_with_the_last_key_fastest(load):
    sweep = load(LEAST.replace("8", "[8, 16]") + "eps = [0.1, 0.2]\nseed = {from = 0, to = 4}")
    assert len(sweep) == len(list(sweep)) == 20
    assert values(sweep, "T", "eps", "seed")[4:6] == [(8, 0.1, 4), (8, 0.2, 0)]
    assert list(sweep) == list(sweep)


def test_list_pairs_and_shared_axes_multiply(load):
    sweep = load(
        'family = "needle"\nmethod = "smc"\nseed = [1, 2]\neps = 0.1\n'
        "[[list]]\nT = [4, 8]\nN = [10, 20]\neps = 0.3\n[[grid]]\nT = 2\nN = {from=1, to=9, step=4}"
    )
    pairs = [(seed, T, N, 0.3) for seed in (1, 2) for T, N in ((4, 10), (8, 20))]
    grid = [(seed, 2, N, 0.1) for seed in (1, 2) for N in (1, 5, 9)]
    assert values(sweep, "seed", "T", "N", "eps") == grid + pairs


def test_formulas(load):
    sweep = load(
        'family = "needle"\nmethod = "smc"\nT = [4, 9]\nc = 0.5\na = 0.5\nN = "1.5*T"\n'
        'eps = ["1/T", "c*log(T)/T", "c/T**a", 0.1]\nreplicates = "max(256, 2**12 // T)"'
    )
    expected = [(1 / T, 0.5 * math.log(T) / T, 0.5 / math.sqrt(T), 0.1) for T in (4, 9)]
    assert values(sweep, "eps") == [(eps,) for row in expected for eps in row]
    assert values(sweep, "schedule")[:4] == [("1/T",), ("c*log(T)/T",), ("c/T**a",), (None,)]
    assert values(sweep, "N", "replicates")[3:5] == [(6, 1024), (14, 455)]


def test_every_parameter_of_a_family_is_a_key(load):
    assert {"r", "true_value", "drift", "branching", "concentration", "sigma"} <= set(ALL_OPTIONS)
    assert set(ALL_OPTIONS) <= set(KEYS)
    product = LEAST.replace("needle", "product")
    assert values(load(product + "r = 3\ntrue_value = false"), "r", "true_value") == [(3.0, False)]
    assert values(load(LEAST.replace("needle", "random") + "branching = 3"), "branching") == [(3,)]


def test_an_error_that_is_not_by_construction_is_injected(load):
    base = LEAST.replace("needle", "product")
    assert values(load(base + "eps = [0, 0.1]"), "perturbation") == [(None,), ("persistent",)]
    hidden = load(base + 'eps = 0.1\nperturbation = "hidden"')
    assert values(hidden, "perturbation") == [("hidden",)]


def test_columns_are_those_of_the_points(load):
    sweep = load(LEAST + 'eps = "c/T"\nc = 0.5')
    (point,) = sweep
    assert set(point) <= set(sweep.parameters())
    assert [name for name in sweep.columns() if name in ("T", "c", "N", "tv", "error")] == [
        *("T", "c", "N", "tv", "error")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("T = ", "not TOML"),
        (LEAST + "replicats = 3", "replicats: not a key; did you mean replicates?"),
        (LEAST + "[[gird]]\nT = 3", "gird: not a key; did you mean grid?"),
        (LEAST + "grid = 3", "grid: 3 is not a table; write [[grid]]"),
        (LEAST + "[[grid]]\nMethod = 3", "grid 1: Method: not a key; did you mean method?"),
        (LEAST + "[[list]]\nseed = [1, 2]\neps = [1, 2, 3]", "list 1: the lengths differ"),
        (LEAST.replace("needle", "nedle"), "did you mean needle?"),
        (LEAST.replace("8", "8.5"), "T: 8.5 is not a whole number of at least 1"),
        (LEAST.replace("8", "'2*T'"), "T: '2*T' cannot be computed"),
        (LEAST.replace("8", "true"), "T: True is not a whole number of at least 1"),
        (LEAST.replace("8", "[]"), "T: [] has no values"),
        (LEAST.replace("8", "{from = 3, to = 2}"), "T: {'from': 3, 'to': 2} is not a range"),
        (LEAST + "eps = -0.1", "eps: -0.1 is not a number of at least 0"),
        (LEAST + "eps = '-c/T'\nc = 4", "eps: '-c/T' = -0.5 is not a number of at least 0"),
        (LEAST + "eps = 'b/T'", "eps: 'b/T' cannot be computed (T = 8): 'b' is not understood"),
        (LEAST + "eps = inf", "eps: inf is not a number of at least 0"),
        (LEAST + "[[grid]]\neps = 1\n[[grid]]\neps = [1, 'x']", "grid 2: eps: 'x' cannot"),
        (LEAST + "replicates = 10", "replicates: 10 is not a whole number of at least 256"),
        (LEAST + "drift = 0.5", "drift: the family needle has no such parameter"),
        (LEAST + 'perturbation = "hidden"', "perturbation: needle has its Bellman error by"),
        (LEAST + "delta = 0.1", "N: given beside delta"),
        (LEAST.replace("N = 10", ""), "N: missing; the method smc needs it"),
        (LEAST.replace('"smc"', '"guided"'), "N: the method guided has no use for it"),
        (LEAST.replace("N = 10", "delta = 1.0"), "delta: 1.0 is not a number strictly between"),
        (LEAST.replace('"smc"\nN = 10', '"pool-mh"\nM = 3'), "H: missing; the method pool-mh"),
        ('family = "needle"', "T: missing"),
    ],
)
def test_a_mistake_is_named_in_one_line(load, text, message):
    with pytest.raises(BadInput) as refused:
        list(load(text))
    line = str(refused.value)
    assert message in line
    assert "sweep.toml: " in line
    assert "\n" not in line
