"""The registry of claims: the paper's (ZL) in its order, then this project's (S).

A claim is a file of this folder that exports ``CLAIM``. Its name begins with its number and goes on
with its idea: ``zl_5_1_smc_particles.py`` is ZL-5.1, ``s02_smc_particles.py`` is S2. What several
claims share stands beside them under names without a number. Claims are imported on demand, because
they may pull in compiled code.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from treesmc.sims.base.errors import BadInput

if TYPE_CHECKING:
    from treesmc.theory.claim import Claim

NUMBERED = re.compile(r"(zl|s)((?:_?\d+)+)_[a-z]\w*")


def claim_id(module: str) -> str:
    """Return the id that a module's name carries, empty if it carries none.

    >>> claim_id("treesmc.theory.claims.zl_5_1_smc_particles"), claim_id("s02_smc_particles")
    ('ZL-5.1', 'S2')
    """
    found = NUMBERED.fullmatch(module.rpartition(".")[2])
    if not found:
        return ""
    numbers = ".".join(str(int(number)) for number in found[2].strip("_").split("_"))
    return f"ZL-{numbers}" if found[1] == "zl" else f"S{numbers}"


class _Registry(Mapping[str, "Claim"]):
    """Claims by id, in order, each found by its file's name and imported when asked for."""

    def __getitem__(self, name: str) -> Claim:
        module = import_module(f"{__name__}.{_modules()[name]}")
        claim: Claim = replace(module.CLAIM, id=name)
        return claim

    def __iter__(self) -> Iterator[str]:
        return iter(_modules())

    def __len__(self) -> int:
        return len(_modules())


CLAIMS: Mapping[str, Claim] = _Registry()


def select(ids: Iterable[str] = ()) -> list[Claim]:
    """Return the claims called `ids` (case does not matter), or all of them, in order.

    Raises
    ------
    BadInput
        For an id that is not registered.
    """
    wanted = {name.upper() for name in ids}
    if unknown := sorted(wanted - set(CLAIMS)):
        raise BadInput(f"claim: {', '.join(unknown)} unknown; known are {', '.join(CLAIMS)}")
    return [CLAIMS[name] for name in CLAIMS if not wanted or name in wanted]


def _modules() -> dict[str, str]:
    """Return the modules of the folder that are claims, by id and in order of kind and number."""
    names = {claim_id(name): name for _, name, _ in pkgutil.iter_modules(__path__)}
    return {key: names[key] for key in sorted(filter(None, names), key=_order)}


def _order(name: str) -> tuple[bool, list[int]]:
    return not name.startswith("ZL"), [int(number) for number in re.findall(r"\d+", name)]
