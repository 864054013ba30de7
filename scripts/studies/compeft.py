#!/usr/bin/env python3
"""The study of configs/studies/compeft.yaml.

    scripts/studies/compeft.py RESULTS [CONFIG]

Trains adapters, compresses each to shares of its values with a grid of alphas, judges what comes out on the task's own
rows, and prints for each method and share: times smaller than float16 (the whole file), and the score over the adapter's
own with alpha 1 and with the best alpha. The best one is chosen on the rows that it is judged on, so that it is an upper
bound.
"""

import json
import statistics
import sys
from pathlib import Path

import studies

SHARES = [0.05, 0.1, 0.2, 0.3, 0.5]
ALPHAS = [1, 2, 4]


def main():
    folder = Path(sys.argv[1])
    path = sys.argv[2] if len(sys.argv) > 2 else studies.ROOT / "configs/studies/compeft.yaml"
    studies.run("run", path, "--quiet", "-o", folder)
    config = json.loads((folder / "config.json").read_text())
    config = config.get("config", config)
    runs = {(record["dataset"], record["method"]["name"]): record for record in studies.records(folder)}
    entries, sizes = [], {}
    for (dataset, method), record in runs.items():
        for share in SHARES:
            for alpha in ALPHAS:
                target = (folder / "compressed" / f"{dataset}-{method}-{share}-{alpha}").resolve()
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    report = json.loads(studies.run(
                        "adapter", "compress", studies.adapter(folder, record), "--to", target, "--keep", share,
                        "--alpha", alpha, "--json"))
                    (target.parent / f"{target.name}.json").write_text(json.dumps(report))
                sizes[dataset, method, share] = json.loads((target.parent / f"{target.name}.json").read_text())
                entries.append((dataset, f"{method} {share} {alpha}", method, str(target)))
    judged = studies.judge(config, folder / "judged", entries)
    scores = {(record["dataset"], *record["method"]["label"].split()): studies.score(record) for record in judged}
    print("method  kept   smaller  bits  own score  alpha 1             best alpha")
    for method in sorted({method for _, method in runs}):
        tasks = [dataset for dataset, own in runs if own == method]
        own = statistics.mean(studies.score(runs[task, method])[0] for task in tasks)
        for share in SHARES:
            plain = [scores[task, method, str(share), "1"] for task in tasks]
            best = [max(scores[task, method, str(share), str(alpha)][0] for alpha in ALPHAS) for task in tasks]
            mean, count = statistics.mean(value for value, _ in plain), sum(number for _, number in plain)
            low, high = studies.interval(mean, count)
            size = statistics.mean(sizes[task, method, share]["ratio_to_float16"] for task in tasks)
            bits = statistics.mean(sizes[task, method, share]["bits_per_value"] for task in tasks)
            print(f"{method:6} {100 * share:4.0f} %  {size:6.1f}  {bits:5.3f}  {100 * own:8.1f}  "
                  f"{100 * mean:5.1f} ({100 * low:.1f}–{100 * high:.1f})  {100 * statistics.mean(best):8.1f}")


if __name__ == "__main__":
    main()
