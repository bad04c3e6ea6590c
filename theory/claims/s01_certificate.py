r"""S1: a certificate for SMC's output law at every N, from conditional SMC.

**Model.** SMC with N particles on a tree of horizon T: extend by pi_ref, weigh with
G_t = V(s_{1:t}) / V(s_{1:t-1}), resample multinomially at every step, finally return one particle
drawn by weight. Zhat = V(root) prod_t mean_i G_t(i).

**Hypotheses.** None but V > 0.

**Guarantee.** Freeze a path x as one of the N particles (conditional SMC: the others choose their
ancestors among all N) and let u_N(x) = E[Zhat/Z] of that run. Then

    TV(law, pi) <= E_{x~pi}[(1 - 1/u_N(x))_+],      KL(pi || law) <= log E[(Zhat/Z)^2],

and u_N is exact by the backward recursion f_T = G_T,

    f_{t-1}(y) = G_{t-1}(y) [(1 - 1/N) E_ref[f_t | y] + f_t(x_t)/N],

with u_N(x) = V(root) [(1 - 1/N) E_ref[f_1 | root] + f_1(x_1)/N] / Z. Moreover
E_{x~pi}[u_N(x)] = E[(Zhat/Z)^2]. With one particle law = pi_ref and the certificate is attained.

**Proof.** Call everything SMC draws, except which particle is returned, its history. The
probability under SMC of a history in which x is returned is pi(x) times the probability of that
history under conditional SMC, times Z/Zhat: the chances of choosing the ancestors of x and finally
x itself cancel the weights of x, and leave the sums of weights that make up Zhat. Summing over
histories,

    law(x)/pi(x) = E_cond[Z/Zhat] >= 1/E_cond[Zhat/Z] = 1/u_N(x)

by Jensen: 1/X lies above its tangent at the mean. TV(law, pi) = E_pi(1 - law/pi)_+ gives the first
bound; KL(pi || law) = E_pi log(pi/law) <= E_pi log u_N <= log E_pi u_N, log being below its
tangents, the second. Weighing the histories by (Zhat/Z)^2 before summing gives
E_pi[u_N] = E[(Zhat/Z)^2].

Recursion: let the particles at depth t-1 have weights G(j) of sum S. Each of the N - 1 free
particles has E[f_t] = sum_j G(j) E_ref[f_t | y_j] / S at depth t. So the mean of f_t over the
particles, times S/N, is on average the mean of f_{t-1}. Backwards from f_T = G_T, this is E[Zhat].

The positive part must come before the average: 1 - 1/E[(Zhat/Z)^2] is no bound on TV. A fair bit
with rewards 0.9 and 1.1 and one particle has TV = 0.05, but 1 - 1/E[(Zhat/Z)^2] = 1/101.
"""

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import path_certificate, tv_certificate
from treesmc.sims.laws.enumeration import enumerate_conditional, enumerate_smc
from treesmc.sims.laws.moments import second_moment
from treesmc.sims.trees.families import needle
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import log_normalizer, target_law
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.small_trees import (
    all_paths,
    chain_distance,
    fair_bit,
    small_trees,
    smc_distance,
)
from treesmc.theory.prover.bruteforce.identities import (
    certificate_mean,
    certificate_recursion,
    output_ratio,
)
from treesmc.theory.prover.steps import Step, identity, inequality
from treesmc.theory.symbols import N

u = sp.Symbol("u", positive=True)
BOUND = sp.Max(0, 1 - 1 / u)

X, mean, S, R, F = sp.symbols("X mean S R F", positive=True)


def jensen_step(factor: sp.Expr = sp.S.One) -> Step:
    """Check that 1/X lies above `factor` times its tangent at the mean."""
    return inequality("1/X is above its tangent", factor * (2 / mean - X / mean**2), 1 / X)


def logarithm_steps() -> tuple[Step, ...]:
    """Check that log is below its tangent, y - 1 >= log y, for y = 1 + s and for y = 1/(1 + s)."""
    s = sp.Symbol("s", nonnegative=True)
    return (
        inequality("log y <= y - 1, y >= 1", sp.log(1 + s), s),
        inequality("log y <= y - 1, y <= 1", 1 - 1 / (1 + s), sp.log(1 + s)),
    )


