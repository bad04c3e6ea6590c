"""Experiments: a sweep file each, with a module that computes its points and fits its table.

A module brings its keys and results as ``VOCABULARY``; `headline` does not, being an ordinary
sweep. Modules are imported by name, when needed: what one computes does not depend on the others.
"""

from importlib import import_module
from types import ModuleType

from treesmc.sims.errors import BadInput

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


def load_script(folder: str, name: str) -> ModuleType:
    """Import ``treesmc.<folder>.<name>``.

    Raises
    ------
    BadInput
        The file is not there.
    """
    module = f"treesmc.{folder}.{name}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        path = f"{folder.replace('.', '/')}/{name}.py"
        raise BadInput(f"{path} is missing, and figure {name!r} needs it") from None
