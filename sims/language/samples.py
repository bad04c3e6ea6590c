"""Texts to read: what the target is, and what SMC makes of it.

SMC with one particle and the naive proposal draws from the reference policy itself.
"""

from treesmc.sims.base.streams import generator
from treesmc.sims.language.instance import Language
from treesmc.sims.language.text import decode
from treesmc.sims.laws.target_paths import sample_target_paths
from treesmc.sims.sampling.samplers import Genealogy, smc_genealogy


def target_texts(language: Language, n: int, seed: int = 0) -> list[str]:
    """Return n independent texts drawn from the target, exactly."""
    return [decode(path) for path in sample_target_paths(language.tree, n, generator(seed))]


def smc_texts(language: Language, N: int, n: int, seed: int = 0) -> list[str]:
    """Return the texts that n independent runs of SMC return, N particles each.

    Parameters
    ----------
    language : Language
        With the reward model that guides SMC.
    N, n : int
        Particles, and runs.
    seed : int
        Non-negative.
    """
    seeds = generator(seed).integers(2**63, size=n)
    return [decode(_returned(smc_genealogy(language.tree, N, int(s)))) for s in seeds]


def _returned(history: Genealogy) -> list[int]:
    """Return the symbols of the particle drawn, traced back to the root."""
    particle, symbols = history.drawn, []
    for row, ancestors in zip(history.symbols[::-1], history.ancestors[::-1], strict=True):
        symbols.append(int(row[particle]))
        particle = ancestors[particle]
    return symbols[::-1]
