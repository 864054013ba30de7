#!/usr/bin/env python3
"""Writes results folders without any training, for looking at reports of every kind.

    scripts/browser/folders.py FOLDER

Below FOLDER: `large` (27 datasets, 6 methods, 5 seeds: 810 runs), `huge` (5,000 runs), `grid` (learning rates and ranks),
`rows` (sizes of the training set), `own` (a dataset of one's own with three classes), `failed` (nothing else),
`unfinished` (some runs failed, some missing), `hostile` (texts that try to act), `two` (two suites), `many` (40 methods),
`strategies` (against chance), `combined` (sums of adapters by weight) and `shots` (few training rows by start). Everything
is a function of the names, so that two calls write equal folders. The numbers mean nothing.
"""
import hashlib
import json
import math
import pathlib
import random
import sys

METHODS = {
    "lora": (1_751_040, 0, 330_000_000, 0.18),
    "adapter": (2_100_000, 3_400_000_000, 360_000_000, 0.16),
    "ia3": (57_600, 0, 320_000_000, 0.15),
    "bitfit": (46_080, 0, 310_000_000, 0.13),
    "prefix-tuning": (276_480, 210_000_000, 340_000_000, 0.07),
    "prompt-tuning": (57_600, 2_900_000_000, 370_000_000, 0.04),
}
DATASETS = (
    "mnli qqp qnli sst2 stsb mrpc rte cola record multirc boolq wic wsc cb copa mmlu piqa siqa hellaswag winogrande "
    "openbookqa math_qa gsm8k svamp conala codealpacapy apps").split()
MANY = (
    "lora rslora dora pissa adalora loha lokr hra oft boft vera fourierft ia3 bitfit ln-tuning adapter parallel-adapter "
    "prefix-tuning prompt-tuning p-tuning p-tuning-v2 shira super-tuning beft trainable-tokens hira miss gralora delora "
    "glora deft svft qlora llama-adapter xlora randlora c3a road vblora last-layers").split()
CONSTANTS = {"parameters": 134_515_008, "flops": 150_000_000_000, "memory": 2_400_000_000}
HOSTILE = [
    "</script><script>window.hacked=1</script>", "<img src=x onerror='window.hacked=2'>",
    "\"><svg onload=window.hacked=3>", "javascript:window.hacked=4", "\u202eevil\u2066 \u0000\u001b[31m\u0007",
    "a\nb\u2028c\u2029d\ufeff", "& \" ' ]]> --> <!-- ${window.hacked=5} {{7*7}}", "=HYPERLINK(\"x\")", "W" * 10_000,
    "&lt;b&gt;bold&lt;/b&gt;", "\u4e2d\u6587 \U0001f600",
]


