#!/usr/bin/env python3
"""The study of configs/studies/deni.yaml and deni-smollm2.yaml.

    scripts/studies/deni.py RESULTS

RESULTS is the folder that `peft-bench run` wrote, complete or not: of each method and dataset those seeds count that all
strategies have; where several configs were run into it, the runs with the settings of the last one. Prints for each strategy
the mean score, the deviation over seeds, the worst seed and the cost; of all its runs the share that failed (ended in an
error, or with a macro-F1 below one over the number of labels), and of complete ones the share that gave every row the same
answer, whose equal scores are no steadiness; the differences that the paper's claims are about, each with a 95 % interval over seeds (Student's t on the seeds' means over
methods and datasets: what other datasets would give, it does not say); and the same for each method.
"""

import math
import statistics
import sys
from collections import defaultdict

import studies

ORDER = ["default", "best-practices", "ensemble", "noise-input", "noise-weights", "swa", "ema", "mixout", "prior-noise",
         "augmentation", "ni", "de", "deni", "deni+augmentation"]


def shown(values):
    mean, low, high = studies.mean_interval(values)
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def names(runs):
    """What a strategy is called: its name, or its label where one name stands for several."""
    labels = defaultdict(set)
    for run in runs:
        label = studies.strategy(run)
        labels[label.partition("[")[0]].add(label)
    return {label: name if len(found) == 1 else label for name, found in labels.items() for label in found}


class Scores:
    """Scores in percent by (method, dataset, strategy) and seed."""

    def __init__(self, records, failures):
        self.table, self.steps = defaultdict(dict), defaultdict(list)
        # By the same key, of every run: whether it failed; of every complete one: whether it gave one answer.
        self.failed, self.one_answer = defaultdict(list), defaultdict(list)
        called = names(records + failures)
        for record in records:
            name = called[studies.strategy(record)]
            key = record["method"]["name"], record["dataset"], name
            self.table[key][record["seed"]] = 100 * record["scores"]["primary"]["value"]
            self.failed[key].append(studies.has_failed(record))
            self.one_answer[key].append(record["scores"].get("distinct_answers") == 1)
            steps = (record.get("strategy") or {}).get("relative_model_steps")
            if steps:
                self.steps[name].append(steps)
        for failure in failures:
            name = called[studies.strategy(failure)]
            self.failed[failure["method"]["name"], failure["dataset"], name].append(True)
        found = {strategy for _, _, strategy in self.table}
        self.strategies = sorted(found, key=lambda name: (ORDER.index(name.partition("[")[0]), name))
        self.methods = list(dict.fromkeys(method for method, _, _ in self.table))
        self.cells = [
            cell for cell in dict.fromkeys((method, dataset) for method, dataset, _ in self.table)
            if all((*cell, strategy) in self.table for strategy in self.strategies)]
        self.seeds = {
            cell: sorted(set.intersection(*(set(self.table[(*cell, name)]) for name in self.strategies)))
            for cell in self.cells}
        self.common = sorted(set.intersection(*map(set, self.seeds.values()))) if self.cells else []

    def cells_of(self, methods):
        return [cell for cell in self.cells if cell[0] in methods]

    def by_seed(self, strategy, cells):
        return [statistics.mean(self.table[(*cell, strategy)][seed] for cell in cells) for seed in self.common]

    def row(self, strategy, cells):
        values = [[self.table[(*cell, strategy)][seed] for seed in self.common] for cell in cells]
        deviation = statistics.mean(statistics.stdev(row) for row in values) if len(self.common) > 1 else math.nan
        failed = [run for cell in cells for run in self.failed[(*cell, strategy)]]
        one_answer = [run for cell in cells for run in self.one_answer[(*cell, strategy)]]
        return (statistics.mean(map(statistics.mean, values)), deviation, statistics.mean(map(min, values)),
                100 * statistics.mean(failed), 100 * statistics.mean(one_answer))

    def difference(self, one, other, cells):
        return [a - b for a, b in zip(self.by_seed(one, cells), self.by_seed(other, cells))]


def main():
    scores = Scores(studies.newest(studies.records(sys.argv[1])), studies.failures(sys.argv[1]))
    print(f"{len(scores.cells)} pairs of a method and a dataset, {len(scores.common)} seeds\n")
    for title, methods in [("all methods", scores.methods)] + [(method, [method]) for method in scores.methods]:
        cells = scores.cells_of(methods)
        if not cells:
            continue
        print(f"{title}: mean, deviation over seeds, worst seed, failed, one answer, model-steps; less default; DENI less it")
        for strategy in scores.strategies:
            mean, deviation, worst, failed, one_answer = scores.row(strategy, cells)
            steps = statistics.mean(scores.steps[strategy]) if scores.steps[strategy] else 1
            line = (f"  {strategy:18} {mean:6.2f} {deviation:6.2f} {worst:6.2f} {failed:5.1f} % {one_answer:5.1f} % "
                    f"{steps:5.2f}")
            if strategy != "default" and "default" in scores.strategies:
                line += f"  {shown(scores.difference(strategy, 'default', cells))}"
            if "deni" in scores.strategies and strategy != "deni":
                line += f"  {shown(scores.difference('deni', strategy, cells))}"
            print(line)
        print()
    for (method, dataset, strategy), failed in scores.failed.items():
        if (method, dataset, strategy) not in scores.table:
            print(f"{method} with {strategy} on {dataset}: all of {len(failed)} runs ended in an error")
    tuned = [method for method in scores.methods if method != "full"]
    if "full" in scores.methods and "default" in scores.strategies:
        full = scores.by_seed("default", scores.cells_of(["full"]))
        for method in tuned:
            for strategy in scores.strategies:
                own = scores.by_seed(strategy, scores.cells_of([method]))
                print(f"{method} with {strategy}, less full fine-tuning without: {shown([a - b for a, b in zip(own, full)])}")


if __name__ == "__main__":
    main()
