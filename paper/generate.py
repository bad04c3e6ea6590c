"""Write everything in the article that is a number: ``paper/generated/*.tex``.

Numbers come from three places and no other: the committed tables ``results/*.csv``, exact
computations that take seconds, and the claims as `treesmc.theory.verify` decides them. Running the
script twice writes the same bytes.

``--check`` computes all of it again and fails if what is committed differs from it by more than the
tolerance that ``compare.py`` states.
"""

import argparse
import math
import sys
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
from compare import moved

from treesmc.figures.common import of
from treesmc.figures.exponent.points import fit_exponent
from treesmc.figures.headline.points import CONSTANT, FIT_FROM, SERIES, fit_series
from treesmc.figures.perturbations.points import COMPOUNDING, EPS, ERROR_HORIZON, fit_horizon
from treesmc.figures.pool.figure import fit_degree
from treesmc.figures.queries.points import n_symbols
from treesmc.figures.resampling.figure import law_slope, slopes
from treesmc.figures.shards import Row, read_table
from treesmc.sims.base import portable
from treesmc.sims.fits import fit_growth
from treesmc.sims.laws import certificate, lineage, moments
from treesmc.sims.trees import families, values
from treesmc.sims.trees.tree import TreeMDP
from treesmc.theory import bounds, verify
from treesmc.theory.claim import Claim
from treesmc.theory.claims import CLAIMS
from treesmc.theory.queries import least_queries

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "paper" / "generated"
RESULTS = ROOT / "results"
FIGURES = ROOT / "figures" / "output"
HEADER = "% Written by paper/generate.py: do not edit.\n"

SERIES_NAMES = {
    "naive": r"naive, $\eps = 0$",
    "naive-constant": rf"naive, $\eps = {CONSTANT:g}$",
    "constant": rf"SMC, $\eps = {CONSTANT:g}$",
    "log-over-T": r"SMC, $\eps = \log T/(2T)$",
    "over-T": r"SMC, $\eps = 1/T$",
    "exact": r"SMC, $\eps = 0$",
}

# Instances (T, eps) of the table of looseness, and its rows below S3 with their macros.
CASES = ((8, 0.1), (16, 0.1), (16, 0.2), (32, 0.05))
ASKED = (
    ("$N^*$, exact", "LooseExact"),
    ("S6, predicted", "LoosePredicted"),
    ("S1, certified", "LooseCertified"),
    ("S2, sum", "LooseSum"),
    ("S2, closed form", "LooseClosed"),
    ("ZL-5.1, middle", "LooseMiddle"),
    ("ZL-5.1", "LoosePaper"),
)


# Further figures: each enters the article, with the paragraph that reads it in
# paper/floats/NAME.tex, when its table and its drawing are both there.
DRAWINGS = (
    "exponent",
    "queries",
    "phase",
    "guided",
    "looseness",
    "perturbations",
    "resampling",
    "language",
    "pool",
)


class Missing(Exception):
    """A committed result that the article needs is not there."""


def sci(x: float, digits: int = 2) -> str:
    """Return a positive number for text, to so many digits: plain up to 10^5, else a power."""
    if x < 1e5:
        decimals = digits - 1 - Decimal(x).adjusted()
        return f"{x:.{max(decimals, 0)}f}"
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    return rf"\ensuremath{{{mantissa}\times10^{{{int(power)}}}}}"


def grouped(x: float) -> str:
    """Return an integer with thin spaces between thousands, or a power of ten if it is long."""
    return f"{math.ceil(x):,}".replace(",", r"\,") if x < 1e7 else sci(x)


def table(spec: str, head: str, rows: Iterable[str]) -> str:
    """Return a booktabs table."""
    body = "\n".join(row if row == r"\midrule" else rf"{row} \\" for row in rows)
    return (
        rf"\begin{{tabular}}{{{spec}}}" + f"\n\\toprule\n{head} \\\\\n\\midrule\n{body}\n"
        "\\bottomrule\n\\end{tabular}\n"
    )


def headline_rows() -> list[Row]:
    """Return the table of the headline experiment."""
    path = RESULTS / "headline.csv"
    if not path.exists() or not (FIGURES / "headline.pdf").exists():
        raise Missing("results/headline.csv or figures/output/headline.pdf: run `make figures`")
    return read_table(path)


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


