"""Drawing forgets last bits, which depend on the machine."""

import numpy as np
from matplotlib.scale import LogTransform

from treesmc.figures import style

X = np.exp(np.random.default_rng(0).uniform(-20, 20, 1000))


def logarithm(x):
    return LogTransform(10).transform_non_affine(x)


def test_logarithmic_axes_forget_last_bits():
    above = np.nextafter(X, np.inf)
    exact = logarithm(X)
    assert np.any(logarithm(above) != exact)
    with style.active():
        assert np.array_equal(logarithm(above), logarithm(X))
        np.testing.assert_allclose(logarithm(X), exact, atol=1e-9)
    assert np.array_equal(logarithm(X), exact)


def test_no_ties_at_margins_of_rounded_numbers():
    """A margin is a twentieth of a range: every tenth one ends on half of the last digit."""
    ends = np.round(logarithm(X), 9) - 0.05e-9 * np.arange(1000)
    with style.active():
        for noise in (-1e-13, 1e-13):
            assert np.array_equal(logarithm(10 ** (ends + noise)), logarithm(10**ends))


def test_the_diamond_is_that_of_matplotlib():
    shape = style.DIAMOND.get_path().transformed(style.DIAMOND.get_transform()).vertices
    assert np.abs(shape).max() == np.float64(1.414214) / 2
    assert np.allclose(np.abs(shape).sum(axis=1), np.sqrt(0.5), atol=1e-6)
