#!/usr/bin/env python3
"""Task Prompt Vectors (arXiv 2408.01119).

    scripts/studies/task-prompt-vectors.py RESULTS [CONFIG] [--parts similarity,origins,sums,shots]

Trains the tasks of CONFIG (configs/studies/task-prompt-vectors.yaml unless given) from all origins, then looks at
  similarity  cosines of prompts and vectors: one task from different origins, different tasks, and random orders;
  origins     a task's vector on another origin: what it keeps of the score;
  sums        origin + l·(a + b) and origin + l·a + (1 − l)·b of all pairs of tasks from the first origin, l chosen on training
              rows that the runs held back (`adapter grid`);
  shots       few rows of each class, from the origin, one vector, the sum of two, or a prompt that was trained on both tasks.
and prints rows of docs/studies.md. Prompts that are not above the majority's answer have learned nothing: they are not counted,
and named. What is done already is not done again. The targets and sources of `shots` are those of
--targets TASK:SOURCE+SOURCE,…; unless given, those in GROUPS below whose tasks the config has.
"""

import argparse
import itertools
import json
import re
import statistics
from pathlib import Path

import studies

COMMAND = "scripts/studies/task-prompt-vectors.py RESULTS CONFIG"
UNKNOWN = "cannot be told with these rows"
# Targets of few shots with their sources.
GROUPS = {
    "rte": ("mnli", "qnli"), "siqa": ("copa", "piqa"), "openbookqa": ("piqa", "hellaswag"), "boolq": ("qnli", "rte"),
    "sst5": ("sst2", "imdb"), "scitail": ("mnli", "snli"), "ag_news": ("dbpedia_14", "sst2"),
}


def left_out(tasks):
    """Which tasks were not counted in all or in part, as the end of a sentence."""
    return f"; prompts not above the majority's answer, and not counted: {', '.join(sorted(tasks))}" if tasks else ""


def similarities(folder, runs):
    groups = {"same task, other origin": [], "other task, same origin": [], "other task, other origin": []}
    keys, found = list(runs), {}
    learned = [place for place, key in enumerate(keys) if studies.has_learned(runs[key])]
    left = {task for place, (task, _) in enumerate(keys) if place not in learned}
    for kind, flags in [("prompts", []), ("vectors", ["--vectors"])]:
        names = [f"{task}@{origin}={studies.adapter(folder, record)}" for (task, origin), record in runs.items()]
        result = studies.ask("adapter", "similarity", *names, *flags, "--permutations", "2")
        # The report of the folder shows these: of both the vectors, which come last.
        (Path(folder) / "similarity.json").write_text(json.dumps(result))
        for measure in ["flattened", "token_mean"]:
            values = {group: [] for group in groups}
            for i, j in itertools.combinations(learned, 2):
                (a, b), cosine = (keys[i], keys[j]), result[measure][i][j]
                if a[0] == b[0]:
                    values["same task, other origin"].append(((a[0],), cosine))
                else:
                    group = "other task, same origin" if a[1] == b[1] else "other task, other origin"
                    values[group].append(((a[0], b[0]), cosine))
            for group, pairs in values.items():
                if pairs:
                    found[kind, measure, group] = studies.mean_interval(studies.by_task(pairs)) + (len(pairs),)
        found[kind, "control"] = result["control"]
    for kind in ["prompts", "vectors"]:
        measured = []
        for measure, name in [("flattened", "all values"), ("token_mean", "token means")]:
            for group in groups:
                if (kind, measure, group) in found:
                    mean, low, high, count = found[kind, measure, group]
                    ends = f" ({low:.3f}–{high:.3f})" if abs(low) < 10 else ""
                    measured.append(f"{name}, {group}: {mean:.3f}{ends}, {count} pairs")
        control = found[kind, "control"]
        measured.append(f"in random order {control['mean']:.3f} ± {control['deviation']:.3f}")
        same = found.get((kind, "flattened", "same task, other origin"))
        other = found.get((kind, "flattened", "other task, other origin"))
        if not same or not other:
            verdict = UNKNOWN
        elif same[1] > other[2] and same[0] >= 0.6:
            verdict = "holds"
        else:
            verdict = "holds in part: told apart from other tasks" if same[1] > other[2] else "not seen here"
        studies.row(
            f"{kind} of one task from different origins are alike", COMMAND, "; ".join(measured) + left_out(left), verdict)


def judge(folder, config, name, entries):
    """Judges adapters as they are: entries are (dataset, label, init_from); gives scores by dataset and label."""
    found = {}
    for dataset in sorted({entry[0] for entry in entries}):
        methods = [{"name": "prompt-tuning", "label": label, "steps": 0, "init_from": source}
                   for own, label, source in entries if own == dataset]
        path = studies.write(
            Path(folder) / name / f"{dataset}.json", studies.judging(config, [dataset], methods, seeds=[42]))
        target = Path(folder) / name / dataset
        studies.run("run", path, "--quiet", "-o", target)
        for record in studies.records(target):
            found[dataset, record["method"]["label"]] = studies.score(record)
    return found


