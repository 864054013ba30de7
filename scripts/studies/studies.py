"""What the scripts of the studies share: the program, its records, intervals, and configs that judge adapters as they are."""

import json
import math
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PEFT_BENCH", str(ROOT / ".build/release/peft-bench"))


def run(*arguments):
    """Runs the program and returns what it printed."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, arguments))}: status {done.returncode}")
    return done.stdout


def records(folder):
    """The complete runs of a results folder, the base model's apart."""
    found = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("runs/*/record.json"))]
    return [record for record in found if record["method"]["name"] != "none"]


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


def judge(config, folder, entries):
    """Judges adapters as they are, without training: entries are (dataset, label, method, init_from)."""
    base = {key: config[key] for key in ("model", "evaluation")}
    for dataset in sorted({entry[0] for entry in entries}):
        methods = [
            {"name": method, "label": label, "steps": 0, "init_from": source}
            for name, label, method, source in entries if name == dataset
        ]
        text = {
            **base, "name": "judged", "data": {"suite": config["data"]["suite"], "datasets": [dataset]},
            "methods": methods, "seeds": [42], "output": str(folder),
        }
        text["evaluation"] = {**base["evaluation"], "zero_shot": False}
        path = Path(f"{folder}-{dataset}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(text, indent=1))
        run("run", path, "--quiet", "-o", folder)
    return records(folder)
