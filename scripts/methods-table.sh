#!/usr/bin/env bash
# Puts the table of configs/methods-smollm2.yaml's results into docs/methods.md. Needs python3.
#
#   scripts/methods-table.sh RESULTS [MODEL [PROGRAM]]
#
# RESULTS is the folder that the config's runs wrote. With MODEL, the model's file or folder, each method's training
# speed is measured first, by `peft-bench bench` with the options of its run: do that on a machine with nothing else to
# do. What was measured is kept in RESULTS/bench, and measured again only if its file is deleted. PROGRAM is
# .build/release/peft-bench unless given.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $# -ge 1 && $# -le 3 && $1 != -* ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ -d $1/runs ]] || { echo "methods-table.sh: $1 has no runs" >&2; exit 2; }

exec python3 - "$1" "${2:-}" "${3:-.build/release/peft-bench}" <<'PYTHON'
import json
import pathlib
import subprocess
import sys

results, model, program = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
DATASETS = ["sst2", "rte", "boolq"]
METHODS = ["lora", "adapter", "ia3", "bitfit", "ln-tuning", "prompt-tuning", "prefix-tuning", "p-tuning"]
BEGIN, END = "<!-- scripts/methods-table.sh writes from here -->", "<!-- to here -->"

records = {}
for file in sorted((results / "runs").glob("*/record.json")):
    record = json.loads(file.read_text())
    key = record["method"]["name"], record["dataset"]
    if key in records:
        sys.exit(f"methods-table.sh: {results} has several runs of {key[0]} on {key[1]}")
    records[key] = record


def speed(method):
    """Tokens trained on a second, measured if a model is there; None if unknown."""
    file = results / "bench" / f"{method}.json"
    if not file.exists() and model:
        options = next(r for (name, _), r in records.items() if name == method)["method"]["options"]
        command = [program, "bench", "--model", model, "--method", method, "--json"]
        for key, value in options.items():
            if value is not None:
                command += ["--option", f"{key}={json.dumps(value)}"]
        print(f"measuring {method}", file=sys.stderr)
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        file.parent.mkdir(exist_ok=True)
        file.write_text(output)
    return json.loads(file.read_text()) if file.exists() else None


def score(method, dataset):
    record = records.get((method, dataset))
    if not record:
        return "–"
    text = f"{100 * record['scores']['primary']['value']:.1f}"
    invalid = 100 * record["scores"]["invalid_rate"]
    return text if invalid == 0 else f"{text} ({invalid:.1f})"


def memory(method):
    peaks = [records[method, d]["costs"]["peak_tensor_bytes"]["total"] for d in DATASETS if (method, d) in records]
    return " / ".join(f"{peak / 1e6:.0f}" for peak in peaks) or "–"


lines = [
    "| method | sst2 | rte | boolq | trainable parameters | peak tensor memory, MB | training tokens/s |",
    "|---|---|---|---|---|---|---|",
    f"| none (zero-shot) | {' | '.join(score('none', d) for d in DATASETS)} | 0 | {memory('none')} | |",
]
threads = set()
for method in METHODS:
    known = [r for (name, _), r in records.items() if name == method]
    if not known:
        continue
    bench = speed(method)
    if bench:
        threads.add(bench["threads"])
    lines.append(
        f"| {method} | {' | '.join(score(method, d) for d in DATASETS)} | "
        f"{known[0]['costs']['trainable_parameters']:,} | {memory(method)} | "
        f"{'–' if bench is None else format(bench['tokens_per_second'], '.0f')} |")
lines += ["", "Scores are accuracies in percent, with the percentage of invalid answers in brackets where there are any;",
          "memory is that of " + ", ".join(DATASETS) + ", in this order."]
if threads:
    lines[-1] += f" Tokens/s: `bench`, 4 x 128 random tokens, {max(threads)} threads."

page = pathlib.Path("docs/methods.md")
text = page.read_text()
if BEGIN not in text or END not in text:
    sys.exit(f"methods-table.sh: {page} lacks the marks between which the table stands")
before, rest = text.split(BEGIN, 1)
after = rest.split(END, 1)[1]
page.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)
print("\n".join(lines))
PYTHON
