"""The tree, what SMC sees of a value error, S2 without a ratio bound on V; medians are drawn."""

import math

import numpy as np
import pytest
from drawing import drawn

from treesmc.figures.guided.figure import LOOKS
from treesmc.figures.perturbations.figure import build, summarise
from treesmc.figures.perturbations.fits import COMPOUNDING, fit_rate
from treesmc.figures.perturbations.points import EPS, ERROR_HORIZON, REFERENCES, base_tree
from treesmc.figures.rooms import plan
from treesmc.figures.rows import column, of
from treesmc.sims.cost import cost, terminal_constant
from treesmc.sims.laws.certificate import log_mixing_ratios, tv_certificate
from treesmc.sims.trees.families import needle_in_drift
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.values import (
    epsilon,
    log_normalizer,
    ratio_bound,
    seen_value_error,
    value_error,
)
from treesmc.theory.bounds import uniform_log_ratios, value_error_log_ratios

T = 12
BASE = base_tree(T)
ROUNDING = 1e-9


def perturbed(name, eps=EPS, seed=0):
    return PERTURBATIONS[name](BASE, eps, seed)


def scaled(tree):
    """The tree with V multiplied by another factor on every inner depth."""
    factors = np.append(np.random.default_rng(0).normal(size=tree.horizon), 0.0)
    return tree.with_log_value(tree.log_value + np.repeat(factors, tree.n_classes))


def test_base_is_exact_and_its_first_symbol_is_free():
    assert log_normalizer(BASE) == pytest.approx((T - 1) * math.log(2))  # (1 + 3)/2 a bit
    assert seen_value_error(BASE) < ROUNDING
    assert ratio_bound(BASE) == pytest.approx(2)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_perturbations_share_their_bellman_error(name):
    attained = epsilon(perturbed(name))
    assert attained == pytest.approx(EPS) or (name == "value_noise" and EPS / 2 < attained < EPS)


@pytest.mark.parametrize("name", COMPOUNDING)
def test_compounding_errors_are_seen_in_full(name):
    drift = (1 + EPS) ** (T - 1)
    assert 1 + seen_value_error(perturbed(name)) == pytest.approx(drift)
    assert ratio_bound(perturbed(name)) > drift**2 / 8  # no use: the first symbol undoes it all


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_factor_per_depth_changes_nothing_but_the_value_error(name):
    tree = perturbed(name)
    other = scaled(tree)
    assert seen_value_error(other) == pytest.approx(seen_value_error(tree), rel=ROUNDING)
    assert tv_certificate(other, 7, 64)[0] == pytest.approx(tv_certificate(tree, 7, 64)[0])
    assert terminal_constant(other) == pytest.approx(terminal_constant(tree))
    assert value_error(other) > value_error(tree) + 0.1
    assert seen_value_error(tree) <= value_error(tree) * (1 + ROUNDING)


def below(ratios, bound):
    return np.all(ratios <= bound + ROUNDING)


@pytest.mark.parametrize("eps", [0.02, EPS, 1.0])
@pytest.mark.parametrize("name", PERTURBATIONS)
def test_mixing_ratios_need_the_ratio_bound_of_the_true_value_only(name, eps):
    tree, L = perturbed(name, eps), ratio_bound(BASE)
    ratios, seen = log_mixing_ratios(tree), seen_value_error(tree)
    assert below(ratios, value_error_log_ratios(T, seen, L))
    assert below(ratios, uniform_log_ratios(T, eps, L * (1 + eps)))
    if name in COMPOUNDING:  # the powers of 1 + eps and of 1 + eps_V are attained, at L = 3/2
        assert not below(ratios, value_error_log_ratios(T, seen, 1.49))
        assert not below(ratios, uniform_log_ratios(T, eps, 1.49 * (1 + eps) ** -1))


