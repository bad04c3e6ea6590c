"""How good is a reward model on a policy, and how many particles does it need?

`log`      reads logs of probed prefixes and of step scores
`measure`  Bellman error, value error, and what SMC would do along whole paths
`predict`  turns that into particles, samples, and the regime
`report`   puts it together: one object, printed, drawn, or written as JSON
`live`     probes a model instead of reading a log: `audit_model`

The names below are imported when first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "audit_model": "live.probe",
    "ModelAudit": "live.probe",
    "Model": "live.protocol",
    "TreeModel": "live.tree_model",
    "CausalLM": "live.hf",
    "Report": "report.report",
    "read_probes": "log.logs",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'treesmc.audit' has no attribute {name!r}")
    return getattr(import_module(f"treesmc.audit.{_HOME[name]}"), name)