def headline_numbers(rows: list[Row]) -> dict[str, str]:
    """What the text says about the headline experiment."""
    by_name = {name: [row for row in rows if row["series"] == name] for name in SERIES}
    last = {name: group[-1] for name, group in by_name.items()}
    smc = [row for row in rows if row["method"] == "smc" and row["T"] >= 16]
    ratios = [row["n_star"] / row["first_order"] for row in smc]
    kappa = last["naive"]["kl"] / (last["naive"]["T"] - 1)
    return {
        "HeadlineDelta": f"{last['naive']['delta']:g}",
        "HeadlineHorizon": f"{last['naive']['T']:.0f}",
        "HeadlineDrift": f"{last['naive']['drift']:g}",
        "HeadlineNaive": sci(last["naive"]["reference_draws"]),
        "HeadlineConstant": sci(last["constant"]["reference_draws"]),
        "HeadlineOverT": sci(last["over-T"]["reference_draws"]),
        "HeadlineLogOverT": sci(last["log-over-T"]["reference_draws"]),
        "HeadlineExact": sci(last["exact"]["reference_draws"]),
        "HeadlineEps": f"{CONSTANT:g}",
        "HeadlineRate": f"{2 * portable.log1p(CONSTANT):.4f}",
        "HeadlineKappa": f"{kappa:.4f}",
        "FirstOrderLow": f"{min(ratios):.2f}",
        "FirstOrderHigh": f"{max(ratios):.2f}",
    }


def numbers_tex(rows: list[Row]) -> str:
    """Return one macro per number of the text."""
    numbers = {
        **persistent_numbers(),
        **fair_bit_numbers(),
        **one_step_numbers(),
        **overreading_numbers(),
        **headline_numbers(rows),
        **looseness_numbers(),
        **exponent_numbers(),
        **queries_numbers(),
        **perturbations_numbers(),
        **resampling_numbers(),
        **language_numbers(),
        **pool_numbers(),
    }
    return "".join(f"\\newcommand{{\\num{name}}}{{{x}}}\n" for name, x in numbers.items())


def growth_tex(rows: list[Row]) -> str:
    """Return the fitted laws of growth of the headline experiment beside theory."""
    return table(
        "@{}llllr@{}",
        r"series & theory & fitted & S6 & $\chi^2\!/\nu$",
        filter(None, (_growth_row(rows, name) for name in SERIES)),
    )


def _growth_row(rows: list[Row], name: str) -> str | None:
    fit = fit_series(rows, name)
    if fit is None:
        return None
    term = SERIES[name].growth[-1]
    value, half = fit.coefficient(term), np.ptp(fit.interval(term)) / 2
    digits = 2 if term == "log T" else -Decimal(half).adjusted()
    fitted = rf"${value:.{digits}f} \pm {half:.{digits}f}$"
    quality = f"{fit.chi2_dof:.1f}" if fit.weighted else "---"
    cells = (SERIES_NAMES[name], _growth_theory(rows, name), fitted)
    return " & ".join((*cells, _growth_predicted(rows, name), quality))


def _growth_theory(rows: list[Row], name: str) -> str:
    last = [row for row in rows if row["series"] == "naive"][-1]
    kappa, hidden = last["kl"] / (last["T"] - 1), 2 * portable.log1p(CONSTANT)
    return {
        "naive": f"rate {kappa:.4f}",
        "naive-constant": f"rate {kappa + hidden:.4f}",
        "constant": f"rate {hidden:.4f}",
        "log-over-T": r"degree $\to 2$",
        "over-T": "degree 1",
        "exact": r"degree $\tfrac12$",
    }[name]


def _growth_predicted(rows: list[Row], name: str) -> str:
    """Return the same coefficient for the particles that S6 predicts, at the same horizons."""
    series, first = SERIES[name], FIT_FROM[SERIES[name].growth[-1]]
    if series.method == "naive":
        return "---"
    used = [row for row in rows if row["series"] == name and row["T"] >= first]
    T, log_n = ([row["T"] for row in used], [portable.log(row["first_order"]) for row in used])
    value = fit_growth(T, log_n, None, series.growth).coefficient(series.growth[-1])
    return f"{value:.2f}" if series.growth[-1] == "log T" else f"{value:.4f}"


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


def looseness_tex() -> str:
    """Return what each bound asks for on `needle`, beside the exact N*, at delta = 1/10."""
    labels = ("S3, queries needed", *(label for label, _ in ASKED))
    columns = [looseness(T, eps) for T, eps in CASES]
    head = " & ".join(["", *(rf"$T={T}$, $\eps={eps:g}$" for T, eps in CASES)])
    rows = (
        " & ".join([label, *map(grouped, cells)])
        for label, *cells in zip(labels, *columns, strict=True)
    )
    return table("@{}l" + "r" * len(CASES) + "@{}", head, rows)