def origins(folder, config, runs):
    """A task's vector on another origin."""
    entries = []
    for (task, a), (other, b) in itertools.permutations(runs, 2):
        if task == other:
            adapters = {"a": studies.adapter(folder, runs[task, a]), "b": studies.adapter(folder, runs[task, b])}
            source = {"combine": "origin(b) + a", "adapters": adapters}
            entries.append((task, f"vector of origin {a} on origin {b}", source))
    if not entries:
        return
    scores = judge(folder, config, "origins", entries)
    kept, left = [], set()
    for (task, label), (value, _) in scores.items():
        own = runs[task, int(re.search(r"of origin (\d+)", label).group(1))]
        if studies.has_learned(own):
            kept.append(((task,), value / studies.score(own)[0]))
        else:
            left.add(task)
    claim = "a task's vector works on another origin"
    if not kept:
        studies.row(claim, COMMAND, "nothing" + left_out(left), UNKNOWN)
        return
    mean, low, high = studies.mean_interval(studies.by_task(kept))
    studies.row(
        claim, COMMAND,
        f"keeps {studies.percent(mean, low, high)} % of the own score, {len(kept)} of {len(entries)} combinations"
        + left_out(left),
        "holds" if low >= 0.9 else "holds in part" if mean >= 0.7 else "not seen here")


def sums(folder, runs, method, arguments):
    learned = {record["id"] for record in runs.values() if studies.has_learned(record)}
    for expression in arguments.expressions.split(";"):
        pairs = studies.grid(
            folder, "--expression", expression, "--only", f"method={method}", "--step", arguments.grid_step)
        found = [pair for pair in pairs if all(task["run"] in learned for task in pair["tasks"])]
        left = {task["dataset"] for pair in pairs for task in pair["tasks"] if task["run"] not in learned}
        kept = [((record["tasks"][0]["dataset"], record["tasks"][1]["dataset"]), record["mean_retained"])
                for record in found if record["mean_retained"] is not None]
        claim = f"sums of two tasks are about as good as the tasks' own: {expression}"
        if not kept:
            studies.row(claim, COMMAND, "nothing" + left_out(left), UNKNOWN)
            continue
        single = [task["retained"] for record in found for task in record["tasks"] if task["retained"] is not None]
        both = sum(all((task["retained"] or 0) >= 0.95 for task in record["tasks"]) for record in found)
        mean, low, high = studies.mean_interval(studies.by_task(kept))
        weights = [value for record in found for value in record["candidates"][record["chosen"]]["values"].values()]
        share, ends = both / len(found), studies.interval(both / len(found), len(found))
        studies.row(
            claim, COMMAND,
            f"{len(found)} pairs, weights chosen on {found[0]['tasks'][0]['held_out_rows']} held-out rows a task "
            f"({min(weights):g} to {max(weights):g}, mean {statistics.mean(weights):.2f}): a task keeps "
            f"{studies.percent(mean, low, high)} % of its own score; both tasks at least 95 % in "
            f"{studies.percent(share, *ends)} % of the pairs, one task in "
            f"{100 * sum(value >= 0.95 for value in single) / len(single):.0f} %" + left_out(left),
            "holds" if low >= 0.9 else "holds in part" if share >= 0.25 else "not seen here")


def multi_task(folder, config, method, sources):
    """A prompt that was trained on several tasks together; None where the program cannot do that."""
    name = "-".join(sources)
    settings = dict(method, label="multi-task")
    path = studies.write(
        Path(folder) / "multi-task" / f"{name}.json",
        studies.judging(config, [{"name": "sources", "together": list(sources), "sampling": "balanced"}], [settings],
                        seeds=[42], training=config["training"]))
    target = Path(folder) / "multi-task" / name
    if studies.run("run", path, "--quiet", "-o", target, optional=True) is None:
        return None
    return studies.adapter(target, studies.records(target)[0])


