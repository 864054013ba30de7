#!/usr/bin/env bash
# Puts the table of configs/mini.yaml's results into docs/datasets.md. Needs python3.
#
#   scripts/mini-table.sh RESULTS FULL [PROGRAM]
#
# RESULTS is the folder of the runs of the suite, with one seed or several; FULL that of full fine-tuning with one. Scores are
# means over the seeds. PROGRAM is .build/release/peft-bench unless given.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $# -ge 2 && $# -le 3 && $1 != -* ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ -d $1/runs && -d $2/runs ]] || { echo "mini-table.sh: $1 or $2 has no runs" >&2; exit 2; }

exec python3 - "$1" "$2" "${3:-.build/release/peft-bench}" <<'PYTHON'
import collections
import itertools
import json
import pathlib
import statistics
import subprocess
import sys

BEGIN, END = "<!-- scripts/mini-table.sh writes from here -->", "<!-- to here -->"
METHODS = ["none", "lora", "adapter", "ia3", "bitfit", "prompt-tuning", "prefix-tuning", "full"]
program = sys.argv[3]


def ask(*arguments):
    return json.loads(subprocess.run([program, *arguments, "--json"], check=True, capture_output=True).stdout)


datasets = ask("list", "datasets")
majority = {row["dataset"]: 100 * row["majority"] for row in ask("data", "status", "--baselines", "--suite", "mini")}
scores = collections.defaultdict(dict)
for folder in sys.argv[1:3]:
    for file in sorted(pathlib.Path(folder, "runs").glob("*/record.json")):
        record = json.loads(file.read_text())
        key = record["method"]["name"], record["dataset"]
        if record["seed"] in scores[key]:
            sys.exit(f"mini-table.sh: several runs of {key[0]} on {key[1]} with seed {record['seed']}")
        scores[key][record["seed"]] = 100 * record["scores"]["primary"]["value"]


def mean(method, names, seed=None):
    """The mean over datasets of the mean over seeds, or with one seed; None where a run is missing."""
    known = [scores[method, name] for name in names]
    if not all(known) or seed is not None and not all(seed in values for values in known):
        return None
    return statistics.mean(statistics.mean(v.values()) if seed is None else v[seed] for v in known)


def cell(value, places=0):
    return "–" if value is None else f"{value:.{places}f}"


names = [dataset["id"] for dataset in datasets]
labelled = [name for name in names if name in majority]
lines = ["| dataset | majority | " + " | ".join("zero-shot" if m == "none" else m for m in METHODS) + " |",
         "|---|" + "---:|" * (len(METHODS) + 1)]
for name in names:
    lines.append(f"| {name} | {cell(majority[name]) if name in majority else ''} | "
                 + " | ".join(cell(mean(method, [name])) for method in METHODS) + " |")
for title, chosen in [(f"{len(labelled)} with labels", labelled), (f"all {len(names)}", names)]:
    chance = cell(statistics.mean(majority.values()), 1) if chosen is labelled else ""
    lines.append(f"| **mean of {'the ' if chosen is labelled else ''}{title}** | {chance} | "
                 + " | ".join(cell(mean(method, chosen), 1) for method in METHODS) + " |")

peft = METHODS[1:-1]
lines += ["", "Of the tasks with labels, the best method is 15 points or more above the majority on:"]
for group in dict.fromkeys(dataset["group"] for dataset in datasets):
    members = [d["id"] for d in datasets if d["group"] == group and d["id"] in majority]
    if members:
        above = [name for name in members
                 if max(mean(method, [name]) or 0 for method in peft) >= majority[name] + 15]
        lines.append(f"- {group}: {len(above)} of {len(members)}" + (f" ({', '.join(above)})" if above else ""))

seeds = sorted(set(scores["lora", names[0]]))
rankings = {seed: [mean(method, names, seed) for method in peft] for seed in seeds}
if len(seeds) > 1 and all(None not in ranking for ranking in rankings.values()):
    def tau(a, b):
        """Kendall's tau of two rankings without ties: the share of pairs in the same order less that in another."""
        pairs = itertools.combinations(range(len(a)), 2)
        return statistics.mean(1 if (a[i] > a[j]) == (b[i] > b[j]) else -1 for i, j in pairs)

    lines += ["", "| mean of all, by seed | " + " | ".join(peft) + " |", "|---|" + "---:|" * len(peft)]
    lines += [f"| {seed} | " + " | ".join(cell(value, 1) for value in rankings[seed]) + " |" for seed in seeds]
    lines += ["", "Kendall's tau between the rankings of two seeds: " + ", ".join(
        f"{a} and {b} {tau(rankings[a], rankings[b]):.2f}" for a, b in itertools.combinations(seeds, 2)) + "."]

page = pathlib.Path("docs/datasets.md")
text = page.read_text()
if BEGIN not in text or END not in text:
    sys.exit(f"mini-table.sh: {page} lacks the marks between which the table stands")
before, rest = text.split(BEGIN, 1)
page.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END, 1)[1])
print("\n".join(lines))
PYTHON
