"""What a sweep would simulate, before it does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from treesmc.sims.base.errors import BadInput
from treesmc.sims.methods.registry import METHODS
from treesmc.sims.sweeps.point import build_tree
from treesmc.sims.sweeps.shards import Parameters, Row

SEARCH = 2.5  # full sets of replicates in a search of N*: two measurements, two coarse ones


def forecast(point: Parameters) -> tuple[float, float]:
    """Return the reference draws and value evaluations that a point would simulate.

    Points whose law is exact simulate none. A search is forecast to end near the first-order
    prediction of S6.

    Raises
    ------
    BadInput
        If there is no such tree.
    """
    tree, runs = build_tree(point), float(point["replicates"])
    method = METHODS[point["method"]]
    options = method.given(point)
    if "delta" in point and "N" in method.options:
        predicted = method.run.predicted(tree, point["delta"])
        options["N"] = max(1.0, predicted.get("first_order", 1.0))
        runs *= SEARCH
    if method.run.is_exact(tree, **options):
        return 0.0, 0.0
    draws, evaluations = method.run.cost(tree, **options)
    return runs * draws, runs * evaluations


@dataclass
class Forecast:
    """Sums over the points seen so far.

    Attributes
    ----------
    draws, evaluations : float
        Simulated reference draws and value evaluations.
    """

    draws: float = 0.0
    evaluations: float = 0.0

    def __str__(self) -> str:
        return f"{self.draws:.3g} reference draws and {self.evaluations:.3g} value evaluations"

    def rows(self, points: Iterable[Parameters]) -> Iterator[Row]:
        """Yield every point with its ``draws`` and ``evaluations``, or with its ``error``."""
        for point in points:
            try:
                draws, evaluations = forecast(point)
            except BadInput as error:
                yield {**point, "error": str(error)}
                continue
            self.draws += draws
            self.evaluations += evaluations
            yield {**point, "draws": draws, "evaluations": evaluations}
