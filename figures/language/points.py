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

from treesmc.sims.cost import BATCHES, least_particles, terminal_constant
from treesmc.sims.language.instance import Language, language
from treesmc.sims.language.models import MODELS
from treesmc.sims.language.text import corpus
from treesmc.sims.laws.moments import asymptotic_variance
from treesmc.sims.laws.naive_law import least_samples
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, number, one_of, proportion, text, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import COST, Vocabulary
from treesmc.sims.trees.reward_models import centred
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound, reference_law, value_error

MEASURED = 300.0  # most particles predicted where N* is measured too

CORPUS = hashlib.sha256(corpus().encode()).hexdigest()[:8]


@cache
def instance(T: int, order: int, reward: str, temperature: float) -> Language:
    """Return the language of a point, which all points share."""
    return language(T, order, reward, temperature)


@digits("eps", "eps_centred", "eps_value", "v")
def compute_point(point: Parameters) -> Row:
    """Return errors and particles of one reward model, or the samples of naive sampling."""
    truth = instance(*(point[key] for key in ("T", "order", "reward", "temperature")))
    if point["series"] == "naive":
        log_phi = truth.tree.log_value_at(point["T"])
        samples = least_samples(reference_law(truth.tree), log_phi, point["delta"])
        return {"n_star": samples, "low": samples, "high": samples, "evidence": "exact"}
    tree = MODELS[point["series"]](truth, point["x"], point["seed"])
    predicted = terminal_constant(tree) / point["delta"]
    measurable = predicted <= MEASURED and point["seed"] == 0
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


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": one_of(("naive", *MODELS)),
        "x": at_least_zero(),
        "seed": whole(0),
        "T": whole(1),
        "order": whole(1),
        "reward": text(),
        "temperature": number(),
        "delta": proportion(),
        "replicates": whole(8 * BATCHES),
        "corpus": one_of([CORPUS]),
    },
    results={
        **{"eps": float, "eps_centred": float, "eps_value": float, "L": float, "v": float},
        "first_order": float,
        **COST,
    },
    defaults={"corpus": CORPUS},
)
