"""The resampling figure: T instead of T^2 on `needle` but for one scheme, T^2 in drift for all."""

from pathlib import Path

import numpy as np
import pytest
from drawing import drawn, markers, ordered, same_bytes

from treesmc.figures.common import column, of
from treesmc.figures.resampling.figure import LOOKS, TITLES, WHEN, build, law_slope, slopes
from treesmc.figures.resampling.points import IDEAL, NAIVE, fit_slope
from treesmc.figures.run import compute, points
from treesmc.figures.shards import read_table

COMMITTED = Path(__file__).resolve().parents[2] / "results" / "resampling.csv"
VARIANTS = [(scheme, kappa) for scheme in LOOKS for kappa in WHEN]
EVERY_STEP = ("multinomial", 1.0)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("resampling", tmp_path_factory.mktemp("resampling"), jobs=2, quick=True)


@pytest.fixture(scope="module")
def quick(table):
    return read_table(table)


@pytest.fixture(scope="module")
def full():
    return read_table(COMMITTED)


def rises(family, rows, scheme, kappa):
    """Whether the 95% interval of b in N* = a + b T is above a tenth of a particle."""
    b, half = slopes(rows)[family, scheme, kappa]
    return b - half > 0.1


@pytest.mark.parametrize(("scheme", "kappa"), VARIANTS)
def test_only_multinomial_resampling_at_every_step_costs_T_squared_on_needle(full, scheme, kappa):
    b, half = slopes(full)["needle", scheme, kappa]
    assert rises("needle", full, scheme, kappa) == ((scheme, kappa) == EVERY_STEP)
    if (scheme, kappa) != EVERY_STEP:
        assert abs(b) < half + 0.005  # of a particle per step, against 2.8
        assert half < 0.02


@pytest.mark.parametrize(("scheme", "kappa"), VARIANTS)
def test_every_variant_costs_T_squared_in_drift(full, scheme, kappa):
    assert rises("needle_in_drift", full, scheme, kappa)


@pytest.mark.parametrize("family", TITLES)
@pytest.mark.parametrize(("scheme", "kappa"), VARIANTS)
def test_particles_are_linear_in_the_horizon(full, family, scheme, kappa):
    """chi2 of 5 or 7 degrees of freedom; a false alarm in 1e-4 each."""
    fit = fit_slope(of(full, family=family, scheme=scheme, kappa=kappa))
    assert fit.chi2_dof < 5


def test_low_variance_schemes_reach_ideal_resampling_and_adapting_spoils_them(full):
    found, drift = slopes(full), "needle_in_drift"
    ideal = law_slope(of(full, family=drift, scheme=IDEAL))
    for scheme in ("stratified", "systematic"):
        b, half = found[drift, scheme, 1.0]
        assert abs(b - ideal) < half
        assert found[drift, scheme, 0.5][0] > b
    multinomial, half = found[drift, *EVERY_STEP]
    assert multinomial - half > 3.5 * ideal
    assert found[drift, "multinomial", 0.5][0] < 0.6 * multinomial


def test_first_order_law_is_above_the_particles_it_predicts(full):
    """By 5 to 40 per cent at TV = 1/10, not more."""
    for family in TITLES:
        for kappa in WHEN:
            rows = of(full, family=family, scheme="multinomial", kappa=kappa)
            ratio = column(rows, "predicted") / column(rows, "n_star")
            assert np.median(ratio) == pytest.approx(1.15, abs=0.25)


def test_markers_are_the_table(quick):
    left, middle, right = drawn(build, quick).axes
    for axes, family in ((left, "needle"), (middle, "needle_in_drift")):
        shown = [r for r in of(quick, family=family) if r["scheme"] in (*LOOKS, NAIVE)]
        expected = ordered(column(shown, "T"), column(shown, "n_star"))
        np.testing.assert_allclose(markers(axes), expected)
        assert not np.allclose(markers(axes) * [1, 1.01], expected, rtol=1e-3, atol=0)
    shown = markers(right)[:, 0]
    for b, _ in slopes(quick).values():
        assert np.abs(shown - b).min() < 1e-12


def test_files_and_points(table, tmp_path):
    assert same_bytes("resampling", table, tmp_path)
    asked = points("resampling")
    assert len({(p["series"], p["T"]) for p in asked}) == len(asked)
