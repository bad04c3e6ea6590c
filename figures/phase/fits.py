"""Growth of N* along the lines of the phase diagram."""

from treesmc.figures.rates import Exponent, log_log

EXPONENTS = (
    Exponent(
        "needle-over-T",
        "degree of N* in T at eps = 1/T, from T = 12 on (ZL-5.2, S2)",
        {"series": "line", "a": 1.0},
        first=12,
        theory=1.0,
        terms=("1", "log T"),
    ),
    Exponent(
        "needle-log-over-T",
        "degree of N* log T in T at eps = log T / (2T), from T = 32 on; about 1 + 2c (S2, S3)",
        {"series": "line", "a": None},
        first=32,
        theory=2.0,
        terms=("1", "log T"),
        offset=log_log,
        allowance=0.1,
    ),
    Exponent(
        "needle-over-root-T",
        "coefficient of sqrt T in log N* at eps = 1/sqrt T, beside log T: beyond every polynomial",
        {"series": "line", "a": 0.5},
        first=12,
        theory=2.0,
        terms=("1", "log T", "sqrt T"),
    ),
)
