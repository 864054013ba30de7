#!/usr/bin/env python3
"""The study of configs/studies/task-prompt-vectors.yaml.

    scripts/studies/task-prompt-vectors.py RESULTS [CONFIG]

Trains the tasks from all origins, then prints: cosines of prompts and of vectors, for the same task from different
origins, for different tasks from one origin and from different ones, with what random orders give; and the scores of
the sums of all pairs of tasks, origin + s·(a + b) with s = ½ and 1, over those of the tasks' own prompts.
"""

import itertools
import json
import statistics
import sys
from pathlib import Path

import studies


def similarities(folder, runs):
    for kind, flags in [("prompts", []), ("vectors", ["--vectors"])]:
        names = [f"{task}@{seed}={studies.adapter(folder, record)}" for (task, seed), record in runs.items()]
        found = json.loads(studies.run("adapter", "similarity", *names, *flags, "--json", "--permutations", "2"))
        keys = list(runs)
        for measure in ["flattened", "token_mean"]:
            groups = {"same task, other origin": [], "other task, same origin": [], "other task, other origin": []}
            for (i, a), (j, b) in itertools.combinations(enumerate(keys), 2):
                value = found[measure][i][j]
                if a[0] == b[0]:
                    groups["same task, other origin"].append(value)
                else:
                    groups["other task, same origin" if a[1] == b[1] else "other task, other origin"].append(value)
            for name, values in groups.items():
                if values:
                    deviation = statistics.stdev(values) if len(values) > 1 else 0
                    print(f"{kind:8} {measure:11} {name:25} {statistics.mean(values):6.3f} ± {deviation:.3f} "
                          f"({len(values)} pairs)")
        control = found["control"]
        print(f"{kind:8} in random order {control['mean']:.4f} ± {control['deviation']:.4f}")


def sums(folder, config, runs):
    seed = min(seed for _, seed in runs)
    tasks = [task for task, own in runs if own == seed]
    entries = []
    for a, b in itertools.combinations(tasks, 2):
        adapters = {name: studies.adapter(folder, runs[task, seed]) for name, task in [("a", a), ("b", b)]}
        for share in [0.5, 1]:
            source = {"combine": "origin + s*(a + b)", "adapters": adapters, "values": {"s": share}}
            for task in [a, b]:
                entries.append((task, f"{a}+{b}, s={share:g}", "prompt-tuning", source))
    judged = studies.judge(config, Path(folder) / "sums", entries)
    for share in ["0.5", "1"]:
        retained = []
        for record in judged:
            if not record["method"]["label"].endswith(f"s={share}"):
                continue
            own, _ = studies.score(runs[record["dataset"], seed])
            if own > 0:
                retained.append(studies.score(record)[0] / own)
        if retained:
            share_of_parts = sum(value >= 0.95 for value in retained) / len(retained)
            low, high = studies.interval(share_of_parts, len(retained))
            print(f"s = {share}: a task keeps {statistics.mean(retained):.3f} of its own score on average; "
                  f"at least 95 % in {100 * share_of_parts:.0f} % of {len(retained)} ({100 * low:.0f}–{100 * high:.0f})")


def main():
    folder = sys.argv[1]
    path = sys.argv[2] if len(sys.argv) > 2 else studies.ROOT / "configs/studies/task-prompt-vectors.yaml"
    studies.run("run", path, "--quiet", "-o", folder)
    config = json.loads((Path(folder) / "config.json").read_text())
    config = config.get("config", config)
    runs = {
        (record["dataset"], record["method"]["options"]["init_seed"]): record for record in studies.records(folder)}
    similarities(folder, runs)
    sums(folder, config, runs)


if __name__ == "__main__":
    main()
