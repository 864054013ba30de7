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
import math
import pathlib
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "scripts/studies")
import studies

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
sizes = {row["dataset"]: row["evaluation_rows"] for row in ask("data", "status", "--suite", "mini")}


def floor(name):
    """What a method has to get above: the majority, or where nothing is a label the model's own score."""
    return majority[name] if name in majority else mean("none", [name]) or 0


lines += ["", f"Above what always giving the most frequent label reaches (of {len(names) - len(labelled)} tasks without "
          "labels: above zero-shot):"]
for method in ["full", "lora"]:
    known = [name for name in names if mean(method, [name]) is not None]
    below = [name for name in known if mean(method, [name]) < floor(name) + 20]
    lines.append(f"- {method} by 20 points or more on {len(known) - len(below)} of {len(known)}"
                 + (f" (not {', '.join(below)})" if below else ""))


def counted(name):
    """How many of the methods are above what they have to get above, by their intervals."""
    shares = [(mean(method, [name]) or 0) / 100 for method in peft]
    return sum(100 * studies.interval(share, sizes[name])[0] > floor(name) for share in shares)


most = [name for name in labelled if counted(name) >= 5]
few = [f"{name} {counted(name)}" for name in labelled if counted(name) < 5]
lines.append(f"- five of the six methods by their 95 % interval (Wilson, rows of one seed) on {len(most)} of the {len(labelled)} "
             "with labels" + (f"; methods on the others: {', '.join(few)}" if few else ""))

seeds = sorted(set(scores["lora", names[0]]))
rankings = {seed: [mean(method, names, seed) for method in peft] for seed in seeds}
if len(seeds) > 1 and all(None not in ranking for ranking in rankings.values()):
    def tau(a, b):
        """Kendall's tau of two rankings without ties: the share of pairs in the same order less that in another."""
        pairs = itertools.combinations(range(len(a)), 2)
        return statistics.mean(1 if (a[i] > a[j]) == (b[i] > b[j]) else -1 for i, j in pairs)

    def interval(method, chosen):
        value, low, _ = studies.mean_interval([mean(method, chosen, seed) for seed in seeds])
        return f"{value:.1f}" + (f" ± {value - low:.1f}" if low > -math.inf else "")

    lines += ["", f"| mean over {len(seeds)} seeds, 95 % interval | " + " | ".join(peft) + " |", "|---|" + "---:|" * len(peft)]
    lines += [f"| the {len(labelled)} with labels | " + " | ".join(interval(m, labelled) for m in peft) + " |",
              f"| all {len(names)} | " + " | ".join(interval(m, names) for m in peft) + " |"]
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
