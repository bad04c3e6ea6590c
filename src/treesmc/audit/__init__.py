"""How good is a reward model on a policy, and how many particles does it need?

From logs: `logs` reads them, `ratios` and `drift` measure the Bellman and the value error, `paths`
what SMC would do along whole paths, `predict` turns that into particles, `report` puts it together.

From a live model: `protocol` says what a model is, `tree_model` and `hf` make one, `walks` probes
it, `pilot` runs SMC on it, and `probe` does all that in one call, `audit_model`.

The names below are imported when first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "audit_model": "probe",
    "ModelAudit": "probe",
    "Model": "protocol",
    "TreeModel": "tree_model",
    "CausalLM": "hf",
    "Report": "report",
    "read_probes": "logs",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'treesmc.audit' has no attribute {name!r}")
    return getattr(import_module(f"treesmc.audit.{_HOME[name]}"), name)