def few_shots(folder, config, runs, method, arguments):
    first = min(origin for _, origin in runs)
    groups = arguments.targets or {
        target: sources for target, sources in GROUPS.items()
        if all((task, first) in runs for task in (target, *sources))}
    plain = {key: method[key] for key in method if key not in ("label", "init_seed")}
    table = {}
    for target, sources in groups.items():
        adapters = {name: studies.adapter(folder, runs[task, first]) for name, task in zip("ab", sources)}
        starts = [("random", {"combine": "origin", "adapters": {"a": adapters["a"]}})]
        starts += [(f"vector of {task}", {"combine": f"origin + {name}", "adapters": {name: adapters[name]}})
                   for name, task in zip("ab", sources)]
        starts.append(("sum of two", {"combine": "origin + a + b", "adapters": adapters}))
        both = multi_task(folder, config, {**plain, "init_seed": first}, sources)
        if both:
            starts.append(("multi-task prompt", both))
        before = None
        for shots in arguments.shots:
            methods = [{**plain, "label": label, "init_from": source, "validation_fraction": 0, "keep_best": False,
                        "steps": 0 if shots == 0 else arguments.steps} for label, source in starts]
            data = {"train_limit": {"per_class": shots, "if_fewer": "all"}} if shots else {}
            seeds = {"sample": list(range(1, 1 + arguments.draws))} if shots else [42]
            own = studies.judging(config, [target], methods, seeds=seeds, training=config["training"], data=data)
            if shots:
                del own["data"]["sample_seed"]
            path = studies.write(Path(folder) / "shots" / f"{target}-{shots}.json", own)
            results = Path(folder) / "shots" / f"{target}-{shots}"
            studies.run("run", path, "--quiet", "--jobs", "auto", "-o", results)
            judged = studies.records(results)
            rows = judged[0]["data"].get("train_rows") if shots else None
            if rows is not None and rows == before:
                break  # All that there are were taken before.
            before = rows
            for record in judged:
                kind = "vector of one task" if record["method"]["label"].startswith("vector") else record["method"]["label"]
                table.setdefault((shots, kind), {}).setdefault(target, []).append(studies.score(record)[0])
    kinds = ["random", "vector of one task", "sum of two", "multi-task prompt"]
    summary = {key: studies.mean_interval([statistics.mean(scores) for scores in tasks.values()])
               for key, tasks in table.items()}
    (Path(folder) / "shots.json").write_text(json.dumps(
        [{"shots": shots, "start": kind, "tasks": tasks} for (shots, kind), tasks in sorted(table.items())], indent=1))
    for kind in kinds[1:]:
        measured, differences = [], {}
        for shots in arguments.shots:
            if (shots, kind) not in table:
                continue
            gains = [statistics.mean(table[shots, kind][task]) - statistics.mean(table[shots, "random"][task])
                     for task in table[shots, kind]]
            differences[shots] = studies.mean_interval(gains)
            mean = summary[shots, kind][0]
            measured.append(f"{shots}: {100 * mean:.1f}, {studies.percent(*differences[shots])} more than random")
        if not measured:
            continue
        small = [difference for shots, difference in differences.items() if 0 < shots <= 25]
        helps = [difference for difference in small if difference[1] > 0]
        hurts = [difference for difference in small if difference[2] < 0]
        verdict = ("holds" if small and len(helps) == len(small) else "holds in part" if helps else
                   "not seen here" if hurts else UNKNOWN)
        studies.row(
            f"few shots: to start from {kind} helps", COMMAND,
            f"{len(groups)} targets, {arguments.draws} draws, {arguments.steps} steps; rows of each class: "
            + "; ".join(measured), verdict)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("config", nargs="?", default=studies.ROOT / "configs/studies/task-prompt-vectors.yaml")
    parser.add_argument("--parts", default="similarity,origins,sums,shots")
    parser.add_argument("--expressions", default="origin + l*(a + b);origin + l*a + (1-l)*b", help="between semicolons")
    parser.add_argument("--grid-step", default="0.05", help="from one weight of a sum to the next")
    parser.add_argument("--shots", default="0,5,10,25,50,100,250,500", help="rows of each class")
    parser.add_argument("--steps", type=int, default=200, help="steps of a training on few shots")
    parser.add_argument("--draws", type=int, default=3, help="draws of few shots")
    parser.add_argument("--targets", default="", help="TASK:SOURCE+SOURCE,…")
    arguments = parser.parse_args()
    arguments.shots = [int(text) for text in arguments.shots.split(",")]
    arguments.targets = {target: tuple(sources.split("+")) for target, sources in
                         (text.split(":") for text in arguments.targets.split(",") if text)}
    folder = arguments.results
    studies.start(folder, arguments.config)
    config = studies.config(folder)
    runs = {(record["dataset"], record["method"]["options"]["init_seed"]): record for record in studies.records(folder)}
    first = min(origin for _, origin in runs)
    method = next(method for method in config["methods"]
                  if first == method.get("init_seed", config["training"].get("init_seed")))
    parts = {
        "similarity": lambda: similarities(folder, runs), "origins": lambda: origins(folder, config, runs),
        "sums": lambda: sums(folder, runs, method["label"], arguments),
        "shots": lambda: few_shots(folder, config, runs, method, arguments),
    }
    for part in arguments.parts.split(","):
        parts[part]()


if __name__ == "__main__":
    main()
