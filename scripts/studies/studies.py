"""What the scripts of the studies share: the program, its records, intervals, and rows of the table in docs/studies.md."""

import json
import math
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PEFT_BENCH", str(ROOT / ".build/release/peft-bench"))


def run(*arguments, optional=False):
    """Runs the program and returns what it printed; None where it fails and may."""
    error = subprocess.DEVNULL if optional else None
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=error)
    if done.returncode != 0:
        if optional:
            return None
        raise SystemExit(f"{' '.join(map(str, arguments))}: status {done.returncode}")
    return done.stdout


def ask(*arguments):
    """What the program prints as JSON."""
    return json.loads(run(*arguments, "--json"))


def grid(folder, *arguments, processes=os.cpu_count() or 1):
    """The records of `adapter grid`, made by several processes that share the choices."""
    command = ["adapter", "grid", folder, *arguments, "--quiet"]
    shards = [
        subprocess.Popen(
            [PROGRAM, *map(str, command), "--shard", f"{number}/{processes}", "--threads", "1"], cwd=ROOT,
            stdout=subprocess.DEVNULL)
        for number in range(1, processes + 1)]
    if any([shard.wait() for shard in shards]):
        raise SystemExit(f"{' '.join(map(str, command))}: failed")
    return ask(*command)


def records(folder):
    """The complete runs of a results folder, the base model's apart."""
    found = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("runs/*/record.json"))]
    return [record for record in found if record["method"]["name"] != "none"]


def newest(found):
    """Of records of one thing under several settings those with the settings of the run that ended last.

    What is one thing: the model, the method, the strategy and the dataset by name; seeds apart.
    """
    def thing(record):
        return (record["model"]["name"], record["method"]["name"], strategy(record), record["dataset"])

    def settings(record):
        members = {key: value for key, value in (record.get("identity") or {}).items() if key not in ("seed", "engine")}
        return json.dumps(members, sort_keys=True)

    last = {}
    for record in sorted(found, key=lambda record: (record.get("timestamps") or {}).get("finished") or ""):
        last[thing(record)] = settings(record)
    return [record for record in found if settings(record) == last[thing(record)]]


def failures(folder):
    """The runs of a results folder that ended in an error, less those that its plan does not have."""
    plan = Path(folder) / "plan.json"
    planned = {run.get("id") for run in json.loads(plan.read_text())["runs"]} if plan.exists() else set()
    found = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("runs/*/error.json"))
             if not (path.parent / "record.json").exists()]
    return [failure for failure in found if not planned or failure["id"] in planned]


def strategy(run):
    """The label of a run's strategy, of a record or of an error; older errors tell it in the label of a grid alone."""
    told = run.get("strategy")
    if isinstance(told, dict):
        return told.get("label") or told["name"]
    if told:
        return told
    label = run["method"].get("label") or ""
    parts = label.partition(" (")[2].removesuffix(")").split(", ")
    named = [part.removeprefix("strategy=") for part in parts if part.startswith("strategy=")]
    return named[0] if named and "scores" not in run else "default"


def has_failed(record):
    """Whether a complete run is no better than guessing: its macro-F1 is below one over the number of labels.

    A single answer to all rows has the accuracy of guessing, and is a failure too. Of other metrics the headline counts.
    """
    scores = record["scores"]
    classes = scores.get("per_class") or []
    if classes:
        return sum(one["f1"] for one in classes) / len(classes) < 1 / len(classes)
    chance = scores.get("chance")
    return chance is not None and scores["primary"]["value"] < chance


def config(folder):
    """The resolved config of a results folder."""
    return json.loads((Path(folder) / "config.json").read_text())


def adapter(folder, record):
    return str((Path(folder) / "runs" / record["id"] / "adapter").resolve())


def score(record):
    """The headline score with the number of rows that it is of."""
    return record["scores"]["primary"]["value"], record["scores"]["count"]


def interval(value, count, z=1.96):
    """Wilson's interval of a share of correct answers; for other scores a rough one."""
    if count == 0:
        return 0.0, 1.0
    centre = (value + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(max(0, value * (1 - value)) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def has_learned(record):
    """Whether a run is above the majority's answer, by the lower end of its headline score's 95 % interval.

    What keeps the score of a run that is not has kept nothing. Scores that no majority has count as learned.
    """
    scores = record["scores"]
    majority = (scores.get("majority_scores") or {}).get(scores["primary"]["name"])
    return majority is None or interval(*score(record))[0] > majority


def mean_interval(values):
    """Mean and 95 % interval (Student's t) of values that are drawn independently, such as those of tasks."""
    count = len(values)
    mean = sum(values) / count
    # Of two values the interval says nothing.
    if count < 3:
        return mean, -math.inf, math.inf
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1))
    quantiles = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10,
                 2.09]
    half = (quantiles[count - 2] if count - 2 < len(quantiles) else 1.96 + 2.4 / count) * deviation / math.sqrt(count)
    return mean, mean - half, mean + half


def by_task(pairs):
    """Of values of pairs (tasks, value) the mean of each task: pairs share tasks, and so are not independent."""
    tasks = {}
    for names, value in pairs:
        for name in names:
            tasks.setdefault(name, []).append(value)
    return [sum(values) / len(values) for values in tasks.values()]


def percent(mean, low, high, digits=1):
    """`80.1 (75.0–85.2)`, all times 100."""
    if not math.isfinite(low):
        return f"{100 * mean:.{digits}f}"
    return f"{100 * mean:.{digits}f} ({100 * low:.{digits}f}–{100 * high:.{digits}f})"


def row(claim, command, measured, verdict):
    """Prints a row of docs/studies.md."""
    print(f"| {claim} | `{command}` | {measured} | {verdict} |", flush=True)


def start(folder, path):
    """Trains what a config asks for, in as many processes as suit the machine."""
    run("run", path, "--quiet", "--jobs", "auto", "-o", folder)


def write(path, value):
    """Writes a config and returns its path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(value, indent=1))
    return str(path)


def judging(config, datasets, methods, **more):
    """A config that judges adapters as they are, or trains on from them."""
    data = {key: value for key, value in config["data"].items() if value is not None and key != "datasets"}
    return {
        "name": "judged", "model": config["model"], "data": {**data, "datasets": datasets, **more.pop("data", {})},
        "methods": methods, "evaluation": {**config["evaluation"], "zero_shot": False}, **more,
    }
