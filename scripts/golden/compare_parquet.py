"""Writes random Parquet files with the rows that a reader must give, for a randomised comparison.

    python compare_parquet.py FOLDER [--files 200] [--seed 1] [--maximum-rows 100000]
    python compare_parquet.py FOLDER --existing SOURCE
    PEFT_BENCH_PARQUET_FOLDER=FOLDER swift test --filter "Parquet comparison"

Each file `N.parquet` has its rows beside it in `N.jsonl`. Schemas, nulls, nesting (two levels of lists and structs),
row groups (empty ones among them), encodings, codecs, page versions and sizes, dictionaries with fall-back and
checksums are drawn at random. With `--existing`, the files are those below SOURCE instead (such as parquet-testing's) as
far as pyarrow reads them and they hold nothing but what a text table can.
"""

import argparse
import datetime
import decimal
import json
import pathlib
import random
import shutil

import numpy
import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ["none", "snappy", "gzip", "zstd", "lz4"]
WORDS = ["", "a", "entailment", "neutral", "Was für ein Satz.", "日本語のテキスト", "emoji 😀", "tab\tand \"quotes\"\n",
         "The quick brown fox jumps over the lazy dog. " * 3]


def text(rng, style):
    if style == "few":
        return rng.choice(WORDS)
    if style == "long":
        return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(30)))
    return rng.choice(WORDS) + str(rng.randrange(10**rng.randrange(1, 12)))


LEAVES = {
    "bool": (pa.bool_(), lambda r, s: r.random() < 0.3),
    "int8": (pa.int8(), lambda r, s: r.randrange(-128, 128)),
    "uint8": (pa.uint8(), lambda r, s: r.randrange(256)),
    "int16": (pa.int16(), lambda r, s: r.randrange(-2**15, 2**15)),
    "int32": (pa.int32(), lambda r, s: r.randrange(-2**31, 2**31) if s else r.randrange(3)),
    "uint32": (pa.uint32(), lambda r, s: r.randrange(2**32)),
    "int64": (pa.int64(), lambda r, s: r.choice([r.randrange(-2**63, 2**63), r.randrange(100)])),
    "uint64": (pa.uint64(), lambda r, s: r.randrange(2**64)),
    "sorted": (pa.int64(), None),
    "float": (pa.float32(), lambda r, s: r.uniform(-1e3, 1e3)),
    "half": (pa.float16(), lambda r, s: r.uniform(-100, 100)),
    "double": (pa.float64(), lambda r, s: r.choice([0.0, -1.5, r.uniform(-1e300, 1e300)])),
    "string": (pa.string(), text),
    "large_string": (pa.large_string(), text),
    "fixed": (pa.binary(5), lambda r, s: bytes(r.choice(b"abcdef") for _ in range(5))),
    "decimal": (pa.decimal128(12, 3), lambda r, s: decimal.Decimal(r.randrange(-10**11, 10**11)).scaleb(-3)),
    "wide": (pa.decimal256(50, 10), lambda r, s: decimal.Decimal(r.randrange(-10**18, 10**18)).scaleb(-10)),
    "date": (pa.date32(), lambda r, s: datetime.date(1970, 1, 1) + datetime.timedelta(r.randrange(-9999, 20000))),
    "day_time": (pa.time64("us"), lambda r, s: datetime.time(r.randrange(24), r.randrange(60), r.randrange(60), r.choice([0, r.randrange(10**6)]))),
    "instant": (pa.timestamp("ms", "UTC"), lambda r, s: datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=r.randrange(-10**12, 10**13))),
    "timestamp": (pa.timestamp("us"), lambda r, s: datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=r.randrange(10**9), microseconds=r.randrange(10**6))),
}


def random_type(rng, depth):
    roll = rng.random()
    if depth == 0 or roll < 0.55:
        name = rng.choice(list(LEAVES))
        style = rng.choice(["few", "long", "many"])
        kind, make = LEAVES[name]
        if name == "sorted":
            state = [0]

            def make(r, s):
                state[0] += r.randrange(20)
                return state[0]
        return kind, lambda r: make(r, style)
    if roll < 0.75:
        inner, make = random_type(rng, depth - 1)
        nullable = rng.random() < 0.6
        most = rng.choice([1, 3, 10])
        share = rng.choice([0, 0.2]) if nullable else 0
        field = pa.field(rng.choice(["element", "item"]), inner, nullable=nullable)
        kind = pa.list_(field) if rng.random() < 0.8 else pa.large_list(field)
        return kind, lambda r: [None if r.random() < share else make(r) for _ in range(r.randrange(most + 1))]
    if roll < 0.93:
        fields = []
        for i in range(rng.randrange(1, 4)):
            inner, make = random_type(rng, depth - 1)
            nullable = rng.random() < 0.7
            fields.append((f"f{i}", inner, make, nullable, rng.choice([0, 0.3]) if nullable else 0))
        kind = pa.struct([pa.field(n, t, nullable=x) for n, t, _, x, _ in fields])
        return kind, lambda r: {n: None if r.random() < s else m(r) for n, _, m, _, s in fields}
    inner, make = random_type(rng, depth - 1)
    return pa.map_(pa.string(), inner), lambda r: [(text(r, "many"), make(r)) for _ in range(r.randrange(4))]


