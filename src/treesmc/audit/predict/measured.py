"""A log and what was measured on it: all that a prediction needs."""

from __future__ import annotations

from dataclasses import dataclass

from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bellman import RatioSummary, StepSizes
from treesmc.audit.measure.bootstrap import Clusters, Interval
from treesmc.audit.measure.drift import Drift
from treesmc.audit.predict.best_of_n import Rewards
from treesmc.audit.predict.paths import PromptPaths
from treesmc.sims.trees.tree import FloatArray


@dataclass(frozen=True, eq=False)
class MeasuredLog:
    """A log and what was measured on it.

    Attributes
    ----------
    probes : Probes
    clusters : Clusters
        Who is resampled.
    horizon : int
        T.
    bellman, steps, drift
        Errors of the reward model.
    linked : list of PromptPaths
        Of the prompts that have at least `LEAST_PATHS` complete paths.
    rewards : list of Rewards
        Of some prompts.
    """

    probes: Probes
    clusters: Clusters
    horizon: int
    bellman: RatioSummary
    steps: StepSizes
    drift: Drift | None
    linked: list[PromptPaths]
    rewards: list[Rewards]

    def estimates(self, rows: FloatArray) -> list[Interval]:
        """Return an estimate for each column of [1 + B, n]: the log, then its replicates."""
        return [self.clusters.interval(x) for x in rows.T]
