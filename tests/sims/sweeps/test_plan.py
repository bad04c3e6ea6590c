"""Sweep files: which points they mean, and how a mistake is named."""

import math

import pytest

from treesmc.figures.rooms import vocabulary
from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.plan import describe, load_sweep
from treesmc.sims.sweeps.trees import ALL_OPTIONS, DEFAULTS, KEYS

PHASE = 'experiment = "phase"\nT = 8\ndelta = 0.1\neps = "1/T"\n'
LEAST = 'family = "needle"\nT = 8\nmethod = "smc"\nN = 10\n'


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, quick=False):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return load_sweep(path, quick, vocabulary)

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


def test_formulas_use_other_numbers_and_labels_any_value(load):
    sweep = load(
        'family = "needle"\nmethod = "smc"\nseries = "{family} {method}, {eps}"\nN = "2*seed + T"\n'
        'T = "4*tree_seed"\ntree_seed = [2, 3]\nseed = "10 + index"\neps = "expm1(1/(T - 1))"'
    )
    assert values(sweep, "T", "N", "seed") == [(8, 28, 10), (12, 34, 11)]
    assert values(sweep, "series") == [("needle smc, 0.153565",), ("needle smc, 0.0951694",)]
    assert all("index" not in point for point in sweep)


def test_index_counts_the_points_of_all_tables(load):
    sweep = load(LEAST + 'seed = "index"\n[[grid]]\neps = [0.1, 0.2]\n[[list]]\neps = [0.3, 0.4]')
    assert values(sweep, "eps", "seed") == [(0.1, 0), (0.2, 1), (0.3, 2), (0.4, 3)]


def test_ranges_of_numbers(load):
    def read(key, written):
        return [x for (x,) in values(load(LEAST + f"[[grid]]\n{key} = {written}"), key)]

    assert read("eps", "{from = 0, to = 1, count = 5}") == [0, 0.25, 0.5, 0.75, 1]
    logarithmic = read("eps", '{from = 0.01, to = 100, count = 5, scale = "log"}')
    assert logarithmic == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert read("N", '{from = 1, to = 100, count = 5, scale = "log"}') == [1, 3, 10, 32, 100]
    assert read("N", '{from = 1, to = 4, count = 9, scale = "log"}') == [1, 2, 3, 4]  # each once
    all_of_them = "{from = 0.1, to = 0.7, count = 13%s}"
    assert read("eps", all_of_them % ", every = 5") == read("eps", all_of_them % "")[::5]


VERSIONS = """
family = "needle"
method = "smc"
replicates = 1024
T = [4, 8, 16]
quick = {T = 8, replicates = 256}
[[grid]]
N = [1, 2]
[grid.quick]
N = 3
replicates = 512
[[grid]]
N = 10
T = [2, 3]
[[grid]]
N = 20
quick = false
"""


def test_quick_version_replaces_keys_and_leaves_out_tables(load):
    full, quick = load(VERSIONS), load(VERSIONS, quick=True)
    assert values(full, "N", "T", "replicates") == [
        *((N, T, 1024) for T in (4, 8, 16) for N in (1, 2)),
        *((10, T, 1024) for T in (2, 3)),
        *((20, T, 1024) for T in (4, 8, 16)),
    ]
    # A table's own key is nearer than the top's quick one.
    assert values(quick, "N", "T", "replicates") == [(3, 8, 512), (10, 2, 256), (10, 3, 256)]


def test_text_of_a_sweep_reads_as_the_same_sweep(load):
    for quick in (False, True):
        sweep = load(VERSIONS, quick)
        assert list(load(sweep.text.decode())) == list(sweep)
    assert list(load(VERSIONS)) != list(load(VERSIONS, quick=True))


def test_columns_may_be_chosen(load):
    chosen = load(LEAST + 'columns = ["tv", "T", "drift", "eps"]')
    assert chosen.columns() == {"tv": float, "T": int, "drift": float, "eps": float}


def test_an_experiment_brings_its_keys(load):
    sweep = load(PHASE + 'series = "map"\na = 1\nc = [1, 2]')
    assert list(sweep) == [
        {"experiment": "phase", "T": 8, "delta": 0.1, "series": "map"}
        | {"a": 1.0, "c": c, "eps": 0.125}
        for c in (1.0, 2.0)
    ]
    assert sweep.vocabulary.compute_point.__module__ == "treesmc.figures.phase.points"
    assert list(sweep.columns())[:3] == ["experiment", "series", "T"]
    assert {"degree", "error"} < set(sweep.columns())
    assert "family" not in sweep.columns()


