"""What the article says of reward models of a small language model."""

from treesmc.figures.latex import grouped, sci
from treesmc.figures.rows import of
from treesmc.sims.sweeps.shards import Row


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return particles and errors of the reward models of a small language model."""

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
