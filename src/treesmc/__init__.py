"""treesmc: verify, sharpen and draw the theory of reward-guided inference.

The names below are the public interface; they are imported when first used, so that
``import treesmc`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "BadInput": "treesmc.sims.errors",
    "TreeMDP": "treesmc.sims.tree",
    "load_tree": "treesmc.sims.treefile",
    "save_tree": "treesmc.sims.treefile",
    "families": "treesmc.sims",
    "perturb": "treesmc.sims",
    "values": "treesmc.sims",
    "samplers": "treesmc.sims",
    "certificate": "treesmc.sims",
    "naive_law": "treesmc.sims",
    "lineage": "treesmc.sims",
    "conditional": "treesmc.sims",
    "cost": "treesmc.sims",
    "reward_models": "treesmc.sims",
    "audit": "treesmc",
    "bounds": "treesmc.theory",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'treesmc' has no attribute {name!r}")
    home = _HOME[name]
    if home in ("treesmc", "treesmc.sims", "treesmc.theory"):
        return import_module(f"{home}.{name}")
    return getattr(import_module(home), name)
