#!/usr/bin/env bash
# Puts the table of a config's results into docs/methods.md, between the marks that have the config's name:
# methods-presets-smollm2 or methods-smollm2. Needs python3.
#
#   scripts/methods-table.sh RESULTS [--sweep RESULTS] [--model MODEL] [--program PROGRAM]
#
# RESULTS is the folder that the config's runs wrote; the folder of --sweep is that of configs/sweeps/100M.yaml, whose
# training time is the budget that was spent on each method's rate. With --model, the model's file or folder, each method's
# training speed is measured first, by `peft-bench bench` with the options of its run: do that on a machine with nothing
# else to do. What was measured is kept in RESULTS/bench, and measured again only if its file is deleted. PROGRAM is
# .build/release/peft-bench unless given.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $# -ge 1 && $1 != -* ]] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ -d $1/runs ]] || { echo "methods-table.sh: $1 has no runs" >&2; exit 2; }

exec python3 - "$@" <<'PYTHON'
import argparse
import json
import pathlib
import subprocess
import sys

parser = argparse.ArgumentParser(prog="methods-table.sh")
parser.add_argument("results", type=pathlib.Path)
parser.add_argument("--sweep", type=pathlib.Path)
parser.add_argument("--model")
parser.add_argument("--program", default=".build/release/peft-bench")
arguments = parser.parse_args()
NAME = json.loads((arguments.results / "config.json").read_text())["name"]
BEGIN, END = f"<!-- {NAME}: scripts/methods-table.sh writes from here -->", "<!-- to here -->"


def run(*words):
    return subprocess.run([arguments.program, *map(str, words)], check=True, capture_output=True, text=True).stdout


def read(folder):
    return [json.loads(path.read_text()) for path in sorted((folder / "runs").glob("*/record.json"))]


records = {}
for record in read(arguments.results):
    key = record["method"]["label"], record["dataset"]
    if key in records:
        sys.exit(f"methods-table.sh: {arguments.results} has several runs of {key[0]} on {key[1]}")
    records[key] = record
datasets = list(dict.fromkeys(dataset for _, dataset in records))
datasets.sort(key=lambda name: ["sst2", "rte", "boolq"].index(name) if name in ("sst2", "rte", "boolq") else 3)
known = [method["name"] for method in json.loads(run("list", "methods", "--json"))]
methods = sorted({label for label, _ in records if label != "none"},
                 key=lambda label: known.index(next(r["method"]["name"] for (l, _), r in records.items() if l == label)))
# The report's own intervals, a dataset at a time.
intervals = {}
for dataset in datasets:
    report = json.loads(run("report", arguments.results, "--only", f"dataset={dataset}", "--format", "json", "--quiet"))
    for suite in report["suites"]:
        for row in suite["leaderboard"]:
            intervals[row["method"], dataset] = row["score_interval"]
spent = {}
if arguments.sweep:
    for record in read(arguments.sweep):
        runs, seconds = spent.get(record["method"]["name"], (0, 0))
        spent[record["method"]["name"]] = runs + 1, seconds + record["costs"]["training_seconds"]


def speed(label):
    """Tokens trained on a second, measured if a model is there; None if unknown."""
    file = arguments.results / "bench" / f"{label}.json"
    if not file.exists() and arguments.model:
        method = next(r for (other, _), r in records.items() if other == label)["method"]
        command = ["bench", "--model", arguments.model, "--method", method["name"], "--json"]
        for key, value in method["options"].items():
            if value is not None:
                command += ["--option", f"{key}={json.dumps(value)}"]
        print(f"measuring {label}", file=sys.stderr)
        output = run(*command)
        file.parent.mkdir(exist_ok=True)
        file.write_text(output)
    return json.loads(file.read_text()) if file.exists() else None


def score(label, dataset):
    record = records.get((label, dataset))
    if not record:
        return "–"
    text = f"{100 * record['scores']['primary']['value']:.1f}"
    interval = intervals.get((label, dataset))
    if interval:
        text += f" ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"
    invalid = 100 * record["scores"]["invalid_rate"]
    return text if invalid == 0 else f"{text}, {invalid:.1f} invalid"


def pscp(label):
    values = [records[label, d]["pscp"]["value"] for d in datasets if (label, d) in records]
    return f"{sum(values) / len(values):.1f}" if values else "–"


def memory(label):
    peaks = [records[label, d]["costs"]["peak_tensor_bytes"]["total"] for d in datasets if (label, d) in records]
    return " / ".join(f"{peak / 1e6:.0f}" for peak in peaks) or "–"


lines = [
    f"| method | {' | '.join(datasets)} | PSCP | trainable parameters | memory, MB | tokens/s | tuning |",
    "|---|" + "---|" * (len(datasets) + 5),
]
if any(label == "none" for label, _ in records):
    lines.append(
        f"| none (zero-shot) | {' | '.join(score('none', d) for d in datasets)} | {pscp('none')} | 0 | {memory('none')} | | |")
threads = set()
for label in methods:
    first = next(r for (other, _), r in records.items() if other == label)
    bench = speed(label)
    if bench:
        threads.add(bench["threads"])
    runs, seconds = spent.get(first["method"]["name"], (0, 0))
    lines.append(
        f"| {label} | {' | '.join(score(label, d) for d in datasets)} | {pscp(label)} | "
        f"{first['costs']['trainable_parameters']:,} | {memory(label)} | "
        f"{'–' if bench is None else format(bench['tokens_per_second'], '.0f')} | "
        f"{f'{runs} runs, {seconds:.0f} s' if runs else 'none'} |")
lines += ["", "Scores are accuracies in percent with 95 % intervals over the rows, and the percentage of invalid answers where",
          "there are any; PSCP is the mean over the datasets; memory is the peak of tensors on " + ", ".join(datasets) + "."]
if threads:
    lines[-1] += f" Tokens/s: `bench`, 4 x 128 random tokens, {max(threads)} threads."
lines.append("Tuning: what the sweep of learning rates took of training time.")

page = pathlib.Path("docs/methods.md")
text = page.read_text()
if BEGIN not in text or END not in text:
    sys.exit(f"methods-table.sh: {page} lacks the marks between which the table stands")
before, rest = text.split(BEGIN, 1)
after = rest.split(END, 1)[1]
page.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)
print("\n".join(lines))
PYTHON
