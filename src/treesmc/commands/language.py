"""read what SMC writes: a small language model, a reward, a reward model, texts and numbers

A character n-gram model writes T characters; the reward is 1 if an automaton accepts them and
exp(-1/temperature) if not. log_Z, the errors of the reward model (epsilon, epsilon_centred,
epsilon_value, L) and the asymptotic variance are exact. particles_predicted is the first-order law
(S6) for the tolerance delta; samples_needed is exact, for naive sampling (best of n, by weight).
epsilon_centred is the Bellman error after V is rescaled by one factor per depth, which SMC does
not see. Texts are drawn from the reference, from the target, and returned by SMC with n particles;
a + marks the accepted. The accepted share of SMC is measured over 256 runs, the others are exact.

rewards:
  contains:WORD  avoids:LETTERS  balanced:DEPTH  syllables:COUNT  words:SHORT-LONG  matches:REGEX
reward models:
  exact  rollouts:K  hard:K  hard-label:K  regression:N  power:GAMMA  short:H
  least-variance

examples:
  treesmc language --reward contains:because --horizon 60 --temperature 0.07
  treesmc language --model regression:1000 -n 200 -o tree.npz
  treesmc cost tree.npz --method smc --delta 0.1
"""

import argparse
from typing import Any

from treesmc.commands.arguments import add_json, check_at_least, check_delta
from treesmc.commands.output import emit

RUNS = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--horizon", type=int, default=40, metavar="T", help="default 40")
    parser.add_argument("--order", type=int, default=3, help="of the model, 1 to 4 (default 3)")
    parser.add_argument("--reward", default="contains:python", help="default contains:python")
    parser.add_argument("--temperature", type=float, default=0.1, help="default 0.1")
    parser.add_argument("--text", metavar="FILE", help="corpus, UTF-8 (default: CPython's manual)")
    parser.add_argument("--model", default="exact", help="reward model (default exact)")
    parser.add_argument("-n", type=int, default=64, help="particles of SMC (default 64)")
    parser.add_argument("--delta", type=float, default=0.1, help="tolerance (default 0.1)")
    parser.add_argument("--samples", type=int, default=4, help="texts of each kind (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of model and texts (default 0)")
    parser.add_argument("-o", "--output", metavar="FILE", help="save the tree, .json or .npz")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print numbers and texts; save the tree if asked to."""
    from treesmc.sims.language.instance import language
    from treesmc.sims.language.models import reward_model
    from treesmc.sims.trees.treefile import save_tree

    _check(args)
    truth = language(args.horizon, args.order, args.reward, args.temperature, args.text)
    judged = truth.with_model(reward_model(truth, args.model, args.seed))
    if args.output:
        save_tree(judged.tree, args.output)
    numbers, texts = _numbers(judged, args), _texts(judged, args)
    emit({**numbers, "texts": texts} if args.json else numbers, args.json)
    if not args.json:
        _show(texts, numbers, judged.automaton)
    return 0


def _check(args: argparse.Namespace) -> None:
    check_delta(args.delta)
    check_at_least("-n", args.n, 1)
    check_at_least("--samples", args.samples, 0)
    check_at_least("--seed", args.seed, 0)


def _show(texts: dict[str, list[str]], numbers: dict[str, Any], automaton: Any) -> None:
    for source, lines in texts.items():
        print(f"\n{source}: {numbers[f'accepted_{source}']:.4g} accepted")
        for line in lines:
            print("+" if automaton.accepts(line) else " ", line)


def _numbers(judged: Any, args: argparse.Namespace) -> dict[str, Any]:
    from treesmc.sims import cost
    from treesmc.sims.base import portable
    from treesmc.sims.laws import moments, naive_law
    from treesmc.sims.sampling import samplers
    from treesmc.sims.trees import reward_models, values

    tree = judged.tree
    constant = cost.terminal_constant(tree)
    reference, log_phi = values.reference_law(tree), tree.log_value_at(tree.horizon)
    runs = samplers.sample_smc(tree, args.n, RUNS, args.seed)
    return {
        "name": tree.name,
        "contexts": len(judged.model.contexts),
        "classes": int(tree.n_classes.max()),
        "log_Z": values.log_normalizer(tree),
        "epsilon": values.epsilon(tree),
        "epsilon_centred": values.epsilon(reward_models.centred(tree)),
        "epsilon_value": values.value_error(tree),
        "L": values.ratio_bound(tree),
        "variance": moments.asymptotic_variance(tree),
        "particles_predicted": max(1.0, constant / args.delta),
        "samples_needed": naive_law.least_samples(reference, log_phi, args.delta),
        "n": args.n,
        "accepted_reference": portable.matmul(reference, judged.accepted),
        "accepted_target": portable.matmul(values.target_law(tree), judged.accepted),
        "accepted_smc": portable.matmul(runs.law, judged.accepted),
    }


def _texts(judged: Any, args: argparse.Namespace) -> dict[str, list[str]]:
    from treesmc.sims.language.samples import smc_texts, target_texts

    return {
        "reference": smc_texts(judged, 1, args.samples, args.seed),
        "target": target_texts(judged, args.samples, args.seed),
        "smc": smc_texts(judged, args.n, args.samples, args.seed),
    }
