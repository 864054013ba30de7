#!/usr/bin/env python3
"""Which learning rate a sweep found for each method: the table of configs/README.md.

    scripts/sweep-table.py RESULTS [TIE]

RESULTS is the folder of configs/sweeps/1M.yaml or configs/sweeps/100M.yaml. For each method and rate: the loss on the
held-out training rows, as the mean over the datasets, and the scores of the evaluation rows in percent. The rate of the lowest
loss is taken; of those within TIE of it (0.01 unless given), which so few rows do not tell apart, the one with the best mean
score. One at the end of its grid has a star: the best one may lie beyond.
"""

import json
import math
import statistics
import sys
from pathlib import Path


def last_validation_loss(folder):
    losses = [row["validation_loss"] for row in map(json.loads, (folder / "history.jsonl").read_text().splitlines())
              if row.get("validation_loss") is not None]
    return losses[-1] if losses else math.nan


def main():
    tie = float(sys.argv[2]) if len(sys.argv) > 2 else 0.01
    runs, datasets, seconds = {}, [], 0
    for path in sorted(Path(sys.argv[1]).glob("runs/*/record.json")):
        record = json.loads(path.read_text())
        if record["method"]["name"] == "none":
            continue
        key = record["method"]["name"], record["training"]["learning_rate"]
        runs.setdefault(key, {})[record["dataset"]] = (
            last_validation_loss(path.parent), 100 * record["scores"]["primary"]["value"])
        seconds += record["costs"]["training_seconds"]
        if record["dataset"] not in datasets:
            datasets.append(record["dataset"])
    datasets.sort()
    config = json.loads((Path(sys.argv[1]) / "config.json").read_text())
    done = {name for name, _ in runs}
    methods = [name for name in dict.fromkeys(entry["name"] for entry in config["methods"]) if name in done]
    count = max(sum(name == method for name, _ in runs) for method in methods)
    print(f"Held-out loss / scores on {', '.join(datasets)}; {len(runs)} settings, {seconds / 60:.0f} minutes of training.\n")
    print("| method | " + " | ".join(f"rate {i + 1}" for i in range(count)) + " | taken |")
    print("|---|" + "---|" * (count + 1))
    for method in methods:
        cells, losses, scores = [], {}, {}
        for rate in sorted(rate for name, rate in runs if name == method):
            found = runs[method, rate]
            if len(found) < len(datasets):
                cells.append(f"{rate:g}: –")
                continue
            loss = statistics.mean(found[name][0] for name in datasets)
            if not math.isnan(loss):
                losses[rate] = loss
                scores[rate] = statistics.mean(found[name][1] for name in datasets)
            cells.append(f"{rate:g}: {loss:.3f} / " + ", ".join(f"{found[name][1]:.0f}" for name in datasets))
        best = None
        if losses:
            lowest = min(losses.values())
            best = max((rate for rate in losses if losses[rate] <= lowest + tie), key=lambda rate: (scores[rate], -losses[rate]))
        edge = " *" if best in (min(losses, default=None), max(losses, default=None)) else ""
        print(f"| {method} | " + " | ".join(cells) + f" | {'–' if best is None else f'{best:g}'}{edge} |")


if __name__ == "__main__":
    main()
