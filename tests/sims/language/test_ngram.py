"""The n-gram model: counts by hand, probabilities that sum to one, the finite-state form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.language.ngram import fit
from treesmc.sims.language.text import ALPHABET, SYMBOL, clean, corpus, decode, encode

TEXTS = st.text("ab (", min_size=1, max_size=60)
ORDERS = st.integers(1, 4)
B = len(ALPHABET)


def witten_bell(text, history, character):
    """The definition, read literally: counts of substrings, one order at a time."""
    below = witten_bell(text, history[1:], character) if history else 1 / B
    places = range(len(text) - len(history))
    followers = [text[i + len(history)] for i in places if text[i:].startswith(history)]
    distinct = len(set(followers))
    if not followers:
        return below
    return (followers.count(character) + distinct * below) / (len(followers) + distinct)


def law_after(model, prefix):
    state = model.start
    for symbol in encode(prefix):
        state = model.next_context[state, symbol]
    return model.policy[state]


@given(TEXTS, ORDERS, st.text("ab (z", max_size=8))
def test_law_after_any_prefix_is_that_of_its_last_characters(text, order, prefix):
    model = fit(text, order)
    history = (" " + prefix)[-(order - 1) :] if order > 1 else ""
    law = law_after(model, prefix)
    expected = [witten_bell(text, history, character) for character in ALPHABET]
    np.testing.assert_allclose(law, expected, rtol=1e-12)


@given(TEXTS, ORDERS)
def test_probabilities_are_positive_and_sum_to_one(text, order):
    model = fit(text, order)
    assert model.policy.min() > 0
    np.testing.assert_allclose(model.policy.sum(axis=1), 1, rtol=1e-12)
    assert len(model.contexts) == len(model.policy) == len(set(model.contexts))
    assert all(context in text for context in model.contexts)


def test_counts_by_hand():
    model = fit("abab", 2)
    # After a: two b, one kind. Below: a and b twice each of four, two kinds, uniform below that.
    unigram = (2 + 2 / B) / 6
    assert law_after(model, "a")[SYMBOL["b"]] == pytest.approx((2 + unigram) / 3)
    assert law_after(model, "a")[SYMBOL["a"]] == pytest.approx(unigram / 3)
    assert law_after(model, "a")[SYMBOL["c"]] == pytest.approx(2 / B / 6 / 3)


def test_longer_contexts_matter():
    """Negative control: the law after "ab" is not that after "b"."""
    text = "abaabacbcbcbcb"
    after_ab, after_cb = (law_after(fit(text, 3), prefix) for prefix in ("ab", "cb"))
    assert np.abs(after_ab - after_cb).max() > 0.1
    first, second = (law_after(fit(text, 2), prefix) for prefix in ("ab", "cb"))
    np.testing.assert_array_equal(first, second)


def test_clean_keeps_what_can_be_read():
    assert clean("  Café 42,\n(x_y)! End. ") == "caf , (x y) end."
    assert decode(encode("a (b).,")) == "a (b).,"


def test_corpus_of_the_manual_is_english():
    text = corpus()
    assert len(text) > 10**5
    assert set(text) == set(ALPHABET)
    assert text.count(" the ") > 1000


def test_corpus_of_a_file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("Ünïcode, and more of it. " * 100, encoding="utf-8")
    assert corpus(path).startswith("n code, and more of it. n code")


@pytest.mark.parametrize(
    ("content", "words"), [(b"short", "5 characters"), (b"\xff" * 2000, "not UTF-8 at byte 0")]
)
def test_bad_corpora_are_named(tmp_path, content, words):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        corpus(path)


def test_absent_corpus_and_bad_orders_are_named(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        corpus(tmp_path / "absent.txt")
    for order in (0, 5):
        with pytest.raises(BadInput, match=f"order: {order}"):
            fit("text", order)
    with pytest.raises(BadInput, match="not among"):
        fit("TEXT", 2)
    with pytest.raises(BadInput, match="nothing to estimate"):
        fit("", 2)
