"""Experiments: a sweep file each, with a module that computes its points and fits its table.

A module brings its keys and results as ``VOCABULARY``; `headline` does not, being an ordinary
sweep. Modules are imported by name, when needed: what one computes does not depend on the others.
"""

from importlib import import_module
from types import ModuleType

from treesmc.sims.base.errors import BadInput

NAMES = (
    "headline",
    "exponent",
    "guided",
    "phase",
    "looseness",
    "queries",
    "perturbations",
    "pool",
    "resampling",
    "language",
)


def load_script(name: str, part: str) -> ModuleType:
    """Import ``treesmc.figures.<name>.<part>``.

    Raises
    ------
    BadInput
        The file is not there.
    """
    module = f"treesmc.figures.{name}.{part}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in (module, module.rpartition(".")[0]):
            raise
        raise BadInput(f"figures/{name}/{part}.py is missing") from None
