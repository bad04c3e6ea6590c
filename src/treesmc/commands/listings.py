"""What there is to choose from: help texts are filled from the registries."""

import re
from collections.abc import Callable, Mapping
from typing import Any

PLACE = re.compile(r"^(?P<indent> *)\{(?P<alone>\w+)\}$|\{(?P<inline>\w+)\}", re.MULTILINE)


def filled(text: str) -> str:
    """Return a text with ``{methods}`` and the like replaced by what there is.

    Alone on a line it becomes a line for each name, elsewhere the names only.
    """

    def shown(match: re.Match[str]) -> str:
        read = LISTS.get(match["alone"] or match["inline"])
        if read is None:
            return match[0]
        names = read()
        if match["inline"]:
            return ", ".join(names)
        width = max(map(len, names))
        lines = (f"{match['indent']}{name:<{width}}  {line}" for name, line in names.items())
        return "\n".join(lines)

    return PLACE.sub(shown, text)


def parameter_help(function: Callable[..., Any], name: str) -> str:
    """Return what a docstring in the style of numpydoc says of a parameter, as one line."""
    found = re.search(rf"^ +{name} : .*\n((?: {{8}}.*\n)+)", function.__doc__ or "", re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def all_families() -> dict[str, Callable[..., Any]]:
    """Return all families, with that of language models, which no sweep takes."""
    from treesmc.sims.language.instance import language_tree
    from treesmc.sims.trees.families import FAMILIES

    return {**FAMILIES, "language": language_tree}


def _methods() -> dict[str, str]:
    from treesmc.sims.methods.registry import METHODS

    return {
        name: f"{method.summary}{method.exact and f' [exact {method.exact}]'}"
        for name, method in METHODS.items()
    }


def _costed() -> dict[str, str]:
    from treesmc.sims.methods.registry import COSTED

    return {name: method.n_star for name, method in COSTED.items()}


def _schemes() -> dict[str, str]:
    from treesmc.sims.sampling.kernels.resampling import SCHEMES

    return {name: scheme.summary for name, scheme in SCHEMES.items()}


def _families() -> dict[str, str]:
    from treesmc.sims.trees.families import FAMILIES

    return _first_lines(FAMILIES)


def _all_families() -> dict[str, str]:
    return _first_lines(all_families())


def _family_options() -> dict[str, str]:
    from treesmc.sims.trees.families import FAMILIES, defaults

    return {name: "" for family in FAMILIES.values() for name in defaults(family)}


def _with_error() -> dict[str, str]:
    from treesmc.sims.trees.perturb import has_error

    return dict.fromkeys((name for name, f in all_families().items() if has_error(f)), "")


def _perturbations() -> dict[str, str]:
    from treesmc.sims.trees.perturb import PERTURBATIONS

    return _first_lines(PERTURBATIONS)


def _first_lines(functions: Mapping[str, Callable[..., Any]]) -> dict[str, str]:
    return {name: (f.__doc__ or "").partition("\n")[0] for name, f in functions.items()}


LISTS: dict[str, Callable[[], dict[str, str]]] = {
    "methods": _methods,
    "costed": _costed,
    "schemes": _schemes,
    "families": _families,
    "all_families": _all_families,
    "family_options": _family_options,
    "with_error": _with_error,
    "perturbations": _perturbations,
}
