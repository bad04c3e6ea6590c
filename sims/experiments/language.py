"""Which reward model needs how many particles: a small language model whose truth is known.

Texts of T characters that should contain a word, from a character model of order 3. For every
reward model of `treesmc.sims.language.models`, along what it is made from (`x`: rollouts per class,
rollouts to train on, the exponent, the horizon of training): its Bellman error eps, and the same
after one factor per depth (`eps_centred`); the value error; L; the asymptotic variance v of Zhat/Z;
and the particles for TV <= 1/10 over terminal classes, by S6 (`first_order`, exact constant) and,
for one seed where S6 predicts no more than 300, measured. The series `naive` is naive sampling,
exact, whatever the reward model.

The corpus ships with Python and changes a little between versions: its hash is a column.
"""

import hashlib
from functools import cache
from pathlib import Path

from treesmc.sims.cost import least_particles, terminal_constant
from treesmc.sims.experiments.common import tabulate
from treesmc.sims.experiments.shards import Parameters, Row
from treesmc.sims.language.instance import Language, language
from treesmc.sims.language.models import MODELS
from treesmc.sims.language.text import corpus
from treesmc.sims.moments import asymptotic_variance
from treesmc.sims.naive_law import least_samples
from treesmc.sims.reward_models import centred
from treesmc.sims.tree import TreeMDP
from treesmc.sims.values import epsilon, ratio_bound, reference_law, value_error

DELTA = 0.1
MEASURED = 300.0  # most particles predicted where N* is measured too

FULL = {"T": 30, "order": 3, "reward": "contains:python", "temperature": 0.1, "replicates": 4096}
QUICK = {"T": 12, "order": 2, "reward": "contains:the", "temperature": 0.25, "replicates": 256}

SERIES: dict[str, tuple[float, ...]] = {
    "naive": (0,),
    "exact": (0,),
    "least-variance": (0,),
    "rollouts": tuple(4**i for i in range(9)),
    "hard": (2, *(4**i for i in range(1, 9))),
    "hard-label": (4, 64, 1024, 16384),
    "regression": (100, 316, 1000, 3162, 10_000, 100_000, 1_000_000),
    "power": (0, 0.25, 0.5, 0.8, 1.1, 1.25, 1.5, 2),
    "short": (3, 5, 10, 20),
}
SEEDED = ("rollouts", "regression")  # these are drawn twice
SEEDS = (0, 1)
QUICK_EVERY = 4  # one value of x in so many

COLUMNS = (
    *("series", "x", "seed", "T", "delta", "eps", "eps_centred", "eps_value", "L", "v"),
    *("first_order", "n_star", "low", "high", "evidence", "replicates", "corpus"),
)


def points(quick: bool = False) -> list[Parameters]:
    """Return the parameters of all points, series by series."""
    digest = hashlib.sha256(corpus().encode()).hexdigest()[:8]
    return [
        {
            "experiment": "language",
            "series": name,
            "x": x,
            "seed": seed,
            "delta": DELTA,
            "corpus": digest,
            **(QUICK if quick else FULL),
        }
        for name, values in SERIES.items()
        for x in (values[::QUICK_EVERY] if quick else values)
        for seed in (SEEDS if name in SEEDED and not quick else SEEDS[:1])
    ]


@cache
def instance(T: int, order: int, reward: str, temperature: float) -> Language:
    """Return the language of a point, which all points share."""
    return language(T, order, reward, temperature)


def compute_point(point: Parameters) -> Row:
    """Return errors and particles of one reward model, or the samples of naive sampling."""
    truth = instance(*(point[key] for key in ("T", "order", "reward", "temperature")))
    if point["series"] == "naive":
        log_phi = truth.tree.log_value_at(point["T"])
        samples = least_samples(reference_law(truth.tree), log_phi, point["delta"])
        return {"n_star": samples, "low": samples, "high": samples, "evidence": "exact"}
    tree = MODELS[point["series"]](truth, point["x"], point["seed"])
    predicted = terminal_constant(tree) / point["delta"]
    measurable = predicted <= MEASURED and point["seed"] == SEEDS[0]
    return {
        "eps": epsilon(tree),
        "eps_centred": epsilon(centred(tree)),
        "eps_value": value_error(tree),
        "L": ratio_bound(tree),
        "v": asymptotic_variance(tree),
        "first_order": predicted,
        **(_measured(tree, point) if measurable else {}),
    }


def _measured(tree: TreeMDP, point: Parameters) -> Row:
    found = least_particles(tree, point["delta"], replicates=point["replicates"], seed=1)
    return found.row()


def compute(results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
    """Compute what is missing and return the table, ``results_dir/language.csv``."""
    return tabulate(points(quick), compute_point, COLUMNS, results_dir, jobs)