class Sweep:
    """A results folder that is being written."""

    def __init__(self, folder, suite="full", labels=("yes", "no", "maybe"), rows=40, steps=50):
        self.folder = pathlib.Path(folder)
        self.suite, self.labels, self.rows, self.steps = suite, labels, rows, steps
        (self.folder / "runs").mkdir(parents=True, exist_ok=True)
        self.plan = []

    def identity(self, *parts):
        return hashlib.sha256(repr((self.suite, *parts)).encode()).hexdigest()[:16]

    def run(self, method, dataset, seed, gain=None, options=None, training=None, train_rows=400, label=None,
            answers=None, prompt=None, model="SmolLM2-135M-Instruct", error=None, missing=False, strategy=None,
            costs=None):
        name = method
        parameters, flops, memory, usual = costs or METHODS.get(method, (0, 0, 170_000_000, 0.001))
        gain = usual if gain is None else gain
        options, training = options or {}, {"epochs": 2, "learning_rate": 1e-3, **(training or {})}
        label = label or method
        run = self.identity(name, label, dataset, seed, options, training, train_rows, model)
        if strategy:
            training["strategy"] = strategy
        self.plan.append({"model": model, "dataset": dataset, "method": label, "seed": seed, "id": run})
        if missing:
            return None
        folder = self.folder / "runs" / run
        folder.mkdir(exist_ok=True)
        if error is not None:
            self.write(folder / "error.json", {
                "id": run, "suite": self.suite, "model": {"name": model, "sha256": hashlib.sha256(model.encode()).hexdigest()},
                "method": {"name": name, "label": label}, "dataset": dataset, "seed": seed, "error": error,
                "seconds": 1.5, "failed": "2026-11-20T10:01:00Z"})
            return None
        trains = name != "none" and training.get("steps") != 0
        hard = random.Random(dataset)
        level = 0.3 + 0.4 * hard.random() + gain
        luck = random.Random(f"{label} {dataset} {seed}")
        lines, marks, counts = [], [], [[0] * (len(self.labels) + 1) for _ in self.labels]
        for row in range(self.rows):
            right = 0.8 * hard.random() + 0.2 * luck.random() < level
            gold = row % len(self.labels)
            answer = gold if right else luck.choice([i for i in range(len(self.labels) + 1) if i != gold])
            text = answers[luck.randrange(len(answers))] if answers and not right else (
                self.labels[answer] if answer < len(self.labels) else "no idea")
            marks.append(right)
            counts[gold][len(self.labels) if answers and not right else answer] += 1
            shown = prompt(row) if prompt else f"Say yes, no or maybe. Row {row} of {dataset}: is it so?"
            lines.append({"index": row, "prompt": shown, "label": self.labels[gold], "predict": text, "correct": right})
        (folder / "predictions.jsonl").write_text(
            "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8")
        history = []
        if trains:
            for step in range(10, 10 * self.steps + 1, 10):
                loss = 0.1 + 2 / (1 + step * max(gain, 0.01) / 10) * (1 + 0.1 * luck.random())
                history.append({"step": step, "loss": loss})
                if step % 100 == 0:
                    history.append({"step": step, "validation_loss": loss * 1.1})
        (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
        value = sum(marks) / len(marks)
        costs = {"parameters": parameters, "flops": flops, "memory": memory}
        terms = {key: 1 / (1 + costs[key] / CONSTANTS[key]) for key in costs}
        rows = range(len(self.labels))
        support = [sum(counts[g]) for g in rows]
        classes = [{
            "label": self.labels[g], "precision": counts[g][g] / max(1, sum(counts[h][g] for h in rows)),
            "recall": counts[g][g] / support[g], "f1": 2 * counts[g][g] / max(1, support[g] + sum(counts[h][g] for h in rows)),
            "support": support[g]} for g in rows]
        speed = 0.8 + 0.4 * luck.random()
        self.write(folder / "record.json", {
            "schema": "peft-bench.run/1", "id": run, "suite": self.suite,
            "model": {"name": model, "path": "model.gguf", "sha256": hashlib.sha256(model.encode()).hexdigest(),
                      "parameters": CONSTANTS["parameters"], "dtype": "auto"},
            "method": {"name": name, "label": label, "options": options, "trainable_parameters": parameters},
            "dataset": dataset, "seed": seed,
            "data": {"train_rows": train_rows, "eval_rows": self.rows, "template_sha256": "cd",
                     "train_sha256": f"{train_rows}", "eval_sha256": "e", "first_prompt": "Say yes, no or maybe."},
            "training": training if trains else None,
            **({} if not strategy else {"strategy": {
                **strategy, "label": label.split("strategy=")[-1].rstrip(")"), "model_steps": 200, "voters": 1,
                "relative_model_steps": 2, "training_tokens": 512_000, "relative_training_tokens": 2}}),
            "evaluation": {"mode": "generate", "batch_size": 8, "protocol": "strict"},
            "scores": {
                "primary": {"name": "accuracy", "value": value}, "protocol": "strict", "accuracy": value,
                "macro_f1": sum(c["f1"] for c in classes) / len(classes),
                "majority": {"answer": self.labels[0], "value": max(support) / self.rows},
                "chance": 1 / len(self.labels), "distinct_answers": 1 + sum(1 for c in classes if c["precision"]),
                "per_class": classes,
                "confusion": {"labels": list(self.labels), "counts": [counts[g][:-1] for g in rows],
                              "invalid": [counts[g][-1] for g in rows]},
                "invalid_rate": sum(counts[g][-1] for g in rows) / self.rows, "count": self.rows},
            "costs": {
                "trainable_parameters": parameters, "inference_flops": CONSTANTS["flops"] + flops,
                "added_inference_flops": flops, "peak_tensor_bytes": {"total": memory}, "peak_rss_bytes": 2 * memory,
                "training_seconds": 300.5 * speed if trains else 0, "evaluation_seconds": 40.25 * speed,
                "tokens_seen": 256_000 if trains else 0, "training_tokens_per_second": 852.0 / speed},
            "pscp": {"value": 100 * value * math.prod(terms.values()), "preset": "relative", "beta": [1, 1, 1],
                     "constants": CONSTANTS, "terms": terms},
            "environment": {"version": "0.9.0", "cpu": "a CPU", "threads": 2, "os": "Linux", "swift": "6.3",
                            "build": "release"},
            "timestamps": {"started": "2026-11-20T10:00:00Z", "finished": "2026-11-20T10:06:00Z"}})
        return f"results/{self.folder.name}/runs/{run}/adapter"

    def finish(self):
        self.write(self.folder / "plan.json", {"runs": self.plan})

    @staticmethod
    def write(path, value):
        path.write_text(json.dumps(value), encoding="utf-8")


def grids(sweep, tasks, own):
    """Writes what `adapter grid` leaves of all pairs of tasks, and of compressed adapters."""
    folder = sweep.folder / "grids"
    folder.mkdir(exist_ok=True)

    def task(name, dataset, kept):
        score = 0.6 + 0.3 * random.Random(dataset).random()
        return {"name": name, "dataset": dataset, "run": own[dataset].split("/")[-2], "primary": "accuracy",
                "held_out_rows": 50, "evaluation_rows": 100, "own_held_out": score, "own": {"value": score, "interval": None},
                "chosen": {"value": score * kept, "interval": [score * kept - 0.05, score * kept + 0.04]}, "retained": kept}

    def record(name, **members):
        Sweep.write(folder / f"{name}.json", {
            "schema": "peft-bench.grid/1", "id": name, "model": "SmolLM2-135M-Instruct", "method": "prompt-tuning", "seed": 42,
            "seconds": 2, **members})

    for place, one in enumerate(tasks):
        for two in tasks[place + 1:]:
            luck = random.Random(f"{one} {two}")
            candidates = [
                {"values": {"l": step / 20},
                 "held_out": [0.8 - 0.5 * (step / 20 - 0.7) ** 2 + 0.02 * luck.random(),
                              0.8 - 0.5 * (step / 20 - 0.3) ** 2 + 0.02 * luck.random()]} for step in range(21)]
            means = [sum(c["held_out"]) / 2 for c in candidates]
            record(f"{one}-{two}", kind="combination", recipe={"combine": "origin + l*a + (1-l)*b"}, candidates=candidates,
                   chosen=means.index(max(means)), tasks=[task("a", one, 0.75 + 0.3 * luck.random()),
                                                          task("b", two, 0.75 + 0.3 * luck.random())])
    for dataset in tasks:
        for share in (0.05, 0.1, 0.2, 0.3, 0.5):
            kept = 1 - 0.2 * random.Random(dataset).random() * (1 - share) ** 4
            record(f"{dataset}-{share}", kind="compression", recipe={"keep": share, "codec": "golomb"}, chosen=0,
                   candidates=[{"values": {"alpha": 1}, "held_out": [0.7]}], ratio_to_float16=5 / share,
                   tasks=[task(dataset, dataset, kept)])


def main(folder):
    root = pathlib.Path(folder)

    sweep = Sweep(root / "large", rows=12)
    for dataset in DATASETS:
        for method in METHODS:
            for seed in (42, 123, 456, 789, 101112):
                sweep.run(method, dataset, seed)
    sweep.finish()

    sweep = Sweep(root / "huge", rows=4, steps=2)
    for dataset in DATASETS[:25]:
        for method in METHODS:
            for seed in range(1, 34):
                sweep.run(method, dataset, seed)
    for seed in range(34, 84):
        sweep.run("lora", DATASETS[0], seed)
    sweep.finish()

    sweep = Sweep(root / "grid", rows=100)
    for dataset in ("sst2", "rte"):
        sweep.run("none", dataset, 42)
        for rate in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2):
            for method, best in (("lora", 1e-3), ("ia3", 1e-2), ("bitfit", 3e-3)):
                for rank in (4, 16) if method == "lora" else (None,):
                    gain = 0.2 - 0.07 * abs(math.log10(rate / best)) + (0.02 if rank == 16 else 0)
                    options = {} if rank is None else {"rank": rank}
                    told = ", ".join([f"rank={rank}"] * (rank is not None) + [f"learning_rate={rate:g}"])
                    for seed in (1, 2):
                        sweep.run(method, dataset, seed, gain=gain, options=options, training={"learning_rate": rate},
                                  label=f"{method} ({told})")
    sweep.finish()

    sweep = Sweep(root / "rows", rows=100)
    for count in (16, 64, 256, 1024):
        for method, gain in (("lora", 0.08), ("ia3", 0.06), ("prompt-tuning", 0.03)):
            for seed in (1, 2, 3):
                sweep.run(method, "sst2", seed, gain=gain * math.log10(count), train_rows=count)
    sweep.finish()

    sweep = Sweep(root / "own", suite="own", labels=("billing", "network", "other"), rows=90)
    for method in ("none", "lora", "ia3", "prompt-tuning"):
        for seed in (42,) if method == "none" else (42, 43, 44):
            sweep.run(method, "tickets", seed,
                      prompt=lambda row: f"Which team handles this ticket?\nTicket {row}: the router blinks red.")
    sweep.finish()

    sweep = Sweep(root / "failed")
    for method in ("lora", "ia3", "bitfit"):
        for dataset in ("sst2", "rte"):
            sweep.run(method, dataset, 42, error=f"{dataset}/train.jsonl:3:14: the loss is not finite at step 12")
    sweep.finish()

    sweep = Sweep(root / "unfinished")
    for number, method in enumerate(METHODS):
        for dataset in ("sst2", "rte", "boolq"):
            for seed in (1, 2):
                sweep.run(method, dataset, seed, missing=number > 3,
                          error="no memory for 1.2 GB" if (number, dataset, seed) == (1, "rte", 2) else None)
    sweep.finish()

    sweep = Sweep(root / "hostile", suite="own", labels=tuple(HOSTILE[:3]), rows=33)
    for method in ("none", "lora", "ia3"):
        for number, text in enumerate(HOSTILE):
            if number < 4 or method == "lora":
                sweep.run(method, f"{text[:300]}{number}", 1, label=f"{method} {HOSTILE[number % 8]}"[:400], answers=HOSTILE,
                          prompt=lambda row: HOSTILE[row % len(HOSTILE)], model=HOSTILE[1])
    sweep.run("lora", "sst2", 3, error=" ".join(HOSTILE), model=HOSTILE[1])
    sweep.finish()

    for suite, dataset in (("mini", "sst2"), ("own", "tickets")):
        sweep = Sweep(root / "two" / suite, suite=suite, rows=60)
        for method in METHODS:
            sweep.run(method, dataset, 42)
        sweep.finish()

    sweep = Sweep(root / "many", rows=60)
    for dataset in ("sst2", "rte", "boolq", "mrpc"):
        sweep.run("none", dataset, 42)
        for number, method in enumerate(MANY):
            level = random.Random(method)
            costs = (int(10 ** (3 + 4 * level.random())), 0 if number % 3 else int(1e9 * level.random()),
                     int(3e8 + 1e8 * level.random()), 0.2 * level.random())
            for seed in (1, 2):
                sweep.run(method, dataset, seed, costs=costs)
    sweep.finish()

    sweep = Sweep(root / "strategies", rows=80)
    for dataset in ("rte", "mrpc"):
        for method in ("lora", "prompt-tuning"):
            for number, strategy in enumerate((None, "swa", "ensemble", "mixout", "noise", "deni")):
                label = method if strategy is None else f"{method} (strategy={strategy})"
                for seed in range(1, 11):
                    sweep.run(method, dataset, seed, label=label, gain=0.1 + 0.02 * number,
                              strategy=strategy and {"name": strategy, "options": {"name": strategy}})
    sweep.finish()

    # Tasks' own prompts, and the sums of all pairs of them by weight.
    sweep = Sweep(root / "combined", rows=100)
    tasks = ("mnli", "qnli", "rte", "sst2", "cola", "mrpc")
    own = {task: sweep.run("prompt-tuning", task, 42, gain=0.25) for task in tasks}
    for place, one in enumerate(tasks):
        for two in tasks[place + 1:]:
            kin = 0.04 if one in tasks[:3] and two in tasks[:3] else 0.12
            for weight in (0, 0.25, 0.5, 0.75, 1):
                source = {"combine": "origin + lambda*(a + b)", "adapters": {"a": own[one], "b": own[two]},
                          "values": {"lambda": weight}}
                for task in (one, two):
                    sweep.run("prompt-tuning", task, 42, options={"init_from": source}, training={"steps": 0},
                              label=f"{one}+{two}, lambda={weight:g}", gain=0.25 - kin - 0.5 * (weight - 0.6) ** 2)
    sweep.finish()
    grids(sweep, tasks, own)
    luck = random.Random("similarity")
    matrix = [[1.0 if a == b else round(0.6 * luck.random() - 0.1, 6) for b in tasks] for a in tasks]
    for a, row in enumerate(matrix):
        for b in range(a):
            matrix[b][a] = row[b]
    Sweep.write(sweep.folder / "similarity.json", {
        "adapters": tasks, "vectors": True, "flattened": matrix,
        "token_mean": [[round(value ** 0.5, 6) if value > 0 else value for value in row] for row in matrix],
        "control": {"mean": 0.0004, "deviation": 0.011}})

    sweep = Sweep(root / "shots", rows=100)
    for task in ("sst2", "rte"):
        starts = {
            "random": None, "single vector": own["mnli"],
            "sum of two": {"combine": "origin + a + b", "adapters": {"a": own["mnli"], "b": own["qnli"]}},
            "multi-task prompt": own["qnli"]}
        for place, (label, start) in enumerate(starts.items()):
            for shots in (0, 5, 10, 25, 50, 100, 250, 500):
                for seed in (1, 2, 3):
                    sweep.run("prompt-tuning", task, seed, label=label, train_rows=shots,
                              options={} if start is None else {"init_from": start},
                              training={"steps": 0} if shots == 0 else {},
                              gain=0.05 * place * (1 - shots / 800) + 0.1 * math.log10(1 + shots))
    sweep.finish()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
