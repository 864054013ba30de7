"""Writes the Parquet bombs of Tests/Fixtures/bombs: a few kilobytes each that unpack to gigabytes.

    python make_bombs.py Tests/Fixtures/bombs        (made with pyarrow 26.0.1)
"""

import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)
MILLION = 1 << 20
PLAIN = {"store_schema": False, "write_statistics": False, "data_page_size": 1 << 30}

# Sixty columns, each with one page that repeats a number a million times.
column = pa.array([7] * MILLION, pa.int32())
pq.write_table(pa.table({f"c{i}": column for i in range(60)}), FOLDER / "columns.parquet", compression="none",
               store_schema=False, data_page_size=1 << 30, write_batch_size=MILLION, max_rows_per_page=MILLION)

# One page of three texts of 60 MiB each.
pq.write_table(pa.table({"text": ["a" * (60 << 20)] * 3}), FOLDER / "text.parquet", compression="zstd",
               use_dictionary=False, **PLAIN)

# Sixteen million equal rows.
rows = 16 * MILLION
pq.write_table(pa.table({"sentence": ["a warm film"] * rows, "label": pa.array([1] * rows, pa.int8())}),
               FOLDER / "rows.parquet", compression="zstd", row_group_size=rows, write_batch_size=MILLION,
               max_rows_per_page=MILLION, **PLAIN)
