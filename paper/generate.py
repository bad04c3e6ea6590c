"""Write everything in the article that is a number: ``paper/generated/*.tex``.

Numbers come from three places and no other: the committed tables ``results/*.csv``, exact
computations that take seconds, and the claims as `treesmc.theory.verify` decides them. What a table
says is said by its room, ``figures/NAME/article.py``. Running the script twice writes the same
bytes.

``--check`` computes all of it again and fails if what is committed differs from it by more than the
tolerance that ``compare.py`` states.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from compare import moved

from treesmc.figures.latex import table
from treesmc.figures.rooms import having
from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import lineage, moments
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.sweeps.table import read_table
from treesmc.sims.trees import families, values
from treesmc.sims.trees.tree import TreeMDP
from treesmc.theory import bounds, verify
from treesmc.theory.claim import Claim
from treesmc.theory.claims import CLAIMS

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "paper" / "generated"
RESULTS = ROOT / "results"
FIGURES = ROOT / "figures" / "output"
HEADER = "% Written by paper/generate.py: do not edit.\n"


def persistent_numbers() -> dict[str, str]:
    """TV of SMC on `persistent` rises with N before it falls: exact by the lineage chain."""
    tree = families.persistent(10, 1.0)
    target = values.target_law(tree)
    names = {"One": 1, "Two": 2, "Hundred": 100, "Thousand": 1000}
    tv = {
        name: values.total_variation(lineage.lineage_law(tree, N), target)
        for name, N in names.items()
    }
    return {f"Persistent{name}": f"{x:.3g}" if x > 1e-12 else "0" for name, x in tv.items()}


def fair_bit_numbers() -> dict[str, str]:
    """1 - 1/E[(Zhat/Z)^2] is smaller than TV on a fair bit with rewards 0.9 and 1.1."""
    rewards = portable.log([0.9, 1.1])
    tree = TreeMDP.from_layers(
        [np.array([[0.5, 0.5]])], [np.array([[0, 1]])], [np.zeros(1), rewards], name="fair bit"
    )
    tv = values.total_variation(values.reference_law(tree), values.target_law(tree))
    wrong = 1 - 1 / moments.second_moment(tree, 1)
    return {"FairBitTv": f"{tv:.3g}", "FairBitInverse": f"{1 / wrong:.4g}"}


def one_step_numbers() -> dict[str, str]:
    """ZL-5.1 beside S2's two forms at T = 1 and small L and eps."""
    T, eps, L, delta = 1, 0.05, 1.05, 0.1
    particles = {
        "Closed": bounds.log_uniform_particles_simple(T, eps, L, delta),
        "Sum": bounds.log_uniform_particles(T, eps, L, delta),
        "Paper": bounds.log_zhu_lu_particles(T, eps, L, delta),
        "Middle": bounds.log_zhu_lu_middle_tv(T, eps, L, 1) - portable.log(delta),
    }
    return {f"OneStep{name}": f"{portable.exp(x):.3g}" for name, x in particles.items()}


def overreading_numbers() -> dict[str, str]:
    """Guidance by V = 3^(ones) on fair bits: eps = 1 and no error at all."""
    T, r = 10, 3.0
    ones = np.concatenate([np.arange(t + 1) for t in range(T + 1)])
    tree = families.product(T, r).with_log_value(ones * portable.log(r))
    tv = values.total_variation(values.guided_law(tree), values.target_law(tree))
    return {
        "OverreadEps": f"{values.epsilon(tree):.3g}",
        "OverreadHorizon": f"{T}",
        "OverreadTv": f"{tv:.3f}",
    }


def rooms_tex() -> tuple[dict[str, str], dict[str, str]]:
    """Return the numbers of the rooms and their tables; rooms with tables come first."""
    numbers: dict[str, str] = {}
    tables: dict[str, str] = {}
    for name, article in sorted(having("article"), key=lambda pair: not hasattr(pair[1], "tables")):
        rows = committed_rows(name)
        numbers |= article.numbers(rows)
        if hasattr(article, "tables"):
            tables |= article.tables(rows)
    return numbers, tables


def committed_rows(name: str) -> list[Row]:
    """Return the table of a room, if its drawing is there too."""
    paths = RESULTS / f"{name}.csv", FIGURES / f"{name}.pdf"
    if missing := [str(path) for path in paths if not path.exists()]:
        raise BadInput(f"{' and '.join(missing)}: missing; run `make figures`")
    return read_table(paths[0])


def numbers_tex(numbers: dict[str, str]) -> str:
    """Return one macro per number of the text."""
    return "".join(f"\\newcommand{{\\num{name}}}{{{x}}}\n" for name, x in numbers.items())


def exponents_tex() -> str:
    """Return every scaling exponent beside its theory, from ``results/exponents.csv``."""
    rows = read_table(RESULTS / "exponents.csv")
    return table(
        "@{}llllr@{}", r"law & theory & fitted & 95\% & $\chi^2\!/\nu$", map(_exponent_row, rows)
    )


def _exponent_row(row: Row) -> str:
    name = row["name"].replace("_", r"\_")
    theory = f"{row['theory']:g}" + (rf" ($\pm{row['allowance']:g}$)" if row["allowance"] else "")
    interval = rf"$[{row['low']:.3f}, {row['high']:.3f}]$"
    quality = f"{row['chi2_dof']:.1f}" if row["evidence"] == "measured" else "exact"
    return " & ".join((rf"\code{{{name}}}", theory, f"${row['fitted']:.3f}$", interval, quality))


def claims_tex(claims: Iterable[Claim]) -> str:
    """Return the claims with what their checks found; the counts are those of every run."""
    head = r"id & statement & kind & proof steps & mutants & evidence & verdict"
    rows: list[str] = []
    for claim in claims:
        if claim.id == "S1":
            rows.append(r"\midrule")
        rows.append(_claim_row(claim))
    return table("@{}lllrrll@{}", head, rows)


def _claim_row(claim: Claim) -> str:
    result = verify.check(claim, quick=True)
    counts = result.step_counts
    steps = f"{counts['universal']} + {counts['grid']}" if counts["grid"] else counts["universal"]
    cells = (claim.id, claim.latex, claim.kind, steps, len(claim.mutations))
    return " & ".join(map(str, (*cells, result.evidence, result.verdict)))


def generate() -> dict[str, str]:
    """Return the text of every generated file."""
    numbers, tables = rooms_tex()
    numbers = {
        **persistent_numbers(),
        **fair_bit_numbers(),
        **one_step_numbers(),
        **overreading_numbers(),
        **numbers,
    }
    texts = {
        "numbers.tex": numbers_tex(numbers),
        "exponents.tex": exponents_tex(),
        "claims.tex": claims_tex(CLAIMS.values()),
        **tables,
    }
    return {name: HEADER + text for name, text in texts.items()}


def check(texts: dict[str, str], folder: Path) -> list[str]:
    """Return every complaint about the committed files in a folder."""
    complaints = []
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            complaints.append(f"{name}: not committed")
            continue
        complaints += [f"{name}: {line}" for line in moved(path.read_text("utf-8"), text)]
    return complaints


def write(texts: dict[str, str], folder: Path) -> None:
    """Write what changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def main() -> int:
    """Generate, or check what is committed; return the exit code."""
    parser = argparse.ArgumentParser(description="write paper/generated/*.tex")
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    arguments = parser.parse_args()
    try:
        texts = generate()
    except BadInput as error:
        print(f"paper: {error}", file=sys.stderr)
        return 1
    if not arguments.check:
        write(texts, GENERATED)
        return 0
    complaints = check(texts, GENERATED)
    for line in complaints:
        print(f"paper: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
