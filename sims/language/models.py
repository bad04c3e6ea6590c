"""Reward models of a language by name, as a specification such as regression:1000.

exact            the true value
rollouts:K       mean reward of K rollouts from each class
hard:K           "some of K rollouts succeeded", as a classifier learns it from endless labels
hard-label:K     the same, from one label a class
regression:N     logistic regression of N rollouts on `Language.features`
power:GAMMA      V*^GAMMA, overconfident above 1 and tempered below
short:H          exact, but trained no further than H steps before the end
"""

import math
from collections.abc import Callable

from treesmc.sims.base.errors import BadInput
from treesmc.sims.language.instance import Language
from treesmc.sims.trees import reward_models
from treesmc.sims.trees.tree import TreeMDP

Model = Callable[[Language, float, int], TreeMDP]

MODELS: dict[str, Model] = {
    "exact": lambda language, x, seed: language.tree,
    "rollouts": lambda language, x, seed: reward_models.rollouts(language.tree, int(x), seed),
    "hard": lambda language, x, seed: reward_models.hard_label(language.tree, int(x)),
    "hard-label": lambda language, x, seed: reward_models.hard_label(
        language.tree, int(x), labels=1, seed=seed
    ),
    "regression": lambda language, x, seed: reward_models.regression(
        language.tree, language.features(), int(x), seed
    ),
    "power": lambda language, x, seed: reward_models.power(language.tree, x),
    "short": lambda language, x, seed: language.short_sighted(int(x)),
    "least-variance": lambda language, x, seed: reward_models.least_variance(language.tree),
}

WITHOUT_NUMBER = ("exact", "least-variance")


def reward_model(language: Language, specification: str, seed: int = 0) -> TreeMDP:
    """Return the tree of a language under the reward model of a specification (see the module).

    Parameters
    ----------
    language : Language
        As built: its reward model is the true value.
    specification : str
    seed : int
        Non-negative; for the models made from rollouts.

    Raises
    ------
    BadInput
        If the specification is not understood, or its number is out of range.
    """
    name, _, argument = specification.partition(":")
    if name not in MODELS:
        raise BadInput(f"model: {specification!r} is not understood; one of {', '.join(MODELS)}")
    return MODELS[name](language, _parameter(name, argument), seed)


def _parameter(name: str, argument: str) -> float:
    """Read the number of a specification: whole but for power; some take none."""
    if name in WITHOUT_NUMBER and not argument:
        return 0.0
    try:
        value = float(argument)
    except ValueError:
        value = math.nan
    whole = name == "power" or value.is_integer()
    if name in WITHOUT_NUMBER or math.isnan(value) or not whole:
        raise BadInput(f"model: {name}:{argument}: {argument!r} is not what {name} takes")
    return value
