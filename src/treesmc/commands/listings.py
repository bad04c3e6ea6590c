"""What there is to choose from: help texts are filled from the registries."""

import re
from collections.abc import Callable, Mapping
from typing import Any

PLACE = re.compile(r"^( *)\{(\w+)\}$|\{(\w+)\}", re.MULTILINE)


def filled(text: str) -> str:
    """Return a text with ``{methods}`` and the like replaced by what there is.

    Alone on a line it becomes a line for each name, elsewhere the names only.
    """

    def shown(match: re.Match[str]) -> str:
        indent, alone, inline = match.groups()
        names = listed(alone or inline)
        if names is None:
            return match[0]
        if inline:
            return ", ".join(names)
        width = max(map(len, names))
        return "\n".join(f"{indent}{name:<{width}}  {line}" for name, line in names.items())

    return PLACE.sub(shown, text)


def listed(kind: str) -> dict[str, str] | None:
    """Return the names of a kind, each with a line that describes it; None if it is no kind."""
    listing = LISTINGS.get(kind)
    return None if listing is None else listing()


def _methods() -> dict[str, str]:
    from treesmc.sims.methods.registry import METHODS

    exact = {m.name: m.exact and f" [exact {m.exact}]" for m in METHODS.values()}
    return {name: m.summary + exact[name] for name, m in METHODS.items()}


def _costed() -> dict[str, str]:
    from treesmc.sims.methods.registry import COSTED

    return {name: method.n_star for name, method in COSTED.items()}


def _schemes() -> dict[str, str]:
    from treesmc.sims.laws.schemes import SCHEMES

    return {name: scheme.summary for name, scheme in SCHEMES.items()}


def _families() -> dict[str, str]:
    from treesmc.sims.trees.families import FAMILIES

    return _first_lines(FAMILIES)


def _with_error() -> dict[str, str]:
    from treesmc.sims.trees.perturb import has_error

    return {name: "" for name, family in all_families().items() if has_error(family)}


def _family_options() -> dict[str, str]:
    from treesmc.sims.trees.families import FAMILIES, defaults

    return {name: "" for family in FAMILIES.values() for name in defaults(family)}


def _perturbations() -> dict[str, str]:
    from treesmc.sims.trees.perturb import PERTURBATIONS

    return _first_lines(PERTURBATIONS)


def all_families() -> dict[str, Callable[..., Any]]:
    """Return all families, with that of language models, which no sweep takes."""
    from treesmc.sims.language.instance import language_tree
    from treesmc.sims.trees.families import FAMILIES

    return {**FAMILIES, "language": language_tree}


def parameter_help(function: Callable[..., Any], name: str) -> str:
    """Return what a docstring in the style of numpydoc says of a parameter, as one line."""
    found = re.search(rf"^ +{name} : .*\n((?: {{8}}.*\n)+)", function.__doc__ or "", re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def _first_lines(functions: Mapping[str, Callable[..., Any]]) -> dict[str, str]:
    return {name: (f.__doc__ or "").partition("\n")[0] for name, f in functions.items()}


LISTINGS: dict[str, Callable[[], dict[str, str]]] = {
    "methods": _methods,
    "costed": _costed,
    "schemes": _schemes,
    "families": _families,
    "all_families": lambda: _first_lines(all_families()),
    "with_error": _with_error,
    "family_options": _family_options,
    "perturbations": _perturbations,
}
