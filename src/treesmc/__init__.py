"""treesmc: verify, sharpen and draw the theory of reward-guided inference.

The names below are the public interface; they are imported when first used, so that
``import treesmc`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "BadInput": "treesmc.sims.base.errors",
    "TreeMDP": "treesmc.sims.trees.tree",
    "load_tree": "treesmc.sims.trees.treefile",
    "save_tree": "treesmc.sims.trees.treefile",
    "families": "treesmc.sims.trees.families",
    "perturb": "treesmc.sims.trees.perturb",
    "reward_models": "treesmc.sims.trees.reward_models",
    "values": "treesmc.sims.trees.values",
    "certificate": "treesmc.sims.laws.certificate",
    "lineage": "treesmc.sims.laws.lineage",
    "naive_law": "treesmc.sims.laws.naive_law",
    "conditional": "treesmc.sims.sampling.conditional",
    "samplers": "treesmc.sims.sampling.samplers",
    "cost": "treesmc.sims.cost",
    "audit": "treesmc.audit",
    "bounds": "treesmc.theory.bounds",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'treesmc' has no attribute {name!r}")
    home = import_module(_HOME[name])
    return home if _HOME[name].endswith(f".{name}") else getattr(home, name)
