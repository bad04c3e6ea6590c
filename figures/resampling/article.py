"""What the article says of resampling: particles at the longest horizon, and per step of T."""

from treesmc.figures.latex import fitted, sci
from treesmc.figures.resampling.fits import fit_slope, law_slope
from treesmc.figures.rows import of
from treesmc.sims.sweeps.shards import Row


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return particles at the longest horizon of `needle`, and for each further step of T."""
    drifting = of(rows, family="needle_in_drift", scheme="naive")[-1]
    T = max(row["T"] for row in of(rows, family="needle"))
    longest = [row for row in of(rows, family="needle", T=T) if row["n_star"]]
    most = max(r["n_star"] for r in of(longest, kappa=1.0) if r["scheme"] != "multinomial")

    def step(family: str, scheme: str, kappa: float) -> str:
        return fitted(fit_slope(of(rows, family=family, scheme=scheme, kappa=kappa)), "T")

    ideal = law_slope(of(rows, family="needle_in_drift", scheme="ideal"))
    return {
        "ResampleHorizon": f"{longest[0]['T']:g}",
        "ResampleMultinomial": f"{of(longest, scheme='multinomial', kappa=1.0)[0]['n_star']:g}",
        "ResampleLowVariance": f"{most:g}",
        "ResampleAdaptive": f"{max(r['n_star'] for r in of(longest, kappa=0.5)):g}",
        "ResampleNaive": sci(drifting["n_star"]),
        "ResampleNaiveHorizon": f"{drifting['T']:g}",
        "ResampleSlopeNeedle": step("needle", "multinomial", 1.0),
        "ResampleSlopeMultinomial": step("needle_in_drift", "multinomial", 1.0),
        "ResampleSlopeAdaptive": step("needle_in_drift", "multinomial", 0.5),
        "ResampleSlopeStratified": step("needle_in_drift", "stratified", 1.0),
        "ResampleSlopeSystematic": step("needle_in_drift", "systematic", 1.0),
        "ResampleSlopeIdeal": f"{ideal:.2f}",
    }
