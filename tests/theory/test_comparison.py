"""The routes come in their proved order, and the table says what the bounds say."""

import itertools
import math

import pytest

from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.trees.families import needle, persistent, product, random_tree
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import target_law, total_variation
from treesmc.theory import bounds
from treesmc.theory import comparison as ratios

TREES = [
    needle(3, 0.5),
    needle(6, 0.5),
    needle(10, 0.1),
    needle(25, 0.3),
    product(8),
    product(20, 1.2),
    random_tree(1, 6, sigma=2.0, seed=1),
    persistent(2, 0.0),
    persistent(6, 0.2),
    *(perturb(random_tree(4, seed=2), 0.2, seed=1) for perturb in PERTURBATIONS.values()),
]


def whole_particles(row):
    """Logarithms of the whole particles of the routes that are known, in their proved order."""
    routes = (getattr(row, name) for name in ratios.CHAIN)
    return [ratios.log_whole(value) for value in routes if value is not None]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_routes_are_ordered(tree):
    """A sharper route never asks for more particles; tolerance 1e-9 for round-off of logs."""
    row = ratios.compare(tree, 0.1)
    chain = whole_particles(row)
    assert all(low <= high + 1e-9 for low, high in itertools.pairwise(chain))
    assert row.uniform <= row.closed_form + 1e-9


def test_order_is_not_an_accident():
    """Negative control: a prediction is not a bound, and on this tree it exceeds N*."""
    row = ratios.compare(needle(6, 0.5), 0.1)
    assert row.exact is not None
    assert row.exact < row.predicted < row.certificate


def test_closed_form_may_exceed_the_paper():
    """At T = 1 and small L the closed form is not below ZL-5.1: its gain is only L^5/(2 r)."""
    point = (1, 0.1, 1.1, 0.1)
    assert bounds.log_zhu_lu_particles(*point) < bounds.log_uniform_particles_simple(*point)


def test_ratio_below_one_plus_eps_breaks_the_order():
    """Uniform below middle needs L >= 1 + eps, which every tree has: V constant but eps > 0."""
    uniform = bounds.log_uniform_particles(1, 0.5, 1.0, 0.1)
    middle = bounds.log_zhu_lu_middle_tv(1, 0.5, 1.0, 1.0) - math.log(0.1)
    assert middle < uniform


def test_table_shows_every_route():
    table = ratios.comparison_markdown([ratios.compare(needle(4, 0.5), 0.1)])
    header, _, line = table.splitlines()
    assert header.count("|") == line.count("|") == 10
    assert "| 34 |" in line
    assert "e^" in ratios.comparison_markdown([ratios.compare(needle(300, 0.5), 0.1)])


def test_total_variation_need_not_fall_with_particles():
    """On `persistent` the reward is constant: one particle is exact, two are not."""
    tree = persistent(6, 0.2)
    distances = [total_variation(lineage_law(tree, N), target_law(tree)) for N in (1, 2, 1000)]
    assert distances[0] == pytest.approx(0, abs=1e-12)
    assert distances[1] > 0.1 > 10 * distances[2]


def spanning(size):
    """A tree whose V spans exp(2 size)."""
    log_value = [[0.0], [-size, 0.0], [0.0, size]]
    return TreeMDP.from_layers([[[0.5, 0.5]], [[1.0], [1.0]]], [[[0, 1]], [[0], [1]]], log_value)


@pytest.mark.parametrize("size", [10.0, 300.0, 800.0, 1e5, 1e9])
def test_routes_are_finite_and_ordered_however_far_V_spans(size):
    row = ratios.compare(spanning(size), 0.1)
    chain = whole_particles(row)
    assert all(math.isfinite(value) for value in chain)
    assert all(a <= b * (1 + 1e-9) + 1e-9 for a, b in itertools.pairwise(chain))
    assert row.zhu_lu >= 6 * size
    table = ratios.comparison_markdown([row])
    assert "nan" not in table
    assert math.isinf(row.L) == (size > 709)


def test_a_certificate_beyond_floats_is_left_out():
    """V kills the half that the reward is in: it takes more particles than floats count."""
    log_value = [[0.0], [0.0, 0.0], [0.0, -2000.0]]
    policy = [[[0.5, 0.5]], [[1.0], [1.0]]]
    tree = TreeMDP.from_layers(policy, [[[0, 1]], [[0], [1]]], log_value)
    assert ratios.compare(tree, 0.1).certificate is not None
    log_value[1] = [-2000.0, 0.0]
    row = ratios.compare(TreeMDP.from_layers(policy, [[[0, 1]], [[0], [1]]], log_value), 0.1)
    assert row.certificate is None
    assert row.instance > 1000
