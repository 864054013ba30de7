#!/usr/bin/env bash
# Does the mini suite rank methods as a real model does? Rank correlations between the scores of two results folders, with
# bootstrap intervals, and whether effects go the same way. Needs python3.
#
#   scripts/realism.sh MINI REAL [--draws N] [--effect NAME=LOWER:UPPER]...
#
# MINI and REAL are results folders of configs/studies/realism.yaml and realism-smollm2.yaml, or any other two with methods of
# the same labels on datasets of the same names. What is in both is compared: seeds are averaged. An effect is the difference
# that one method's score has to another's, both by their labels: --effect rank=lora-r4:lora-r16. With several sizes of
# training data a label is followed by @ROWS. A draw takes other rows, and for means other datasets: since this adds noise to
# scores that have some already, the intervals lean towards zero.
# A damaged record, and two runs of one label, dataset and seed, end it with status 2.
set -euo pipefail

[[ $# -ge 2 && $1 != -* && $2 != -* ]] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ -d $1/runs && -d $2/runs ]] || { echo "realism.sh: $1 or $2 has no runs" >&2; exit 2; }

exec python3 - "$@" <<'PYTHON'
import argparse
import json
import math
import pathlib
import random
import statistics
import sys

parser = argparse.ArgumentParser(prog="realism.sh")
parser.add_argument("mini", type=pathlib.Path)
parser.add_argument("real", type=pathlib.Path)
parser.add_argument("--draws", type=int, default=2000)
parser.add_argument("--effect", action="append", default=[])
arguments = parser.parse_args()
if arguments.draws < 1:
    parser.error(f"--draws: expected a number of 1 or more, found {arguments.draws}")


def refuse(message):
    print(f"realism.sh: {message}", file=sys.stderr)
    sys.exit(2)


class Score:
    """What one method scored on one dataset, over seeds, and what it could have scored on other rows."""

    def __init__(self):
        self.values, self.rows, self.deviation = [], [], 0.0

    def add(self, record, folder):
        value = record["scores"]["primary"]["value"]
        self.values.append(value)
        rows = [json.loads(line).get("correct") for line in (folder / "predictions.jsonl").read_text().splitlines()]
        if rows and None not in rows and abs(statistics.mean(rows) - value) < 1e-9:
            self.rows.append([float(row) for row in rows])
        else:
            # A score that is no mean over rows (a correlation, CodeBLEU) is drawn around what was measured.
            self.deviation = max(self.deviation, math.sqrt(max(value * (1 - value), 0.01) / max(1, len(rows))))

    @property
    def value(self):
        return statistics.mean(self.values)

    def drawn(self, chosen, source):
        """The score on rows drawn with replacement; the same rows for every method of a dataset."""
        if len(self.rows) == len(self.values):
            return statistics.mean(statistics.mean(rows[i] for i in chosen(len(rows))) for rows in self.rows)
        return source.gauss(self.value, self.deviation)


def read(folder):
    """Scores by method and dataset; a method's label is followed by its training rows where these differ."""
    found, sizes, known = [], {}, {}
    for path in sorted(folder.glob("runs/*/record.json")):
        try:
            record = json.loads(path.read_text())
            if record["method"]["name"] == "none":
                continue
            label, rows = record["method"]["label"], record["data"]["train_rows"]
            place = (label, rows, record["dataset"], record["seed"])
            float(record["scores"]["primary"]["value"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            refuse(f"{path} is no record of a run: {type(error).__name__}: {error}")
        if place in known:
            refuse(f"{path} and {known[place]} are both {label} on {record['dataset']} with seed {record['seed']}; "
                   "their mean would be of neither")
        known[place] = path
        sizes.setdefault((label, record["dataset"]), set()).add(rows)
        found.append((label, rows, record, path.parent))
    scores = {}
    for label, rows, record, run in found:
        several = len(sizes[label, record["dataset"]]) > 1
        key = f"{label}@{rows}" if several else label
        scores.setdefault((key, record["dataset"]), Score()).add(record, run)
    return scores


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for position in range(start, end + 1):
            found[order[position]] = (start + end) / 2
        start = end + 1
    return found


def spearman(left, right):
    """Spearman's rank correlation with average ranks; 0 where one side has no order at all."""
    a, b = ranks(left), ranks(right)
    mean = (len(a) - 1) / 2
    product = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    size = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return product / size if size else 0.0


def interval(values):
    values = sorted(values)
    return values[int(0.025 * len(values))], values[min(len(values) - 1, int(0.975 * len(values)))]


def shown(value, low, high):
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


mini, real = read(arguments.mini), read(arguments.real)
datasets = sorted({dataset for _, dataset in mini} & {dataset for _, dataset in real})
methods = [method for method in dict.fromkeys(method for method, _ in mini)
           if all((method, d) in mini and (method, d) in real for d in datasets)]
if len(methods) < 3 or not datasets:
    sys.exit(f"realism.sh: {len(methods)} methods are in both folders on all of {len(datasets)} common datasets; "
             "a rank correlation needs three")


def draw(scores, source):
    """Scores of all methods on all datasets with other rows."""
    result = {}
    for dataset in datasets:
        choices = {}

        def chosen(count):
            if count not in choices:
                choices[count] = source.choices(range(count), k=count)
            return choices[count]
        for method in methods:
            result[method, dataset] = scores[method, dataset].drawn(chosen, source)
    return result


def means(scores, names):
    return [statistics.mean(scores[method, name] for name in names) for method in methods]


def compare(left, right, names):
    """Correlation for each dataset, and of the methods' means over the named ones."""
    single = {d: spearman([left[m, d] for m in methods], [right[m, d] for m in methods]) for d in datasets}
    return single, statistics.mean(single[d] for d in names), spearman(means(left, names), means(right, names))


source = random.Random(1)
measured = compare({k: s.value for k, s in mini.items()}, {k: s.value for k, s in real.items()}, datasets)
pairs = [(draw(mini, source), draw(real, source)) for _ in range(arguments.draws)]
drawn = [compare(left, right, source.choices(datasets, k=len(datasets))) for left, right in pairs]

table = ["| dataset | rank correlation of methods | mini: lowest to highest | real: lowest to highest |", "|---|---|---|---|"]
for dataset in datasets:
    low, high = interval([single[dataset] for single, _, _ in drawn])
    ends = [f"{100 * min(values):.0f} to {100 * max(values):.0f}"
            for values in ([side[m, dataset].value for m in methods] for side in (mini, real))]
    table.append(f"| {dataset} | {shown(measured[0][dataset], low, high)} | {ends[0]} | {ends[1]} |")
print(f"{len(methods)} methods: {', '.join(methods)}\n")
print("\n".join(table))
print(f"\nMean over {len(datasets)} datasets: {shown(measured[1], *interval([d[1] for d in drawn]))}")
print(f"Ranking by mean score over them: {shown(measured[2], *interval([d[2] for d in drawn]))}")
for left, right in [("mini", mini), ("real", real)]:
    order = sorted(methods, key=lambda m: -statistics.mean(right[m, d].value for d in datasets))
    print(f"{left}: " + ", ".join(
        f"{m} {100 * statistics.mean(right[m, d].value for d in datasets):.1f}" for m in order))

for effect in arguments.effect:
    name, _, ends = effect.partition("=")
    lower, _, upper = ends.partition(":")
    for end in (lower, upper):
        if end not in methods:
            sys.exit(f"realism.sh: --effect {effect}: no method {end} in both folders; there are {', '.join(methods)}")

    def difference(scores, names):
        return statistics.mean(scores[upper, d] - scores[lower, d] for d in names)
    values = [difference({k: s.value for k, s in side.items()}, datasets) for side in (mini, real)]
    spread = []
    for left, right in pairs:
        names = source.choices(datasets, k=len(datasets))
        spread.append((difference(left, names), difference(right, names)))
    same = statistics.mean(
        (mini[upper, d].value - mini[lower, d].value) * (real[upper, d].value - real[lower, d].value) > 0 for d in datasets)
    agree = statistics.mean(a * b > 0 for a, b in spread)
    points = [shown(100 * value, *(100 * end for end in interval([pair[i] for pair in spread])))
              for i, value in enumerate(values)]
    print(f"Effect {name} ({lower} to {upper}), points: mini {points[0]}, real {points[1]}; "
          f"same sign on {100 * same:.0f} % of the datasets, in {100 * agree:.0f} % of the draws of the mean")
PYTHON
