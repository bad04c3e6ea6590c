"""The registry of claims: the paper's (ZL) in its order, then this project's (S).

One module per claim, each exporting ``CLAIM``. Modules are imported on demand, because a claim
may pull in compiled code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

from treesmc.sims.base.errors import BadInput
from treesmc.theory.claim import Claim

IDS = (
    "ZL-4.1", "ZL-4.2", "ZL-4.3", "ZL-5.1", "ZL-5.2", "ZL-6.1",
    "S1", "S2", "S3", "S4", "S5", "S6", "S7",
    "S8", "S9", "S10", "S11", "S12", "S13", "S14",
)  # fmt: skip


class _Registry(Mapping[str, Claim]):
    """Claims by id, in order, each imported when asked for."""

    def __getitem__(self, claim_id: str) -> Claim:
        if claim_id not in IDS:
            raise KeyError(claim_id)
        claim: Claim = import_module(_module(claim_id)).CLAIM
        return claim

    def __iter__(self) -> Iterator[str]:
        return iter(IDS)

    def __len__(self) -> int:
        return len(IDS)


CLAIMS: Mapping[str, Claim] = _Registry()


def select(ids: Iterable[str] = ()) -> list[Claim]:
    """Return the claims called `ids` (case does not matter), or all of them, in order.

    Raises
    ------
    BadInput
        For an id that is not registered.
    """
    wanted = {name.upper() for name in ids}
    if unknown := sorted(wanted - set(IDS)):
        raise BadInput(f"claim: {', '.join(unknown)} unknown; known are {', '.join(IDS)}")
    return [CLAIMS[name] for name in CLAIMS if not wanted or name in wanted]


def _module(claim_id: str) -> str:
    return f"{__name__}.{claim_id.lower().replace('-', '_').replace('.', '_')}"
