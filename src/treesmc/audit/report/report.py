"""One audit: every measurement of a log in one plain object.

`audit` is the only thing a caller needs: probes in, `Report` out. Whoever probes a model in another
way (a live one, say) builds `Probes` and gets the same report.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from treesmc.audit.log.probes import Probes, Scores
from treesmc.audit.measure.bellman import (
    QUANTILES,
    RatioSummary,
    StepSizes,
    bellman_ratios,
    step_sizes,
)
from treesmc.audit.measure.bootstrap import Clusters
from treesmc.audit.measure.drift import Drift, value_drift
from treesmc.audit.measure.step_scores import ScoreReport, compare_aggregations
from treesmc.audit.predict.best_of_n import logged_rewards
from treesmc.audit.predict.last_choice import LastChoice, last_choices
from treesmc.audit.predict.measured import MeasuredLog
from treesmc.audit.predict.paths import linked_paths
from treesmc.audit.predict.prediction import LEAST_PATHS, Prediction, predict
from treesmc.audit.predict.recommendation import Recommendation, recommend
from treesmc.audit.predict.regime import Regime, regime
from treesmc.audit.predict.reshape import Reshaped, reshaped
from treesmc.sims.base.checks import LARGEST_HORIZON, check_tolerance
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.jsontext import finite, listed, written

FEW_PROMPTS = 10

LIMITS = [
    "A maximum over prefixes that were not logged: a rare prefix on which the reward model fails "
    "is invisible until it is drawn; L and the largest Bellman error are only the largest seen.",
    "Reward that the logged rollouts never found: predictions speak of the target as far as these "
    "paths reach it.",
    "Accuracy of answers: total variation is measured to the reward-tilted policy pi_ref phi / Z; "
    "coming closer to it makes answers better only as far as the reward is right.",
    "Other resampling schemes: the numbers are for multinomial resampling at every step and the "
    "reference policy as proposal.",
]


@dataclass(frozen=True)
class Report:
    """Everything an audit found. Logarithms are natural; estimates carry 95% intervals.

    Attributes
    ----------
    horizon, delta
        T, and the tolerance that the predictions are for.
    lines, skipped, prompts, paths : int
        Prefixes read and left out, prompts, and complete paths.
    clusters : str
        What the intervals resample: "prompts", "paths" or "lines".
    bellman : RatioSummary
        Over all depths; ``bellman_by_depth`` one per depth.
    steps : StepSizes
        What was seen of A1.
    drift : Drift or None
        V*/V by depth; None without rollouts.
    regime : Regime
    prediction : Prediction
    recommendation : Recommendation
    last_choice : list of LastChoice
        Best-of-n, drawn by reward against the one of largest reward; empty without rewards.
    reshaped : list of Reshaped
        Tempering and clipping; empty without paths and rollouts.
    scores : ScoreReport or None
        Aggregations of step scores, where a log of them was given.
    warnings, limits : list of str
    """

    horizon: int
    delta: float
    lines: int
    skipped: int
    prompts: int
    paths: int
    clusters: str
    bellman: RatioSummary
    bellman_by_depth: list[RatioSummary]
    steps: StepSizes
    drift: Drift | None
    regime: Regime
    prediction: Prediction
    recommendation: Recommendation
    last_choice: list[LastChoice]
    reshaped: list[Reshaped]
    scores: ScoreReport | None
    warnings: list[str]
    limits: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON holds it; what is not finite becomes None."""
        entries = asdict(self)
        entries["quantile_levels"] = QUANTILES
        for entry, route in zip(
            entries["prediction"]["routes"], self.prediction.routes, strict=True
        ):
            entry["n"] = route.n
        for entry, summary in zip(
            [entries["bellman"], *entries["bellman_by_depth"]],
            [self.bellman, *self.bellman_by_depth],
            strict=True,
        ):
            entry["eps99"] = summary.eps99
        result: dict[str, Any] = finite(listed(entries))
        return result

    def to_json(self) -> str:
        """Return the report as one JSON object."""
        return written(self.to_dict())


