"""What to run: the cheapest of the routes that claim something."""

from __future__ import annotations

from dataclasses import dataclass

from treesmc.audit.predict.prediction import Prediction
from treesmc.audit.predict.routes import NO_CLAIM, PREDICTION, WORST_CASE_BOUND, Route, whole

LARGEST_SENSIBLE = 1e6


@dataclass(frozen=True)
class Recommendation:
    """What to run.

    Attributes
    ----------
    method : str
        "smc", "best-of-n" or "none".
    n : float or None
        Particles or samples.
    claim : str
        Of the route that n comes from, see `Route`.
    why : str
    """

    method: str
    n: float | None
    claim: str
    why: str


def recommend(prediction: Prediction) -> Recommendation:
    """Return what takes the fewest reference draws, of the routes that claim something.

    A particle of SMC and a sample of best-of-n take T draws each. Best-of-n evaluates a complete
    sample only, SMC every prefix: with as many draws it is the cheaper.
    """
    predicted, best = prediction.route("predicted"), prediction.route("best-of-n")
    if predicted.claim == PREDICTION:
        if best.claim == PREDICTION and best.n <= predicted.n:
            why = (
                f"best-of-n needs about {best.n:,.0f} samples, SMC about {predicted.n:,.0f} "
                "particles; both take T draws each, and best-of-n fewer evaluations"
            )
            return Recommendation("best-of-n", best.n, PREDICTION, why)
        N = whole(max(predicted.log_n.high, predicted.log_n.value))
        certificate = prediction.route("certificate").n
        against = f"; best-of-n would need about {best.n:,.0f}" if best.claim == PREDICTION else ""
        why = (
            f"about {predicted.n:,.0f} are predicted to be needed, {N:,.0f} at the upper end of "
            f"the interval; the certificate, a bound to first order, is {certificate:,.0f}{against}"
        )
        return Recommendation("smc", N, PREDICTION, why)
    bounds = [r for r in prediction.routes if r.claim == WORST_CASE_BOUND]
    return _fallback(predicted, best, [r for r in bounds if r.n <= LARGEST_SENSIBLE])


def _fallback(predicted: Route, best: Route, bounds: list[Route]) -> Recommendation:
    """Return the cheapest of best-of-n, where it is predicted, and the bounds on SMC."""
    least = min(bounds, key=lambda route: route.n, default=None)
    if best.claim == PREDICTION and best.n <= (least.n if least else LARGEST_SENSIBLE):
        why = f"about {best.n:,.0f} samples are predicted to be needed; SMC has "
        bound = f"a bound of {least.n:,.0f} particles only" if least else "no bound that is of use"
        return Recommendation("best-of-n", best.n, PREDICTION, f"{why}{bound}: {predicted.note}")
    if least is None:
        why = (
            f"no prediction ({predicted.note}), and no bound below {LARGEST_SENSIBLE:,.0f}: "
            "there are scenarios only, which claim nothing"
        )
        return Recommendation("none", None, NO_CLAIM, why)
    why = f"no prediction ({predicted.note}); the {least.name} bound suffices {least.note}"
    return Recommendation("smc", least.n, WORST_CASE_BOUND, why)
