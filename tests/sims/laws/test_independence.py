"""The law of an independence sampler after H steps, against its transition matrix."""

from itertools import islice

import numpy as np
import pytest

from treesmc.sims.base.streams import generator
from treesmc.sims.laws.independence import densities, laws
from treesmc.sims.trees.values import total_variation

ATOMS = 40
ROUND_OFF = 1e-13


@pytest.fixture(scope="module")
def proposal():
    """Weights of mean one, some of them equal, and masses."""
    rng = generator(7)
    log_weight = np.repeat(rng.normal(size=ATOMS // 2), 2)
    mass = rng.dirichlet(np.ones(ATOMS))
    return log_weight - np.log(mass @ np.exp(log_weight)), mass


def matrix_laws(log_weight, mass, H):
    """Laws after 0 .. H steps, by multiplying with the matrix of the chain."""
    chance = np.exp(np.minimum(log_weight[None] - log_weight[:, None], 0)) * mass
    np.fill_diagonal(chance, 0)
    np.fill_diagonal(chance, 1 - chance.sum(axis=1))
    law = [mass]
    for _ in range(H):
        law.append(law[-1] @ chance)
    return np.array(law)


def test_densities_are_those_of_the_chain(proposal):
    log_weight, mass = proposal
    expected = matrix_laws(log_weight, mass, 6)
    g = np.array(list(islice(densities(log_weight, mass), 7)))
    np.testing.assert_allclose(g * mass, expected, atol=ROUND_OFF)
    inverted = np.array(list(islice(densities(-log_weight, mass), 7)))
    assert np.abs(inverted * mass - expected)[1:].max() > 1e-3


def test_density_increases_from_zero_to_at_most_steps_plus_one(proposal):
    log_weight, mass = proposal
    order = np.argsort(log_weight)
    for H, g in enumerate(islice(densities(log_weight, mass), 12)):
        assert np.all(np.diff(g[order]) >= -ROUND_OFF)
        assert g.min() >= 0
        assert g.max() <= H + 1 + ROUND_OFF
    assert g.max() > 1.5  # it does not stay at one


def test_marginals_go_to_the_target(proposal):
    log_weight, mass = proposal
    owner = np.arange(ATOMS) % 3
    joint = mass * (owner == np.arange(3)[:, None])
    target = joint @ np.exp(log_weight)
    after = list(islice(laws(log_weight[None], joint[None]), 200))
    distance = [total_variation(law, target) for law in after]
    assert distance[0] > 0.01
    assert distance[-1] < 1e-6
    assert all(abs(law.sum() - 1) < 1e-12 for law in after)