@cache
def looseness(T: int, eps: float, delta: float = 0.1) -> tuple[float, ...]:
    """Return S3's queries and then the particles of `ASKED`, on `needle`."""
    tree = families.needle(T, eps)
    L = values.ratio_bound(tree)
    exact = lineage.least_particles_exact(tree, delta)
    certified = certificate.log_certified_particles(tree, delta)
    if exact is None or certified is None:
        raise Missing(f"N* or S1's N on needle T={T}, eps={eps}: above the cap of their search")
    return (
        max(portable.exp(bounds.log_hidden_queries(T, eps, delta)), 0),
        exact,
        certificate.first_order_constant(tree)[0] / delta,
        math.ceil(portable.exp(certified)),
        portable.exp(bounds.log_uniform_particles(T, eps, L, delta)),
        portable.exp(bounds.log_uniform_particles_simple(T, eps, L, delta)),
        portable.exp(bounds.log_zhu_lu_middle_tv(T, eps, L, 1)) / delta,
        portable.exp(bounds.log_zhu_lu_particles(T, eps, L, delta)),
    )


def looseness_numbers() -> dict[str, str]:
    """Range over the cases of what each bound asks for, over N*."""
    columns = np.array([looseness(T, eps) for T, eps in CASES])[:, 1:]
    found = {}
    for (_, name), ratios in zip(ASKED, (columns / columns[:, :1]).T, strict=True):
        found |= {f"{name}Least": sci(min(ratios), 3), f"{name}Most": sci(max(ratios), 3)}
    return found


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


def figures_tex() -> str:
    """Return the inputs of the further figures that exist."""
    return "".join(f"\\input{{floats/{name}}}\n" for name in DRAWINGS if _drawn(name))


def _drawn(name: str) -> bool:
    return (RESULTS / f"{name}.csv").exists() and (FIGURES / f"{name}.pdf").exists()


def exponent_numbers() -> dict[str, str]:
    """Range of the exponents fitted on `needle`; nothing if that experiment is not there."""
    if not _drawn("exponent"):
        return {}
    rows = read_table(RESULTS / "exponent.csv")
    fitted = [
        fit_exponent(rows, eps).coefficient("T") / portable.log1p(eps)
        for eps in sorted({row["eps"] for row in rows})
    ]
    return {"ExponentLow": f"{min(fitted):.3f}", "ExponentHigh": f"{max(fitted):.3f}"}


def queries_numbers() -> dict[str, str]:
    """Queries and particles for TV <= 1/10 on one `needle`, and SMC with as many as symbols."""
    if not _drawn("queries"):
        return {}
    population, delta = of(read_table(RESULTS / "queries.csv"), series="run")[0], 0.1
    T, eps = int(population["T"]), population["eps"]
    tree = families.needle(T, eps)
    H, mass = n_symbols(tree), float(values.target_law(tree)[0])
    return {
        "QueriesHorizon": f"{T}",
        "QueriesEps": f"{eps:g}",
        "QueriesSymbols": f"{H}",
        "QueriesNeeded": f"{least_queries(H, mass, delta)}",
        "QueriesParticles": f"{lineage.least_particles_exact(tree, delta)}",
        "QueriesCrowd": f"{lineage.lineage_law(tree, H)[0]:.3f}",
    }


def perturbations_numbers() -> dict[str, str]:
    """Cost of the perturbations at one T, median over draws; exponents fitted in T."""
    if not _drawn("perturbations"):
        return {}
    rows = read_table(RESULTS / "perturbations.csv")

    def cost(series: str, eps: float) -> str:
        used = of(rows, series=series, T=ERROR_HORIZON, eps=eps)
        return sci(float(np.median([row["n_star"] for row in used])))

    rates = [fit_horizon(rows, series, "T").coefficient("T") for series in COMPOUNDING]
    fitted = [rate / portable.log1p(EPS) for rate in rates]
    largest = max(row["eps"] for row in rows)
    return {
        "PerturbHorizon": f"{ERROR_HORIZON}",
        "PerturbEps": f"{EPS:g}",
        "PerturbPersistent": cost("persistent", EPS),
        "PerturbHidden": cost("hidden", EPS),
        "PerturbRandom": cost("random_sign", EPS),
        "PerturbNoise": cost("value_noise", EPS),
        "PerturbExact": cost("exact", 0.0),
        "PerturbNaive": cost("naive", 0.0),
        "PerturbSmall": cost("persistent", 0.01),
        "PerturbLargestEps": f"{largest:g}",
        "PerturbLargestNoise": cost("value_noise", largest),
        "PerturbLargestRandom": cost("random_sign", largest),
        "PerturbExponentLow": f"{min(fitted):.3f}",
        "PerturbExponentHigh": f"{max(fitted):.3f}",
    }


