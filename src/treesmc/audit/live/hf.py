"""A Hugging Face causal language model with any scoring function, as a model to audit.

pi_ref is the model's own next-token law at a temperature; a step is a fixed number of tokens (one
by default), and a sequence is finished at the end-of-sequence token or when it has its most tokens.
The score is a function of text: log V of unfinished completions, log phi of finished ones.

A state is a prompt and its completion, both as tuples of tokens. Equal prefixes, of which children
and resampled particles make many, go through the model and the score once. Prefixes are padded on
the right: a causal model never looks there. Nothing is cached between steps.

Needs torch (``pip install treesmc[hf]``). Tokens are drawn with NumPy from the model's
probabilities, so a seed decides them on every device, up to the rounding of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from treesmc.audit.live.protocol import BoolArray
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray

Score = Callable[[list[str], list[str], BoolArray], Any]


class Prefix(NamedTuple):
    """A prompt and what follows it, in tokens."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...] = ()


class CausalLM:
    """A causal language model as a `Model`.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Anything that answers ``model(input_ids=, attention_mask=)`` with ``.logits``.
    tokenizer : transformers.PreTrainedTokenizer
        ``tokenizer(text)["input_ids"]``, ``decode(ids)`` and ``eos_token_id`` are used.
    score : callable
        ``score(prompts, completions, finished)``: two lists of n texts and bool[n], to log V as
        n numbers; where finished, log phi.
    max_new_tokens : int
        A completion of that many tokens is finished.
    tokens_per_step : int
        Tokens of one step; the horizon is ``ceil(max_new_tokens / tokens_per_step)``.
    temperature : float
        Of pi_ref.
    batch_size : int
        Prefixes that go through the model together.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        score: Score,
        *,
        max_new_tokens: int,
        tokens_per_step: int = 1,
        temperature: float = 1.0,
        batch_size: int = 64,
    ) -> None:
        for name, value in (
            ("max_new_tokens", max_new_tokens),
            ("tokens_per_step", tokens_per_step),
            ("temperature", temperature),
            ("batch_size", batch_size),
        ):
            if not value > 0:
                raise BadInput(f"{name}: {value} is not positive")
        self.model, self.tokenizer, self.score = model.eval(), tokenizer, score
        self.max_new_tokens, self.tokens_per_step = max_new_tokens, tokens_per_step
        self.temperature, self.batch_size = temperature, batch_size

    @property
    def horizon(self) -> int:
        """T, in steps."""
        return -(-self.max_new_tokens // self.tokens_per_step)

    def start(self, prompt: str, n: int) -> list[Prefix]:
        """Return n empty completions of a prompt."""
        tokens = tuple(self.tokenizer(prompt)["input_ids"])
        if not tokens:
            raise BadInput(f"prompts: {prompt!r} has no tokens; a causal model needs one to start")
        return [Prefix(tokens)] * n

    def extend(self, states: Sequence[Prefix], rng: np.random.Generator) -> list[Prefix]:
        """Return the states with one more step of tokens."""
        result = list(states)
        for _ in range(self.tokens_per_step):
            alive = [i for i, state in enumerate(result) if not self._ended(state)]
            if not alive:
                break
            unique = {state: k for k, state in enumerate(dict.fromkeys(result[i] for i in alive))}
            cumulative = self._next_token_law(list(unique)).cumsum(axis=1)
            for i, u in zip(alive, rng.random(len(alive)), strict=True):
                row = cumulative[unique[result[i]]]
                token = int(np.searchsorted(row, u * row[-1], side="right"))
                prompt, completion = result[i]
                result[i] = Prefix(prompt, (*completion, token))
        return result

    def log_values(self, states: Sequence[Prefix]) -> FloatArray:
        """Return the score of each state's text."""
        unique = {state: k for k, state in enumerate(dict.fromkeys(states))}
        prompts = [self.tokenizer.decode(list(s.prompt)) for s in unique]
        completions = [self.tokenizer.decode(list(s.completion)) for s in unique]
        log_V = np.asarray(self.score(prompts, completions, self.finished(list(unique))))
        if log_V.shape != (len(unique),):
            raise BadInput(f"score: has shape {list(log_V.shape)}, expected [{len(unique)}]")
        return log_V[[unique[state] for state in states]]

    def finished(self, states: Sequence[Prefix]) -> BoolArray:
        """Return which completions are complete."""
        return np.array([self._ended(state) for state in states], dtype=bool)

    def _ended(self, state: Prefix) -> bool:
        completion = state.completion
        full = len(completion) >= self.max_new_tokens
        return full or completion[-1:] == (self.tokenizer.eos_token_id,)

    def _next_token_law(self, states: list[Prefix]) -> FloatArray:
        """Return probabilities of the next token of each state, [n, vocabulary]."""
        parts = range(0, len(states), self.batch_size)
        return np.concatenate([self._forward(states[k : k + self.batch_size]) for k in parts])

    def _forward(self, states: list[Prefix]) -> FloatArray:
        import torch  # type: ignore[import-not-found,unused-ignore]

        rows = [state.prompt + state.completion for state in states]
        width = max(map(len, rows))
        tokens = torch.tensor([row + row[-1:] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        device = self.model.device
        with torch.inference_mode():
            logits = self.model(input_ids=tokens.to(device), attention_mask=mask.to(device)).logits
            last = logits[torch.arange(len(rows)), torch.tensor([len(row) - 1 for row in rows])]
            law = torch.softmax(last.double() / self.temperature, dim=-1)
        result: FloatArray = law.cpu().numpy()
        return result