def recursion_steps() -> tuple[Step, ...]:
    """Check one backward step, for any number of particles and for three of them written out.

    S is the sum of weights G(j), R that of G(j) E_ref[f_t | y_j], F the frozen child's f_t.
    """
    weights, futures = sp.symbols("G1:4", positive=True), sp.symbols("M1:4", positive=True)
    pairs = list(zip(weights, futures, strict=True))
    total = sum(weights)
    forward = (sum(g * f for g, f in pairs) / total * sp.Rational(2, 3) + F / 3) * total / 3
    backward = sum(g * (sp.Rational(2, 3) * f + F / 3) for g, f in pairs) / 3
    any_number = ((1 - 1 / N) * R / S + F / N) * S / N
    return (
        identity("backward step", any_number, ((1 - 1 / N) * R + S * F / N) / N),
        identity("backward step, three particles", forward, backward),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (
        output_ratio(),
        jensen_step(),
        identity("the tangent's mean", (2 / mean - X / mean**2).subs(X, mean), 1 / mean),
        *logarithm_steps(),
        *recursion_steps(),
        certificate_recursion(),
        certificate_mean(),
    )


CertificateBound = Callable[[TreeMDP, int], float]


def certificate(tree: TreeMDP, N: int) -> float:
    """Return the certificate, with the positive part taken before the average."""
    return tv_certificate(tree, N)[0]


def average_first(tree: TreeMDP, N: int) -> float:
    """Return 1 - 1/E[(Zhat/Z)^2], which is *not* a bound on TV."""
    return 1 - 1 / second_moment(tree, N)


def _tv_row(label: str, tree: TreeMDP, N: int, bound: CertificateBound) -> Evaluation:
    """SMC's distance, all runs enumerated."""
    return Evaluation(label, smc_distance(tree, N), bound(tree, N))


def _needle_row(label: str, T: int, eps: float, N: int, bound: CertificateBound) -> Evaluation:
    """SMC's distance on `needle`, from the exact count chain, at many particles."""
    tree = needle(T, eps)
    return Evaluation(label, chain_distance(tree, N), bound(tree, N))


def _attained_row(label: str, tree: TreeMDP, N: int, bound: CertificateBound) -> Evaluation:
    """One particle: the certificate is the distance itself."""
    return Evaluation(label, smc_distance(tree, 1), bound(tree, 1), relation="==")


def _moment_row(label: str, tree: TreeMDP, N: int, bound: CertificateBound) -> Evaluation:
    """E_{x~pi}[u_N(x)] against the enumerated second moment."""
    average = portable.matmul(target_law(tree), path_certificate(tree, N, all_paths(tree)))
    runs = enumerate_smc(tree, N).second_moment_Z * portable.exp(-2 * log_normalizer(tree))
    return Evaluation(label, average, float(runs), relation="==", tolerance=1e-10)


def _conditional_row(label: str, tree: TreeMDP, N: int, bound: CertificateBound) -> Evaluation:
    """u_N along the likeliest path, by recursion and by enumeration of conditional SMC."""
    path = all_paths(tree)[target_law(tree).argmax()]
    runs = enumerate_conditional(tree, N, path.tolist()).mean_ratio
    found = float(path_certificate(tree, N, path[None])[0])
    return Evaluation(label, found, float(runs), relation="==", tolerance=1e-10)


def _density_row(label: str, tree: TreeMDP, N: int, bound: CertificateBound) -> Evaluation:
    """law(x)/pi(x) against E_cond[Z/Zhat], along the likeliest path."""
    target = target_law(tree)
    best = int(target.argmax())
    density = float(enumerate_smc(tree, N).law[best]) / target[best]
    runs = enumerate_conditional(tree, N, all_paths(tree)[best].tolist()).mean_inverse_ratio
    return Evaluation(label, density, float(runs), relation="==", tolerance=1e-10)


def _kl_row(label: str, tree: TreeMDP, N: int, bound: CertificateBound) -> Evaluation:
    """KL(pi || law) against the log of the second moment; the trivial bound is log sup 1/law."""
    target, law = target_law(tree), np.array(enumerate_smc(tree, N).law, dtype=np.float64)
    divergence = portable.matmul(target, portable.log(target / law))
    trivial = float(-portable.log(law.min()))
    return Evaluation(
        label, divergence, float(portable.log(second_moment(tree, N))), trivial=trivial
    )


ROWS: dict[str, Callable[..., Evaluation]] = {
    "TV": _tv_row,
    "TV at N = 1": _attained_row,
    "E_pi[u_N] = E[(Zhat/Z)^2]": _moment_row,
    "u_N by recursion": _conditional_row,
    "law/pi = E_cond[Z/Zhat]": _density_row,
    "KL": _kl_row,
    "needle": _needle_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return every row on small trees, and the certificate on `needle` at many particles."""
    trees = [*small_trees(2 if quick else 12), fair_bit(0.1)]
    particles = (2,) if quick else (1, 2, 3)
    kinds = [what for what in ROWS if what != "needle"]
    found = [point for what in kinds for point in points(what, tree=trees, N=particles)]
    sizes = (20, 200) if quick else (5, 50, 500, 2000)
    errors, horizons = ((0.2,), (2, 10)) if quick else ((0.05, 0.3, 1.0), (2, 5, 20))
    return found + points("needle", T=horizons, eps=errors, N=sizes)


def _nine_tenths(tree: TreeMDP, N: int) -> float:
    return 0.9 * certificate(tree, N)


def _one_particle_more(tree: TreeMDP, N: int) -> float:
    return certificate(tree, N + 1)


CLAIM = Claim(
    title="conditional-SMC certificate",
    kind="upper",
    statement="TV <= E_{x~pi}[(1 - 1/u_N(x))_+], u_N(x) = E_cond[Zhat/Z]; E_pi u_N = E(Zhat/Z)^2",
    latex=r"$\TV \le \E_\pi[(1-1/u_N)_+]$, with $u_N$ computable",
    hypotheses=("V > 0", "multinomial resampling at every step"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, bound=certificate),
    mutations=(
        Mutation("average before positive part", evaluate=by_kind(ROWS, bound=average_first)),
        Mutation("constant 0.9", evaluate=by_kind(ROWS, bound=_nine_tenths)),
        Mutation("N + 1 for N", evaluate=by_kind(ROWS, bound=_one_particle_more)),
        Mutation("Jensen with 1.01", lambda quick: [jensen_step(sp.Rational(101, 100))]),
    ),
    cited=("TV(law, pi) = E_pi(1 - law/pi)_+",),
)
