"""Conditional SMC against its exact means, and neighbours of these against the same checks.

Means agree if they are within 4 standard errors of each other (false alarm 6e-5); paths are drawn
from pi, seeds are fixed.
"""

import dataclasses

import numpy as np
import pytest
from random_layers import log_path_probability, lumped_tree, noisy_tree, path_classes

from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.laws.certificate import path_certificate
from treesmc.sims.laws.enumeration import enumerate_conditional
from treesmc.sims.laws.target_paths import sample_target_paths
from treesmc.sims.sampling.conditional import sample_conditional_smc
from treesmc.sims.trees.families import needle_in_drift, product
from treesmc.sims.trees.values import (
    log_normalizer,
    target_law,
    target_policy,
)

Z_SCORE = 4
ROUND_OFF = 1e-12
TREES = {
    "random": noisy_tree(0, 6, sigma=1.0),
    "needle_in_drift": needle_in_drift(8, 0.3),
    "product": product(8),
    "lumped": lumped_tree(2),
}


def target_path(tree, seed=3):
    return sample_target_paths(tree, 1, generator(seed))[0]


def sharpest_path(tree):
    """Of some paths from pi, the one of largest u_2: there the neighbours are far."""
    paths = sample_target_paths(tree, 50, generator(0))
    return paths[np.argmax(path_certificate(tree, 2, paths))]


def ratio(tree, estimate):
    return np.exp(estimate.log_mean_Z_hat - log_normalizer(tree))


def agrees(tree, estimate, u):
    """Is the measured mean of Zhat/Z within 4 standard errors of u, or of round-off?"""
    return abs(ratio(tree, estimate) - u) <= Z_SCORE * estimate.ratio_stderr + ROUND_OFF * u


@pytest.mark.parametrize("N", [1, 2, 5, 50])
@pytest.mark.parametrize("name", TREES)
def test_mean_is_the_certificate(name, N):
    tree = TREES[name]
    for seed in (3, 4):
        path = target_path(tree, seed)
        estimate = sample_conditional_smc(tree, path, N, 4000, seed=seed)
        assert agrees(tree, estimate, path_certificate(tree, N, path[None])[0])


@pytest.mark.parametrize("N", [2, 5])
@pytest.mark.parametrize("name", TREES)
def test_neighbours_of_the_certificate_are_rejected(name, N):
    """One particle more, and the mean without a frozen path, which is 1."""
    tree = TREES[name]
    path = sharpest_path(tree)
    estimate = sample_conditional_smc(tree, path, N, 40000, seed=1)
    assert agrees(tree, estimate, path_certificate(tree, N, path[None])[0])
    assert not agrees(tree, estimate, path_certificate(tree, N + 1, path[None])[0])
    assert not agrees(tree, estimate, 1.0)


@pytest.mark.parametrize("name", TREES)
def test_one_particle_returns_the_path(name):
    tree = TREES[name]
    path = target_path(tree)
    estimate = sample_conditional_smc(tree, path, 1, 40)
    end = path_classes(tree, path)[-1]
    assert np.array_equal(estimate.law, np.eye(len(estimate.law))[end])
    assert not estimate.law_stderr.any()
    log_phi = tree.log_value_at(tree.horizon)[end]
    assert estimate.log_mean_Z_hat == pytest.approx(log_phi, abs=ROUND_OFF)


@pytest.mark.parametrize("N", [2, 3])
def test_mean_is_the_enumerated_one(N):
    tree = lumped_tree(4, sizes=(1, 2, 2, 3))
    path = target_path(tree)
    exact = enumerate_conditional(tree, N, path).mean_ratio
    assert agrees(tree, sample_conditional_smc(tree, path, N, 20000), exact)


@pytest.mark.parametrize("N", [2, 5])
def test_a_step_leaves_the_target_invariant(N):
    """The law of the draw, averaged over x from pi, is pi; over another law of x it is not."""
    tree = noisy_tree(1, 3)
    paths = np.array(list(np.ndindex(*tree.n_symbols)))
    pi = np.exp([log_path_probability(tree, x, target_policy(tree)) for x in paths])
    runs = [sample_conditional_smc(tree, x, N, 4000, seed=i) for i, x in enumerate(paths)]

    def deviation(law_of_x):
        mean = sum(p * run.law for p, run in zip(law_of_x, runs, strict=True))
        variance = sum((p * run.law_stderr) ** 2 for p, run in zip(law_of_x, runs, strict=True))
        return np.max(np.abs(mean - target_law(tree)) / np.sqrt(variance))

    assert deviation(pi) < Z_SCORE
    assert deviation(np.full(len(paths), 1 / len(paths))) > Z_SCORE


def test_same_bits_for_any_number_of_jobs():
    tree = TREES["random"]
    path = target_path(tree)

    def run(seed, jobs):
        estimate = sample_conditional_smc(tree, path, 7, 100, seed=seed, jobs=jobs)
        return [np.asarray(x).tobytes() for x in dataclasses.astuple(estimate)]

    assert run(5, 1) == run(5, 2)
    assert run(5, 1) != run(6, 1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"path": [1, 1, 1]}, r"path: shape \[3\], expected \[4\] symbols"),
        ({"path": 1}, r"path: shape \[\]"),
        ({"path": [1, 1, 9, 1]}, "path: symbol of step 3: 9 is too large"),
        ({"path": [1, -1, 1, 1]}, "path: symbol of step 2: -1 is too small"),
        ({"path": [1, 1, 1.0, 1]}, "path: symbol of step 3: 1.0 is not an integer"),
        ({"path": [1, 0, 1, 1]}, "path: symbol 0 of step 2 has probability zero"),
        ({"N": 0}, "N: 0"),
        ({"replicates": 1}, "replicates: 1"),
        ({"seed": -1}, "seed: -1"),
        ({"jobs": 0}, "jobs: 0"),
    ],
)
def test_bad_input_is_named(change, name):
    arguments = {"path": [1, 1, 1, 1], "N": 2, "replicates": 10, "seed": 0, "jobs": 1}
    sample_conditional_smc(lumped_tree(2), **arguments)
    with pytest.raises(BadInput, match=name):
        sample_conditional_smc(lumped_tree(2), **(arguments | change))