def audit(
    probes: Probes,
    delta: float = 0.1,
    *,
    scores: Scores | None = None,
    horizon: int | None = None,
    replicates: int = 400,
    seed: int = 0,
) -> Report:
    """Audit a log.

    Parameters
    ----------
    probes : Probes
    delta : float
        Total-variation tolerance in (0, 1).
    scores : Scores, optional
        Step scores of complete sequences, for the comparison of aggregations.
    horizon : int, optional
        T; by default the largest depth of the log plus one.
    replicates, seed : int
        Bootstrap replicates, at least 20, and their seed.

    Raises
    ------
    BadInput
        If an argument is out of range, or no prefix has a positive value.
    """
    T = _horizon(probes, horizon)
    _check(probes, delta, replicates, seed)
    clusters = Clusters.of(probes, replicates, seed)
    bellman, by_depth = bellman_ratios(probes, clusters)
    steps, drift = step_sizes(probes), value_drift(probes, clusters, T)
    linked = linked_paths(probes, T)
    enough = [p for p in linked if len(p.line) >= LEAST_PATHS]
    log = MeasuredLog(probes, clusters, T, bellman, steps, drift, enough, logged_rewards(probes, T))
    prediction = predict(log, delta, seed)
    return Report(
        horizon=T,
        delta=delta,
        lines=len(probes),
        skipped=probes.skipped,
        prompts=len(probes.prompts),
        paths=sum(len(p.line) for p in linked),
        clusters=clusters.kind,
        bellman=bellman,
        bellman_by_depth=by_depth,
        steps=steps,
        drift=drift,
        regime=regime(T, bellman, drift),
        prediction=prediction,
        recommendation=recommend(prediction),
        last_choice=last_choices(log.rewards, prediction.route("best-of-n")),
        reshaped=reshaped(enough, delta) if drift is not None and enough else [],
        scores=None if scores is None else compare_aggregations(scores),
        warnings=_warnings(probes, steps, drift, len(linked), len(enough)),
        limits=LIMITS,
    )


def _horizon(probes: Probes, horizon: int | None) -> int:
    deepest = int(probes.depth.max())
    if horizon is None:
        return deepest + 1
    if horizon <= deepest:
        raise BadInput(f"horizon: {horizon}, but a prefix has depth {deepest}")
    if horizon > LARGEST_HORIZON:
        raise BadInput(f"horizon: {horizon} steps; at most {LARGEST_HORIZON} are audited")
    return horizon


def _check(probes: Probes, delta: float, replicates: int, seed: int) -> None:
    check_tolerance("delta", delta)
    if replicates < 20:
        raise BadInput(f"bootstrap: {replicates} replicates are too few; at least 20")
    if seed < 0:
        raise BadInput(f"seed: {seed} is negative")
    if not (probes.log_value > -float("inf")).any():
        raise BadInput("log_value: V is 0 at every prefix; there is nothing to audit")


def _warnings(
    probes: Probes, steps: StepSizes, drift: Drift | None, linked: int, enough: int
) -> list[str]:
    warnings = []
    if probes.skipped:
        warnings.append(f"{probes.skipped} bad lines left out; the first: {probes.first_skipped}")
    if len(probes.prompts) == 1:
        warnings.append("one prompt: intervals speak of it alone, not of other prompts")
    elif len(probes.prompts) < FEW_PROMPTS:
        warnings.append(f"{len(probes.prompts)} prompts: intervals over so few are rough")
    if not linked:
        warnings.append(
            "no complete paths: without them SMC is not predicted. Log `path`, or use --ordered if "
            "lines are whole rollouts, one after another"
        )
    if enough < linked:
        warnings.append(
            f"{linked - enough} of {linked} prompts have fewer than {LEAST_PATHS} complete paths "
            "and are left out of predictions"
        )
    if steps.zero_children:
        warnings.append(
            f"{steps.zero_children} children worth zero below prefixes worth more: L is infinite, "
            "so worst-case bounds that need it are void; moments count the zeros"
        )
    if steps.dead_ends:
        warnings.append(f"{steps.dead_ends} prefixes with V > 0 have only worthless children")
    if steps.revived:
        warnings.append(f"{steps.revived} prefixes with V = 0 have children worth more")
    if drift is not None and drift.lost_mass.value > 0:
        warnings.append(
            f"V = 0 hides {drift.lost_mass.value:.2g} of the target: SMC cannot come closer to it "
            "than that in total variation, whatever the number of particles"
        )
    return warnings
