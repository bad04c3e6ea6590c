"""The language instance: enumeration of all texts, and the texts that samplers return."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.language import instance
from treesmc.sims.language.instance import language, language_tree
from treesmc.sims.language.models import MODELS, reward_model
from treesmc.sims.language.samples import smc_texts, target_texts
from treesmc.sims.language.text import ALPHABET, SYMBOL
from treesmc.sims.sampling.samplers import sample_smc
from treesmc.sims.trees import values

REWARDS = ("contains:th", "avoids:e", "balanced:1", "syllables:1", "words:1-2", "matches:t.*")
LOW = np.exp(-1 / 0.5)


def all_texts(truth, T):
    """Every text of T characters with its probability, by the model alone."""
    for symbols in itertools.product(range(len(ALPHABET)), repeat=T):
        state, p = truth.model.start, 1.0
        for symbol in symbols:
            p *= truth.model.policy[state, symbol]
            state = truth.model.next_context[state, symbol]
        yield "".join(ALPHABET[s] for s in symbols), p


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("order", [1, 3])
def test_normalizer_and_values_against_all_texts(reward, order):
    truth = language(2, order, reward, temperature=0.5)
    z, after_t = 0.0, 0.0
    for text, p in all_texts(truth, 2):
        phi = 1.0 if truth.automaton.accepts(text) else LOW
        z += p * phi
        after_t += p * phi * (text[0] == "t")
    assert values.log_normalizer(truth.tree) == pytest.approx(np.log(z), rel=1e-10)
    assert values.log_normalizer(truth.tree) != pytest.approx(np.log(1.001 * z), rel=1e-5)
    first = truth.tree.child_at(0)[0, SYMBOL["t"]]
    p_t = truth.model.policy[truth.model.start, SYMBOL["t"]]
    assert truth.tree.log_value_at(1)[first] == pytest.approx(np.log(after_t / p_t), rel=1e-9)


@settings(max_examples=15)
@given(st.integers(2, 9), st.integers(1, 2), st.sampled_from(REWARDS), st.floats(0.05, 5))
def test_reward_model_is_the_true_value(T, order, reward, temperature):
    tree = language_tree(T, order, reward, temperature)
    assert values.value_error(tree) < 1e-9
    assert tree.name.startswith("language")
    np.testing.assert_allclose(values.reference_law(tree).sum(), 1)


def test_classes_are_those_that_can_be_reached():
    truth = language(5, 2, "contains:the")
    for t, members in enumerate(truth.pairs.members):
        assert len(members) == truth.tree.n_classes[t]
    # KMP: within the word the context is the letter just read, so only states 0 and 3 meet all.
    n_contexts = len(truth.model.contexts) - 1  # the empty one is left at once
    assert truth.tree.n_classes[-1] < 4 * n_contexts
    assert truth.tree.n_classes[-1] >= 2 * n_contexts


def test_long_horizons_are_exact():
    truth = language(300, 2, "balanced:2")
    assert values.epsilon(truth.tree) < 1e-9
    assert 0 < values.target_law(truth.tree) @ truth.accepted < 1


def test_temperature_moves_the_target_between_reference_and_constraint():
    shares = []
    for temperature in (5.0, 0.3, 0.05):
        truth = language(8, 2, "contains:th", temperature)
        shares.append(values.target_law(truth.tree) @ truth.accepted)
        p = values.reference_law(truth.tree) @ truth.accepted
        phi = np.exp(-1 / temperature)
        assert shares[-1] == pytest.approx(p / (p + (1 - p) * phi))
    assert shares == sorted(shares)


def test_short_sighted_is_exact_when_it_sees_to_the_end():
    truth = language(8, 2, "contains:th")
    whole = truth.short_sighted(8)
    np.testing.assert_allclose(whole.log_value, truth.tree.log_value, atol=1e-12)
    np.testing.assert_array_equal(truth.short_sighted(99).log_value, whole.log_value)


def test_short_sighted_takes_the_value_of_a_shorter_text():
    truth, shorter = language(8, 1, "contains:th"), language(5, 1, "contains:th")
    blinkered = truth.short_sighted(5)
    assert blinkered.log_value[0] == pytest.approx(shorter.tree.log_value[0])
    assert blinkered.log_value[0] < truth.tree.log_value[0] - 0.1
    for t in range(3, 9):  # five steps or fewer to go: nothing is missed
        np.testing.assert_allclose(blinkered.log_value_at(t), truth.tree.log_value_at(t))


def test_short_sighted_reads_the_automaton_where_the_text_would_end():
    """At depths of the other parity no class is accepted: the reward is that of the automaton."""
    truth = language(4, 1, "matches:(..)*")
    blinkered = truth.short_sighted(1)
    np.testing.assert_allclose(blinkered.log_value_at(1), 0)  # one step from an even length
    np.testing.assert_allclose(blinkered.log_value_at(2), -1 / 0.1)


def test_features_tell_apart_what_they_name():
    truth = language(4, 2, "contains:th")
    features = truth.features()
    assert len(features) == truth.tree.class_start[-2]
    assert features[0, :3].tolist() == [1, 0, 0]
    assert features[:, :3].sum(axis=1) == pytest.approx(np.ones(len(features)))
    assert features[:, 9:].sum(axis=1).max() == 1
    to_go = 4 - np.repeat(np.arange(4), truth.tree.n_classes[:-1])
    np.testing.assert_allclose(features[:, 3:6].sum(axis=1), to_go / 4)
    np.testing.assert_allclose(features[:, 6:9].sum(axis=1), np.log(to_go))


def test_a_model_of_order_one_remembers_no_character():
    truth = language(3, 1, "contains:a")
    assert not truth.features()[:, 6:].any()


def test_texts_have_the_law_of_their_source():
    truth = language(10, 2, "contains:the", 0.2)
    p_target, p_reference = (
        law @ truth.accepted
        for law in (values.target_law(truth.tree), values.reference_law(truth.tree))
    )
    n = 400
    share = np.mean([truth.automaton.accepts(text) for text in target_texts(truth, n, 1)])
    assert abs(share - p_target) < 4.5 * np.sqrt(p_target * (1 - p_target) / n)
    assert abs(share - p_reference) > 4.5 * np.sqrt(p_target * (1 - p_target) / n)
    share = np.mean([truth.automaton.accepts(text) for text in smc_texts(truth, 1, n, 1)])
    assert abs(share - p_reference) < 4.5 * np.sqrt(p_reference / n) + 1 / n
    expected = sample_smc(truth.tree, 6, 4096, 0).law @ truth.accepted
    share = np.mean([truth.automaton.accepts(text) for text in smc_texts(truth, 6, n, 1)])
    assert abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / n)
    assert all(len(text) == 10 for text in smc_texts(truth, 6, 5, 2))


@pytest.mark.parametrize(
    ("specification", "least", "most"),
    [
        ("exact", 0, 1e-9),
        ("rollouts:1000000", 1e-4, 0.1),
        ("rollouts:2", 1, 1e9),
        ("hard:8", 0.3, 1e9),
        ("hard-label:8", 1, 1e9),
        ("regression:100", 0.1, 1e9),
        ("power:1.5", 0.1, 1e9),
        ("short:3", 0.01, 1e9),
        ("least-variance", 0.01, 1e9),
    ],
)
def test_reward_models_by_name(specification, least, most):
    truth = language(8, 2, "contains:th", 0.3)
    tree = reward_model(truth, specification)
    assert least <= values.value_error(tree) <= most
    np.testing.assert_array_equal(tree.policy, truth.tree.policy)
    assert specification.partition(":")[0] in MODELS
    assert truth.with_model(tree).tree is tree


BAD_MODELS = [
    ("exat", "exat"),
    ("exact:3", "'3' is not what exact takes"),
    ("least-variance:2", "'2' is not what"),
    ("rollouts", "'' is not what rollouts takes"),
    ("rollouts:1.5", "'1.5'"),
    ("rollouts:0", "k: 0"),
    ("regression:many", "'many'"),
    ("power:inf", "gamma: inf"),
    ("short:0", "horizon: 0"),
]


@pytest.mark.parametrize(("specification", "words"), BAD_MODELS)
def test_bad_models_are_named(specification, words):
    with pytest.raises(BadInput, match=words):
        reward_model(language(3, 1, "contains:a"), specification)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"T": 0}, "horizon: 0"),
        ({"T": 5, "temperature": 0.0}, "temperature: 0"),
        ({"T": 5, "temperature": 1e-4}, "temperature: 0.0001"),
        ({"T": 5, "order": 9}, "order: 9"),
        ({"T": 5, "reward": "contains:python"}, "no text of 5 characters"),
        ({"T": 5, "reward": "nothing"}, "not understood"),
    ],
)
def test_bad_arguments_are_named(options, words):
    with pytest.raises(BadInput, match=words):
        language(**options)


def test_too_large_a_tree_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr(instance, "LARGEST_TREE", 10**6)
    with pytest.raises(BadInput, match=r"of 50 steps take 0\.0 GB already"):
        language(50, 2, "contains:th")
    language(5, 2, "contains:th")