def stored(value, kind):
    """The value as a reader gives it: maps as lists of pairs, and what JSON has no exact form for as `str` has it."""
    if value is None:
        return None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [stored(v, kind.value_type) for v in value]
    if pa.types.is_struct(kind):
        return {kind.field(i).name: stored(value[kind.field(i).name], kind.field(i).type) for i in range(kind.num_fields)}
    if pa.types.is_map(kind):
        return [{"key": stored(k, kind.key_type), "value": stored(v, kind.item_type)} for k, v in value]
    if pa.types.is_timestamp(kind):
        # The zone's name is not Parquet's; the instant is, in UTC.
        return str(value if kind.tz is None else value.astimezone(datetime.timezone.utc))
    if isinstance(value, (datetime.date, datetime.time)):
        return str(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        spelled = str((numpy.float32 if pa.types.is_float32(kind) else numpy.float16)(value))
        return value if value.is_integer() and abs(value) < 2**53 else float(spelled)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**63:
        return str(value)
    return value


def leaf_paths(schema, compliant):
    paths = []

    def walk(prefix, kind, optional_name):
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            walk(f"{prefix}.list.{'element' if compliant else kind.value_field.name}", kind.value_type, None)
        elif pa.types.is_struct(kind):
            for i in range(kind.num_fields):
                walk(f"{prefix}.{kind.field(i).name}", kind.field(i).type, None)
        elif pa.types.is_map(kind):
            walk(f"{prefix}.key_value.key", kind.key_type, None)
            walk(f"{prefix}.key_value.value", kind.item_type, None)
        else:
            paths.append((prefix, kind))

    for field in schema:
        walk(field.name, field.type, None)
    return paths


def encodings(kind, version2):
    if pa.types.is_boolean(kind):
        return ["PLAIN", "RLE"]
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        return ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_decimal(kind):
        return ["PLAIN", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"]
    if pa.types.is_floating(kind):
        return ["PLAIN", "BYTE_STREAM_SPLIT"]
    return ["PLAIN"]


def write(rng, path, maximum_rows):
    rows = rng.choice([0, 1, 2, rng.randrange(100), rng.randrange(3000), rng.randrange(1, maximum_rows + 1)])
    columns = rng.randrange(1, 3 if rows > 20000 else 7)
    fields, data = [], []
    for c in range(columns):
        kind, make = random_type(rng, 2)
        nullable = rng.random() < 0.8
        share = rng.choice([0, 0.05, 0.5, 1]) if nullable else 0
        fields.append(pa.field(f"c{c}", kind, nullable=nullable))
        run = rng.choice([1, 1, 40])
        values = []
        while len(values) < rows:
            value = None if rng.random() < share else make(rng)
            values += [value] * min(rng.randrange(1, run + 1), rows - len(values))
        data.append(values)
    schema = pa.schema(fields)
    table = pa.table([pa.array(v, f.type) for v, f in zip(data, fields)], schema=schema)
    compliant = rng.random() < 0.7
    paths = leaf_paths(schema, compliant)
    options = dict(
        compression={p: rng.choice(CODECS) for p, _ in paths} if rng.random() < 0.5 else rng.choice(CODECS),
        data_page_version=rng.choice(["1.0", "2.0"]),
        data_page_size=rng.choice([100, 1000, 20000, 1 << 20]),
        write_batch_size=rng.choice([1, 7, 100, 1024]) if rows < 3000 else 1024,
        version=rng.choice(["1.0", "2.4", "2.6"]),
        use_compliant_nested_type=compliant,
        write_page_checksum=rng.random() < 0.5,
        write_statistics=rng.random() < 0.5,
        dictionary_pagesize_limit=rng.choice([20, 1000, 1 << 20]),
        write_page_index=rng.random() < 0.2,
        store_schema=rng.random() < 0.5,
        coerce_timestamps="us",
    )
    if rng.random() < 0.5:
        options["use_dictionary"] = False
        options["column_encoding"] = {p: rng.choice(encodings(k, options["data_page_version"] == "2.0")) for p, k in paths}
    else:
        options["use_dictionary"] = rng.choice([True, [p for p, _ in paths if rng.random() < 0.6]])
    with pq.ParquetWriter(path, schema, **options) as writer:
        start = 0
        while start < rows or (start == 0 and rng.random() < 0.5):
            if rng.random() < 0.2:
                writer.write_table(table.slice(0, 0))
            size = rng.choice([1 + rows // 7, rows, rng.randrange(1, rows + 1) if rows else 1, 20000])
            writer.write_table(table.slice(start, size), row_group_size=max(1, size))
            start += max(1, size)
    kinds = {f.name: f.type for f in fields}
    with open(path.with_suffix(".jsonl"), "w") as out:
        for row in table.to_pylist():
            out.write(json.dumps({k: stored(v, kinds[k]) for k, v in row.items()}, ensure_ascii=False) + "\n")


def copy_existing(source, folder):
    """Copies what can be compared, and says why the rest cannot."""
    for path in sorted(source.rglob("*.parquet")):
        name = "-".join(path.relative_to(source).parts)
        try:
            table = pq.ParquetFile(path).read()
            kinds = {f.name: f.type for f in table.schema}
            lines = []
            for row in table.to_pylist():
                values = {k: stored(v, kinds[k]) for k, v in row.items()}
                lines.append(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
        except (pa.ArrowException, OSError, OverflowError, ValueError, TypeError, KeyError) as error:
            print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        shutil.copyfile(path, folder / name)
        (folder / name).with_suffix(".jsonl").write_text("".join(lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--maximum-rows", type=int, default=100_000)
    parser.add_argument("--existing", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.existing:
        copy_existing(arguments.existing, arguments.folder)
    else:
        for number in range(arguments.files):
            rng = random.Random(arguments.seed * 1_000_003 + number)
            write(rng, arguments.folder / f"{number:05}.parquet", arguments.maximum_rows)