def test_hidden_among_four_costs_what_needle_in_drift_does_among_thousands():
    """First-order constants. The drift is the same: bits worth 1/2 or 3/2."""
    long = base_tree(48)
    hidden, persistent = (
        terminal_constant(PERTURBATIONS[name](long, EPS)) for name in ("hidden", "persistent")
    )
    assert hidden / terminal_constant(needle_in_drift(48, EPS, drift=0.5)) == pytest.approx(
        1, abs=0.03
    )
    assert hidden / persistent == pytest.approx(9 / 8, rel=0.01)
    assert terminal_constant(perturbed("value_noise")) < hidden / 1e3


def test_a_hidden_symbol_of_mass_below_delta_is_free():
    found = {
        symbols: cost(
            PERTURBATIONS["hidden"](base_tree(24, symbols), EPS), "smc", 0.1, replicates=256
        ).n_star
        for symbols in (4, 16)
    }
    assert found[4] > 300
    assert found[16] < 30


def test_fit_recovers_a_rate_and_ignores_other_errors():
    rows = [
        {"series": "s", "eps": eps, "T": t, "n_star": math.exp(0.5 + 0.19 * t * eps / EPS)}
        for eps in (EPS, 0.2)
        for t in (24, 32, 48, 64)
    ]
    rows = [{**row, "log_stderr": 0.01} for row in rows]
    fit = fit_rate(rows, "s")
    assert fit.coefficient("T") == pytest.approx(0.19)
    assert fit.dof == 2


@pytest.fixture(scope="module")
def panels(rows):
    return drawn(build, rows).axes


def row(T, n, instance=0):
    return {"T": T, "eps": EPS, "instance": instance, "n_star": n, "x": 10 * n}


def test_summary_is_median_and_range_over_instances():
    rows = [row(8, 3), row(16, 5, 0), row(16, 100, 1), row(16, 7, 2)]
    np.testing.assert_allclose(summarise(rows, "x"), [[30, 70], [3, 5], [3, 7], [3, 100]])


@pytest.mark.parametrize("name", LOOKS)
def test_markers_are_the_table(rows, panels, name):
    used = of(rows, series=name)
    wanted = (of(used, eps=EPS), "T"), (of(used, T=ERROR_HORIZON), "eps")
    for axes, (series, key) in zip(panels, wanted, strict=False):
        (container,) = [c for c in axes.containers if c.get_label() == name.replace("_", " ")]
        points = container.lines[0].get_xydata()
        expected = sorted(zip(column(series, key), column(series, "n_star"), strict=True))
        np.testing.assert_allclose(points, expected)


def test_references_are_levels_at_the_horizon_of_the_other_panels(rows, panels):
    levels = [of(rows, series=name, T=ERROR_HORIZON)[0]["n_star"] for name in REFERENCES]
    for axes in panels[1:]:
        flat = [line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1]
        assert set(levels) <= set(flat)


def test_s2_is_above_every_cost_and_one_without_eps_would_not_be(rows, panels):
    curve = panels[2].lines[-1].get_xydata()
    smc = [r for r in of(rows, T=ERROR_HORIZON) if r["series"] != "naive"]
    x, n = (column(smc, key) for key in ("seen_value_error", "n_star"))
    bound = np.exp(np.interp(np.log(np.maximum(x, curve[0, 0])), *np.log(curve).T))
    assert np.all(n <= bound)
    assert not np.all(n <= curve[0, 1])


def test_same_error_costs_are_orders_of_magnitude_apart(rows):
    cost = {r["series"]: r["n_star"] for r in of(rows, T=ERROR_HORIZON, eps=EPS)}
    assert min(cost["persistent"], cost["hidden"]) > 1e4 * max(
        cost["value_noise"], cost["random_sign"]
    )


def test_compounding_errors_stop_before_1e12_particles():
    asked = list(plan("perturbations"))
    others = {p["eps"] for p in asked if p["series"] == "random_sign"}
    for name in COMPOUNDING:
        kept = {p["eps"] for p in asked if p["series"] == name and p["T"] == 64}
        assert kept == {eps for eps in others if 2 * 64 * math.log1p(eps) < 25}
    assert all(p["eps"] == 0.1 for p in asked if p["T"] != 64 and p["eps"])
