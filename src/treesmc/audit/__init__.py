"""How good is a reward model on a policy, and how many particles does it need?

A log becomes a report in four stages, each of which knows those before it only:

    log        reads a log, checks each line, keeps what estimators need
    measure    the Bellman and the value error, with their intervals
    predict    particles by every route, the regime, what to run
    report     one audit, as text, as a page, as JSON

`live` stands on them: it probes a live model, runs SMC on it, and reports.

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
    "read_probes": "log.files",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'treesmc.audit' has no attribute {name!r}")
    return getattr(import_module(f"treesmc.audit.{_HOME[name]}"), name)
