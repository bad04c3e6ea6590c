"""say how every bound grows with T along schedules of the Bellman error, decided by limits

Schedules: 0, c, c/T, c log T/T, and c T^-a for a = 1/2, 3/4, 5/4. A bound is polynomial, of the
degree shown; exponential, of the rate shown; stretched, exp(T^p) up to a constant factor in the
exponent; or 0, where nothing is asked of N. The constants c, L and delta are generic.
"""

import argparse

from treesmc.commands.arguments import add_json
from treesmc.commands.output import emit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table of growth classes."""
    from treesmc.theory.claims import CLAIMS
    from treesmc.theory.growth import SCHEDULES, growth_table

    table = {
        bound: {schedule: str(growth) for schedule, growth in cells.items()}
        for bound, cells in growth_table(CLAIMS.values()).items()
    }
    if args.json:
        emit(table, as_json=True)
        return 0
    names = [schedule.name for schedule in SCHEDULES]
    print(_line("bound", [f"eps = {name}" for name in names]))
    for bound, cells in table.items():
        print(_line(bound, [cells[name] for name in names]))
    return 0


def _line(first: str, cells: list[str]) -> str:
    return f"{first:<15}" + "".join(f"{cell:<22}" for cell in cells).rstrip()
