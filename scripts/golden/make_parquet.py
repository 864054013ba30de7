"""Writes the small Parquet files of Tests/Fixtures/parquet, each with the rows a reader must give beside it as JSONL.

Files that hold the same rows share one: without `codec-gzip-v1.jsonl` it is `codec.jsonl`.

    python make_parquet.py Tests/Fixtures/parquet        (made with pyarrow 26.0.1)
"""

import datetime
import decimal
import gzip
import json
import pathlib
import random
import sys
import zoneinfo

import pyarrow as pa
import pyarrow.parquet as pq

from compare_parquet import stored

FOLDER = pathlib.Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)


def expected(table):
    kinds = {f.name: f.type for f in table.schema}
    lines = [json.dumps({k: stored(v, kinds[k]) for k, v in row.items()}, ensure_ascii=False)
             for row in table.to_pylist()]
    return "".join(line + "\n" for line in lines)


def save(name, table, slices=None, rows=True, **options):
    path = FOLDER / f"{name}.parquet"
    options.setdefault("write_statistics", False)
    options.setdefault("store_schema", False)
    with pq.ParquetWriter(path, table.schema, **options) as writer:
        for start, length in slices or [(0, table.num_rows)]:
            writer.write_table(table.slice(start, length))
    if rows:
        shared = FOLDER / (name.split("-")[0] + ".jsonl")
        text = expected(table)
        if not shared.exists():
            shared.write_text(text)
        elif shared.read_text() != text:
            path.with_suffix(".jsonl").write_text(text)


rng = random.Random(7)
words = "the a old new river house was is very not quite calm loud über naïve 日本 saw took gave seven".split()


def sentence(n):
    return " ".join(rng.choice(words) for _ in range(n))


# Codecs and page versions, with text long enough for matches, literals and entropy coding.
pairs = pa.table({
    "premise": [sentence(rng.randrange(3, 25)) for _ in range(60)],
    "hypothesis": [None if i % 7 == 3 else sentence(rng.randrange(1, 9)) for i in range(60)],
    "label": pa.array([rng.randrange(3) for _ in range(60)], pa.int64()),
})
for codec in ["none", "snappy", "gzip", "zstd", "lz4"]:
    for version in ["1.0", "2.0"]:
        save(f"codec-{codec}-v{version[0]}", pairs, compression=codec, data_page_version=version,
             write_page_checksum=version == "2.0", use_dictionary=["label"])
save("codec-brotli", pairs, compression="brotli", rows=False)
for level in [-5, 3, 9, 19, 22]:
    save(f"codec-zstd-level{level}", pairs, compression="zstd", compression_level=level, use_dictionary=False)
noise = pa.table({"text": ["".join(chr(rng.randrange(32, 127)) for _ in range(1500)), "x" * 20000, "ab" * 2000, ""]})
for codec in ["snappy", "gzip", "zstd", "lz4"]:
    save(f"noise-{codec}", noise, compression=codec, use_dictionary=False)

# Encodings.
numbers = pa.table({
    "small": pa.array([i * 3 - 50 if i % 11 else None for i in range(400)], pa.int32()),
    "large": pa.array([rng.randrange(-2**63, 2**63) for _ in range(399)] + [2**63 - 1], pa.int64()),
    "flag": pa.array([i % 5 < 2 if i % 13 else None for i in range(400)], pa.bool_()),
    "real": pa.array([rng.uniform(-1, 1) for _ in range(400)], pa.float64()),
})
save("delta-numbers", numbers.slice(0, 300), use_dictionary=False, data_page_version="2.0", compression="zstd",
     column_encoding={"small": "DELTA_BINARY_PACKED", "large": "DELTA_BINARY_PACKED", "flag": "RLE",
                      "real": "BYTE_STREAM_SPLIT"})
save("split-numbers", numbers.slice(0, 200), use_dictionary=False,
     column_encoding={"small": "BYTE_STREAM_SPLIT", "large": "BYTE_STREAM_SPLIT", "flag": "PLAIN",
                      "real": "BYTE_STREAM_SPLIT"})
names = sorted(f"{rng.choice(words)}-{rng.choice(words)}-{i % 37}" for i in range(150))
texts = pa.table({
    "shared": names, "length": [sentence(rng.randrange(4)) for _ in names],
    "fixed": pa.array([n.encode()[:4].ljust(4, b"_")[:4] if n.isascii() else b"none" for n in names], pa.binary(4)),
})
save("delta-texts", texts, use_dictionary=False,
     column_encoding={"shared": "DELTA_BYTE_ARRAY", "length": "DELTA_LENGTH_BYTE_ARRAY", "fixed": "DELTA_BYTE_ARRAY"})
save("dictionary-fallback", pairs, compression="snappy", dictionary_pagesize_limit=300, data_page_size=200,
     write_batch_size=5)
save("dictionary-v1", pairs.select(["label", "hypothesis"]), version="1.0", compression="none")
save("tiny-pages", pairs, data_page_size=1, write_batch_size=3, compression="snappy", data_page_version="2.0",
     write_page_checksum=True)
save("checksums", pairs.slice(0, 20), compression="none", use_dictionary=False, write_page_checksum=True)

