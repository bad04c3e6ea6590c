"""A tiny randomly initialised GPT-2 against probabilities computed one prefix at a time."""

import math

import numpy as np
import pytest

from treesmc import audit
from treesmc.audit.live.hf import Prefix
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LETTERS = "abcdef"
EOS = len(LETTERS)


class ToyTokenizer:
    """One token a letter, and one for the end."""

    eos_token_id = EOS

    def __call__(self, text):
        return {"input_ids": [LETTERS.index(c) for c in text]}

    def decode(self, ids):
        return "".join("$" if i == EOS else LETTERS[i] for i in ids)


def score(prompts, completions, finished):
    """Likes the letter a; a finished text without one is worth nothing."""
    counts = np.array([text.count("a") for text in completions])
    with np.errstate(divide="ignore"):
        return np.where(finished, np.log(counts), 0.5 * counts)


def tiny_gpt2(seed=0):
    torch.manual_seed(seed)
    config = transformers.GPT2Config(
        vocab_size=EOS + 1, n_positions=32, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5
    )
    return transformers.GPT2LMHeadModel(config)


def causal_lm(**options):
    return audit.CausalLM(tiny_gpt2(), ToyTokenizer(), score, **{"max_new_tokens": 4, **options})


def next_law(model, ids, temperature=1.0):
    with torch.inference_mode():
        logits = model.model(input_ids=torch.tensor([ids])).logits[0, -1].double()
    return torch.softmax(logits / temperature, dim=-1).numpy()


def test_steps_follow_the_model_whatever_the_padding():
    model, n = causal_lm(temperature=0.7, batch_size=3), 20_000
    short, long = Prefix((0,)), Prefix((0, 1, 2), (3, 4))
    after = model.extend([short] * n + [long] * n, generator(1))
    for state, part in ((short, after[:n]), (long, after[n:])):
        law = next_law(model, state.prompt + state.completion, 0.7)
        counts = np.bincount([s.completion[-1] for s in part], minlength=EOS + 1)
        # 4 standard errors of a binomial count per token
        assert np.all(abs(counts - n * law) <= 4 * np.sqrt(n * law * (1 - law)))
        wrong = np.roll(law, 1)
        assert not np.all(abs(counts - n * wrong) <= 4 * np.sqrt(n * wrong * (1 - wrong)))


def test_padded_batches_give_the_law_of_single_prefixes():
    model = causal_lm()
    states = [Prefix((0,)), Prefix((1, 2, 3), (4,)), Prefix((5, 0), (1, 1, 1))]
    rows = model._next_token_law(states)
    for row, state in zip(rows, states, strict=True):
        assert np.allclose(row, next_law(model, state.prompt + state.completion), atol=1e-6)


def test_ends_absorb_and_length_is_an_end():
    model, rng = causal_lm(tokens_per_step=3), generator(2)
    ended = Prefix((0,), (1, EOS))
    states = model.extend([ended, *model.start("ab", 50)], rng)
    assert states[0] == ended
    assert all(len(s.completion) == 3 or s.completion[-1] == EOS for s in states[1:])
    states = model.extend(states, rng)
    assert model.finished(states).all()
    assert {len(s.completion) for s in states} > {4}
    assert model.horizon == 2
    assert model.extend(states, rng) == states


def test_equal_prefixes_are_scored_once():
    seen = []

    def counting(prompts, completions, finished):
        seen.append((prompts, completions, finished.tolist()))
        return np.arange(len(prompts))

    model = audit.CausalLM(tiny_gpt2(), ToyTokenizer(), counting, max_new_tokens=3)
    a, b = Prefix((0,), (1,)), Prefix((0,), (EOS,))
    assert model.log_values([b, a, b]).tolist() == [0, 1, 0]
    assert seen == [(["a", "a"], ["$", "b"], [True, False])]


def exact_z(model, prompt):
    """E_ref[phi] by enumeration."""
    total, stack = 0.0, [(1.0, model.start(prompt, 1)[0])]
    while stack:
        p, state = stack.pop()
        if model.finished([state])[0]:
            total += p * math.exp(model.log_values([state])[0])
            continue
        law = next_law(model, state.prompt + state.completion, model.temperature)
        stack += [(p * q, Prefix(state.prompt, (*state.completion, k))) for k, q in enumerate(law)]
    return total


# The report subtracts -inf from -inf where V = V* = 0, in lines that it then leaves out.
def test_audit_of_a_language_model_end_to_end(tmp_path):
    model = causal_lm(max_new_tokens=3, temperature=5.0)
    options = {
        "probes": 24,
        "guided": 8,
        "rollouts": 4,
        "particles": 48,
        "replicates": 24,
        "bootstrap": 40,
    }
    prompts = ["ab", "cde"]
    found = audit.audit_model(
        model, model.horizon, 0.2, prompts, checkpoint=tmp_path / "work", **options
    )
    again = audit.audit_model(
        model, model.horizon, 0.2, prompts, checkpoint=tmp_path / "work", **options
    )
    assert found.report.to_json() == again.report.to_json()
    for pilot in found.pilots:
        Z = np.exp([run.log_Z for run in pilot.runs])  # V(root) = 1
        deviation = (Z.mean() - exact_z(model, pilot.prompt)) / (Z.std() / math.sqrt(len(Z)))
        assert abs(deviation) < 4
        assert abs(Z.mean() - 1.5 * exact_z(model, pilot.prompt)) / (Z.std() / math.sqrt(24)) > 4
    assert found.report.steps.zero_children > 0


def test_bad_scores_and_prompts_are_named():
    model = audit.CausalLM(tiny_gpt2(), ToyTokenizer(), lambda p, c, f: 0.0, max_new_tokens=3)
    with pytest.raises(BadInput, match=r"score: has shape \[\], expected \[1\]"):
        model.log_values([Prefix((0,))])
    with pytest.raises(BadInput, match="has no tokens"):
        model.start("", 2)
    with pytest.raises(BadInput, match="temperature: 0 is not positive"):
        causal_lm(temperature=0)