def test_no_experiment_is_known_unless_it_is_looked_up(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(PHASE + 'series = "map"\na = 1\nc = 1')
    assert len(load_sweep(path, lookup=vocabulary)) == 1
    with pytest.raises(BadInput, match=r"sweep.toml: experiment: 'phase' is not known here"):
        load_sweep(path)


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
        ("T = " + "[" * 5000 + "]" * 5000, "not TOML: nested too deeply"),
        ("T = " + "9" * 5000, "not TOML"),
        (LEAST + f"tree_seed = {'9' * 400}", "is not a whole number of at least 0 and at most 1e"),
        (LEAST + "seed = {from = 0, to = 1000000000000}", "is not a range such as"),
        (LEAST + "eps = {from = 0, to = 1, count = 1000000000000}", "is not a range such as"),
        (LEAST + "eps = {from = -1e308, to = 1e308, count = 3}", "is not a range such as"),
        (LEAST + "replicats = 3", "replicats: not a key; did you mean replicates?"),
        (LEAST + "[[gird]]\nT = 3", "gird: not a key; did you mean grid?"),
        (LEAST + "grid = 3", "grid: 3 is not a table; write [[grid]]"),
        (LEAST + "[[grid]]\nMethod = 3", "grid 1: Method: not a key; did you mean method?"),
        (LEAST + "[[list]]\nseed = [1, 2]\neps = [1, 2, 3]", "list 1: the lengths differ"),
        (LEAST.replace("needle", "nedle"), "did you mean needle?"),
        (LEAST.replace("8", "8.5"), "T: 8.5 is not a whole number of at least 1"),
        (LEAST.replace("8", "'2*T'"), "T: '2*T' is computed from itself: T -> T"),
        (
            LEAST + "eps = 'c'\nc = 'a*2'\na = 'eps'",
            "eps: 'c' is computed from itself: eps -> c -> a",
        ),
        (LEAST + "series = '{epz}'", "series: '{epz}': 'epz' is no key of this point"),
        (LEAST + "eps = {from = 0, to = 1, count = 3, scale = 'log'}", "eps: {'from': 0, 'to': 1,"),
        (LEAST + "eps = {from = 0, to = 1, count = 1}", "is not a range such as {from = 0, to = 9"),
        (LEAST + "eps = {from = 1, to = 0, count = 2}", "is not a range such as"),
        (LEAST + "eps = {from = 0, to = inf, count = 2}", "is not a range such as"),
        (LEAST + "eps = {from = 0, to = 1, count = 3, by = 2}", "is not a range such as"),
        (LEAST + "columns = ['tv', 'epz']", "columns: 'epz' is not one of"),
        (LEAST + "columns = 'tv'", "columns: 'tv' is not a list of names"),
        (LEAST + "columns = ['n_stat']", "did you mean n_star?"),
        (LEAST + "version = 'fast'", "version: 'fast' is not one of full, quick"),
        (LEAST + "version = 'quick'", "there is no quick version; it would be in a table [quick]"),
        (LEAST + "quick = false", "quick: False is not a table; write [quick]"),
        (LEAST + "[[grid]]\nquick = 3", "quick: 3 is neither a table nor false"),
        (LEAST + "[quick]\nreplicats = 3", "quick: replicats: not a key; did you mean replicates?"),
        (
            LEAST + "[[grid]]\n[grid.quick]\nepz = 3",
            "quick: grid 1: epz: not a key; did you mean eps?",
        ),
        (LEAST + "place = 'first'", "place: 'first'"),
        (
            LEAST + "experiment = 'fase'",
            "experiment: 'fase' is not one of exponent, queries",
        ),
        (LEAST + "experiment = 'fase'", "did you mean phase?"),
        (LEAST + "experiment = 'headline'", "experiment: 'headline' has no keys of its own"),
        (LEAST + "experiment = 'phase'", "family: not a key"),
        (PHASE + "series = 'mop'", "series: 'mop' is not one of map, line; did you mean map?"),
        (PHASE + "series = 'map'\na = 1\nc = 'x'", "c: 'x' cannot be computed"),
        (PHASE + "series = 'map'\na = 1", "c: missing"),
        (PHASE + "series = 'line'\nseed = 1", "replicates: missing"),
        (
            PHASE + "series = 'line'\nc = 1\nseed = 1\nreplicates = 256",
            "c: the series line has no use",
        ),
        (
            PHASE + "series = 'line'\nreplicats = 1",
            "replicats: not a key; did you mean replicates?",
        ),
        (PHASE + "[[grid]]\nexperiment = 'pool'", "experiment: 'pool' is not one of phase"),
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


def test_a_quick_version_is_asked_for_once_and_only_where_there_is_one(load):
    with pytest.raises(BadInput, match=r"sweep.toml: there is no quick version"):
        load(LEAST, quick=True)
    with pytest.raises(BadInput, match=r"sweep.toml: version: given beside --quick"):
        load(f"version = 'quick'{VERSIONS}", quick=True)
    with pytest.raises(BadInput, match=r"there is no quick version"):
        load(LEAST + "[[grid]]\nquick = false", quick=True)


def test_a_point_is_described_without_saying_things_twice():
    point = {"series": "needle at 0.1", "family": "needle", "method": "smc", "T": 8, "N": 5}
    assert describe(point) == "needle at 0.1 smc T=8 N=5"
    assert describe({"family": "needle", "method": "smc", "T": 8}) == "needle smc T=8"
