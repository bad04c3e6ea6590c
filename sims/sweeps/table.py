"""Results as one tidy table, written row by row: any number of rows in the same memory.

In CSV floats have 12 significant digits, and absent values are empty. Dates and timings stay out,
so the same results are the same bytes.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.files import write_atomically
from treesmc.sims.sweeps.shards import Row

GROUP = 10_000  # rows of a Parquet row group


def write_csv(rows: Iterable[Row], columns: Sequence[str], path: Path) -> Path:
    """Write the columns of the rows as CSV, atomically, and return the path."""

    def write(handle: BinaryIO) -> None:
        handle.writelines(csv_lines(rows, columns))

    write_atomically(path, write)
    return path


def csv_lines(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[bytes]:
    """Yield the lines of a table, header first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([_cell(row.get(column)) for column in columns])
    yield _taken(buffer)


def collect(rows: Sequence[Row], columns: Sequence[str], path: Path) -> Path:
    """Write the columns of the rows as CSV and return the path.

    A table that would not change is left alone.
    """
    data = b"".join(csv_lines(rows, columns))
    if not (path.exists() and path.read_bytes() == data):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(rows, columns, path)
    return path


def read_table(path: Path) -> list[Row]:
    """Read a collected table: numbers as floats, empty cells as None, the rest as text."""
    with path.open(newline="", encoding="utf-8") as handle:
        return [{key: _value(cell) for key, cell in row.items()} for row in csv.DictReader(handle)]


def write_parquet(rows: Iterable[Row], types: dict[str, type], path: Path) -> Path:
    """Write the rows as Parquet, atomically, and return the path.

    Parameters
    ----------
    rows : iterable of dict
    types : dict
        Columns, and whether they hold `str`, `int`, `bool` or `float`; all may be null.

    Raises
    ------
    BadInput
        If pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise BadInput(f"{path}: needs pyarrow; pip install 'treesmc[parquet]'") from None
    arrow = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64()}
    schema = pa.schema([(name, arrow[kind]) for name, kind in types.items()])

    def write(handle: BinaryIO) -> None:
        remaining = iter(rows)
        with parquet.ParquetWriter(handle, schema) as writer:
            while group := list(islice(remaining, GROUP)):
                writer.write_table(pa.Table.from_pylist(group, schema))

    write_atomically(path, write)
    return path


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _value(cell: str) -> float | str | None:
    if cell == "":
        return None
    try:
        return float(cell)
    except ValueError:
        return cell
