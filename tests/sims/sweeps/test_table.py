"""Tables: same rows, same bytes; CSV and Parquet hold the same; memory does not grow."""

import tracemalloc

import pytest

from treesmc.sims.sweeps.table import collect, csv_lines, read_table, write_csv, write_parquet

COLUMNS = ("T", "eps", "cost", "none")
ROWS = [{"T": 4, "eps": 0.1, "cost": 16 / 3}, {"T": 8, "eps": 0.1, "cost": 1e300, "else": 1}]


def test_cells(tmp_path):
    table = write_csv(iter(ROWS), COLUMNS, tmp_path / "table.csv")
    lines = table.read_text().splitlines()
    assert lines == ["T,eps,cost,none", "4,0.1,5.33333333333,", "8,0.1,1e+300,"]
    assert read_table(table)[1] == {"T": 8.0, "eps": 0.1, "cost": 1e300, "none": None}


def test_no_rows_are_a_header():
    assert b"".join(csv_lines([], COLUMNS)) == b"T,eps,cost,none\n"


def test_unchanged_table_is_left_alone(tmp_path):
    table = collect(ROWS, COLUMNS, tmp_path / "table.csv")
    before = table.stat().st_ino
    assert collect(ROWS, COLUMNS, table).stat().st_ino == before
    assert collect(ROWS[:1], COLUMNS, table).stat().st_ino != before


def test_table_reads_back(tmp_path):
    table = collect([{"T": 4, "eps": "word", "cost": 1e-300}], COLUMNS, tmp_path / "table.csv")
    assert read_table(table) == [{"T": 4.0, "eps": "word", "cost": 1e-300, "none": None}]


def test_parquet_holds_the_same(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    types = {"T": int, "eps": float, "cost": float, "none": str}
    table = parquet.read_table(write_parquet(iter(ROWS), types, tmp_path / "table.parquet"))
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "double", "string"]
    assert table.to_pylist() == [{name: row.get(name) for name in types} for row in ROWS]


def test_memory_does_not_grow_with_rows():
    def peak(n):
        tracemalloc.start()
        n_bytes = sum(map(len, csv_lines(({"T": T} for T in range(n)), COLUMNS)))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used, n_bytes

    (short, _), (long, n_bytes) = peak(1000), peak(50_000)
    assert long < short + 20_000 < n_bytes