def resampling_numbers() -> dict[str, str]:
    """Particles at the longest horizon of `needle`, and particles for each further step of T."""
    if not _drawn("resampling"):
        return {}
    rows = read_table(RESULTS / "resampling.csv")
    drifting = of(rows, family="needle_in_drift", scheme="naive")[-1]
    T = max(row["T"] for row in of(rows, family="needle"))
    longest = [row for row in of(rows, family="needle", T=T) if row["n_star"]]
    most = max(r["n_star"] for r in of(longest, kappa=1.0) if r["scheme"] != "multinomial")
    slope = {
        key: rf"\ensuremath{{{b:.2f} \pm {half:.2f}}}" for key, (b, half) in slopes(rows).items()
    }
    ideal = law_slope(of(rows, family="needle_in_drift", scheme="ideal"))
    return {
        "ResampleHorizon": f"{longest[0]['T']:g}",
        "ResampleMultinomial": f"{of(longest, scheme='multinomial', kappa=1.0)[0]['n_star']:g}",
        "ResampleLowVariance": f"{most:g}",
        "ResampleAdaptive": f"{max(r['n_star'] for r in of(longest, kappa=0.5)):g}",
        "ResampleNaive": sci(drifting["n_star"]),
        "ResampleNaiveHorizon": f"{drifting['T']:g}",
        "ResampleSlopeNeedle": slope["needle", "multinomial", 1.0],
        "ResampleSlopeMultinomial": slope["needle_in_drift", "multinomial", 1.0],
        "ResampleSlopeAdaptive": slope["needle_in_drift", "multinomial", 0.5],
        "ResampleSlopeStratified": slope["needle_in_drift", "stratified", 1.0],
        "ResampleSlopeSystematic": slope["needle_in_drift", "systematic", 1.0],
        "ResampleSlopeIdeal": f"{ideal:.2f}",
    }


def pool_numbers() -> dict[str, str]:
    """Least cost of Algorithm 2 at eps = 1/T, its limit, and the degrees of the cost in T."""
    if not _drawn("pool"):
        return {}
    rows = read_table(RESULTS / "pool.csv")
    last = of(rows, series="least", c=1)[-1]
    fits = {c: fit_degree(rows, c) for c in (0.0, 1.0)}
    degree = {
        c: rf"\ensuremath{{{f.coefficient('log T'):.2f} \pm {np.ptp(f.interval('log T')) / 2:.2f}}}"
        for c, f in fits.items()
    }
    return {
        "PoolDelta": f"{last['delta']:g}",
        "PoolHorizon": f"{last['T']:g}",
        "PoolShare": rf"\ensuremath{{{last['cost'] / last['T'] ** 2:.2f}\,T^2}}",
        "PoolLeast": f"{last['M']:g}",
        "PoolIterations": f"{last['H']:g}",
        "PoolLimit": f"{of(rows, series='limit', c=1)[0]['cost']:.2f}",
        "PoolFixed": f"{of(rows, series='fixed H', c=1)[0]['H']:g}",
        "PoolDegree": degree[1.0],
        "PoolExactDegree": degree[0.0],
    }


def language_numbers() -> dict[str, str]:
    """Particles and errors of the reward models of a small language model."""
    if not _drawn("language"):
        return {}
    rows = read_table(RESULTS / "language.csv")

    def cell(series: str, x: float, key: str, digits: int = 2) -> str:
        return sci(of(rows, series=series, x=x, seed=0)[0][key], digits)

    most = max(row["x"] for row in of(rows, series="hard"))
    return {
        "LanguageHorizon": f"{rows[0]['T']:g}",
        "LanguageNaive": grouped(of(rows, series="naive")[0]["n_star"]),
        "LanguageExact": cell("exact", 0, "n_star"),
        "LanguageExactVariance": cell("exact", 0, "v", 3),
        "LanguageRegressionEps": cell("regression", 1e3, "eps"),
        "LanguageRegression": cell("regression", 1e3, "n_star", 3),
        "LanguageTrainedEps": cell("regression", 1e6, "eps"),
        "LanguageTrained": cell("regression", 1e6, "n_star", 3),
        "LanguageHardFewEps": cell("hard", 2, "eps"),
        "LanguageHardFew": cell("hard", 2, "n_star"),
        "LanguageHardMany": grouped(most),
        "LanguageHardManyEps": cell("hard", most, "eps", 3),
        "LanguageShortValue": cell("short", 10, "eps_value"),
        "LanguageShort": cell("short", 10, "n_star"),
        "LanguageLeastEps": cell("least-variance", 0, "eps"),
        "LanguageLeast": cell("least-variance", 0, "n_star"),
        "LanguageLeastVariance": cell("least-variance", 0, "v", 3),
        "LanguagePower": cell("power", 1.1, "n_star"),
    }


def generate() -> dict[str, str]:
    """Return the text of every generated file."""
    rows = headline_rows()
    texts = {
        "numbers.tex": numbers_tex(rows),
        "growth.tex": growth_tex(rows),
        "exponents.tex": exponents_tex(),
        "looseness.tex": looseness_tex(),
        "claims.tex": claims_tex(CLAIMS.values()),
        "figures.tex": figures_tex(),
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
    except Missing as missing:
        print(f"paper: missing {missing}", file=sys.stderr)
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