# Types.
types = pa.table({
    "int8": pa.array([-128, None, 127], pa.int8()), "uint8": pa.array([255, 0, None], pa.uint8()),
    "int16": pa.array([None, -32768, 5], pa.int16()), "uint32": pa.array([2**32 - 1, 1, None], pa.uint32()),
    "uint64": pa.array([2**64 - 1, 7, None], pa.uint64()), "half": pa.array([1.5, -6e-8, 65504], pa.float16()),
    "float": pa.array([3.799999952316284, None, -0.1], pa.float32()), "double": pa.array([1e300, -0.0, 5e-324]),
    "date": pa.array([datetime.date(1969, 12, 31), None, datetime.date(2024, 2, 29)]),
    "time": pa.array([datetime.datetime(2020, 1, 2, 3, 4, 5, 6), None, None], pa.timestamp("us")),
    "decimal": pa.array([decimal.Decimal("-123.45"), None, decimal.Decimal("0.07")], pa.decimal128(9, 2)),
    "wide": pa.array([decimal.Decimal("-12345678901234567890.5"), None, decimal.Decimal("1")], pa.decimal256(50, 3)),
    "category": pa.array(["x", None, "y"]).dictionary_encode(), "nothing": pa.nulls(3),
    "text": pa.array(["", "é\u0000😀", None], pa.large_string()),
})
save("types", types)
save("types-decimals-as-integers", types.select(["decimal"]), store_decimal_as_integer=True)
berlin = zoneinfo.ZoneInfo("Europe/Berlin")
moment = datetime.datetime(2024, 5, 1, 13, 45)
times = pa.table({
    "second": pa.array([moment, None, datetime.datetime(1969, 12, 31, 23, 59, 59)], pa.timestamp("s")),
    "milli": pa.array([moment.replace(microsecond=250000), None, datetime.datetime(1900, 3, 1)], pa.timestamp("ms")),
    "nano": pa.array([1714571100000000001, None, -1], pa.timestamp("ns")),
    "utc": pa.array([moment, None, datetime.datetime(2000, 2, 29, 0, 0, 0, 1)], pa.timestamp("us", "UTC")),
    "zone": pa.array([moment.replace(tzinfo=berlin), None, datetime.datetime(2024, 1, 1, tzinfo=berlin)],
                     pa.timestamp("us", "Europe/Berlin")),
    "time": pa.array([datetime.time(13, 45), None, datetime.time(23, 59, 59, 999000)], pa.time32("ms")),
    "fine": pa.array([datetime.time(0, 0, 0, 1), None, datetime.time(9, 5, 7)], pa.time64("us")),
    "old": pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1600, 2, 29)]),
    "price": pa.array([decimal.Decimal("12.50"), decimal.Decimal("-0.05"), None], pa.decimal128(9, 2)),
    "whole": pa.array([decimal.Decimal(7), decimal.Decimal(-70), None], pa.decimal128(9, 0)),
    "seen": pa.array([18446744073709551615, 2**63, 2**63 - 1], pa.uint64()),
    "single": pa.array([3.8, 0.1, 1e20], pa.float32()), "half": pa.array([0.1, 1.0, -2.7], pa.float16()),
})
save("times", times, coerce_timestamps=None)
save("times-old", times.select(["milli", "utc", "time", "old", "price"]), version="1.0")
save("int96", types.select(["time"]), use_deprecated_int96_timestamps=True, rows=False)

# Nesting: the shapes of hellaswag, openbookqa and record, and lists in lists, in structs, in maps.
element = pa.field("element", pa.int32())
nested = pa.table({
    "endings": pa.array([["a", "b"], [], None, [None, "c"]], pa.list_(pa.string())),
    "choices": pa.array([{"text": ["x", "y"], "label": ["A", "B"]}, {"text": [], "label": None}, None,
                         {"text": None, "label": [None]}],
                        pa.struct([("text", pa.list_(pa.string())), ("label", pa.list_(pa.string()))])),
    "spans": pa.array([[{"start": 1, "text": "p"}, None], [], [{"start": None, "text": None}], None],
                      pa.list_(pa.struct([("start", pa.int32()), ("text", pa.string())]))),
    "grid": pa.array([[[1, 2], []], [None, [None]], [], None], pa.list_(pa.list_(pa.int64()))),
    "map": pa.array([[("k", [1]), ("l", None)], [], None, [("k", [])]], pa.map_(pa.string(), pa.list_(pa.int32()))),
    "idx": pa.array([{"a": {"b": i if i != 2 else None}} for i in range(4)],
                    pa.struct([pa.field("a", pa.struct([pa.field("b", pa.int32())]), nullable=False)])),
})
for version in ["1.0", "2.0"]:
    save(f"nested-v{version[0]}", nested, data_page_version=version)
save("nested-old-names", nested, use_compliant_nested_type=False)
lists = pa.table({"long": [list(range(i, i + 40)) if i % 3 else ([] if i % 2 else None) for i in range(60)],
                  "id": list(range(60))})
save("nested-tiny-pages", lists, data_page_size=64, write_batch_size=1, use_dictionary=False, compression="snappy")

# Row groups.
save("groups", pairs.slice(0, 20), [(0, 3), (3, 0), (3, 1), (4, 16), (20, 0)])
save("no-rows", pairs.slice(0, 0), [])
save("empty-group", pairs.slice(0, 0), [(0, 0)])
save("all-null", pa.table({"a": pa.nulls(50, pa.string()), "b": pa.nulls(50, pa.list_(pa.int32()))}))

# What the Hugging Face library adds for class labels.
features = {"premise": {"dtype": "string", "_type": "Value"}, "hypothesis": {"dtype": "string", "_type": "Value"},
            "label": {"names": ["entailment", "neutral", "contradiction"], "_type": "ClassLabel"}}
save("class-labels", pairs.slice(0, 3).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), store_schema=True)

# Files compressed as a whole.
rows = expected(pairs.slice(0, 30))
(FOLDER / "rows.jsonl.gz").write_bytes(gzip.compress(rows[:2000].encode(), mtime=0) + gzip.compress(rows[2000:].encode(), mtime=0))
for level in (1, 19):
    (FOLDER / f"rows-{level}.jsonl.zst").write_bytes(pa.Codec("zstd", level).compress(rows.encode(), asbytes=True))
(FOLDER / "rows.jsonl").write_text(rows)
