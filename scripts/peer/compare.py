"""Measures peft-bench and the peer in turns and prints the tables of docs/performance.md.

    compare.py --python PYTHON --float32 FOLDER --bfloat16 FOLDER --gguf FILE --data ROOT [--rounds 3]
               [--only random,task] [--methods lora,ia3,...] [--formats float32,bfloat16,gguf] [--steps 5]

PYTHON has torch, transformers and peft, and for qlora bitsandbytes. The folders and the file are one model in three types;
the peer uses float32. ROOT holds sst2 for task batches and generation. Let nothing else run meanwhile.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ.get("PEFT_BENCH", os.path.join(HERE, "..", "..", ".build", "release", "peft-bench"))
OPTIONS = {
    "lora": ["rank=16", "alpha=16", "dropout=0", "target_modules=[k_proj,v_proj,down_proj]"],
    "ia3": [],
    "ln-tuning": [],
    "prefix-tuning": ["tokens=32", "projection=true", "encoder_hidden_size=512"],
    "bitfit": ["target_modules=[q_proj,v_proj]"],
    "prompt-tuning": ["tokens=100"],
    "full": [],
    "p-tuning": ["tokens=20", "encoder_hidden_size=576"],
    "llama-adapter": ["tokens=10"],
    "dora": ["rank=16", "alpha=16", "target_modules=[k_proj,v_proj,down_proj]"],
    **{method: ["target_modules=[k_proj,v_proj,down_proj]", *options] for method, options in {
        "adalora": [], "hira": [], "loha": [], "lokr": [], "miss": [], "gralora": [], "delora": [], "glora": [],
        "deft": [], "oft": ["block_size=32"], "hra": [], "road": [], "vera": [], "pvera": [], "shira": [],
        "super-tuning": [], "beft": [], "svft": [],
    }.items()},
    "mpt": ["tokens=100"],
    # So many that random batches hold some: without them no gradient has to reach the embeddings.
    "trainable-tokens": [f"tokens={list(range(1024))}".replace(" ", "")],
    "galore": ["rank=16", "update_interval=200", "scale=2"],
}
OPTIONS["qlora"] = OPTIONS["lora"]
TASK_LORA = """
name: task
model: {{path: {model}, name: m}}
data: {{suite: full, root: {data}, datasets: [sst2], limit: first, train_limit: 400, eval_limit: 200}}
methods:
  - {{name: lora, rank: 16, alpha: 16, dropout: 0, target_modules: [k_proj, v_proj, down_proj], learning_rate: 5e-4}}
training: {{epochs: 1, batch_size: 4, validation_fraction: 0}}
evaluation: {{mode: generate, max_new_tokens: 8}}
output: {output}
"""


def call(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def ours(model, method, steps):
    options = [part for option in OPTIONS[method] for part in ("--option", option)]
    return json.loads(call([
        PROGRAM, "bench", "--model", model, "--method", method, "--steps", str(steps), *options, "--json"]))


def peers(arguments, model, method):
    return json.loads(call([
        arguments.python, os.path.join(HERE, "peer.py"), model, "random", method, "--steps", str(arguments.steps)]))


def bases(arguments, method, folder):
    """The model of each column; for qlora with its maps in NF4, which a GGUF file cannot become."""
    names = arguments.formats.split(",")
    if method != "qlora":
        return {**{name: getattr(arguments, name) for name in names}, "peer": arguments.float32}
    converted = {}
    for name in dict.fromkeys([*names, "float32"]):
        if name != "gguf":
            converted[name] = os.path.join(folder, name)
            call([PROGRAM, "model", "convert", getattr(arguments, name), "--to", "nf4", "--output", converted[name]])
    return {**{name: converted[name] for name in names if name in converted}, "peer": converted["float32"]}


def middle(values):
    return statistics.median(values)


def random_batches(arguments):
    formats = arguments.formats.split(",")
    print(f"| method | peft-bench tokens/s, resident: {' | '.join(formats)} | peer | ratio |")
    print("|---|" + "---|" * (len(formats) + 2))
    notes = []
    for method in arguments.methods:
        with tempfile.TemporaryDirectory() as folder:
            models = bases(arguments, method, folder)
            runs = {name: [] for name in models}
            for _ in range(arguments.rounds):
                for name, model in models.items():
                    runs[name].append(
                        peers(arguments, model, method) if name == "peer" else ours(model, method, arguments.steps))
        cells = dict.fromkeys([*formats, "peer"], "")
        speeds = {}
        for name, results in runs.items():
            speeds[name] = middle([r["tokens_per_second"] for r in results])
            resident = middle([r["peak_rss_bytes"] for r in results]) / 1e9
            cells[name] = f"{speeds[name]:.0f}, {resident:.2f} GB"
        peer = speeds.pop("peer")
        ends = (min(speeds.values()), max(speeds.values())) if speeds else ()
        ratios = dict.fromkeys(f"{speed / peer:.2f}" for speed in ends)
        print(f"| {method} | {' | '.join(cells.values())} | {' to '.join(ratios)} |", flush=True)
        counts = {name: results[0]["trainable_parameters"] for name, results in runs.items()}
        if len(set(counts.values())) > 1:
            notes.append(f"{method} trains other numbers of values: {counts}")
        if method == "qlora":
            notes.append("qlora has its maps in NF4 with double quantization on both sides, the peer's by bitsandbytes")
    print("", *notes, sep="\n", flush=True)


def task_and_generation(arguments):
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "task.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(TASK_LORA.format(model=arguments.float32, data=arguments.data, output=os.path.join(folder, "out")))
        previews = {}
        for split, limit in (("training", 400), ("evaluation", 200)):
            previews[split] = os.path.join(folder, split + ".jsonl")
            with open(previews[split], "w", encoding="utf-8") as file:
                file.write(call([
                    PROGRAM, "data", "preview", "sst2", "--root", arguments.data, "--model", arguments.float32, "--split",
                    split, "--limit", str(limit), "--json"]))
        mine, peer = {"task": [], "generate": []}, {"task": [], "generate": []}
        for _ in range(arguments.rounds):
            call([PROGRAM, "run", config, "--fresh", "--quiet"])
            runs = os.path.join(folder, "out", "runs")
            for name in os.listdir(runs):
                with open(os.path.join(runs, name, "record.json"), encoding="utf-8") as file:
                    costs = json.load(file)["costs"]
            mine["task"].append(400 / costs["training_seconds"])
            mine["generate"].append(200 / costs["evaluation_seconds"])
            script = [arguments.python, os.path.join(HERE, "peer.py"), arguments.float32]
            task = json.loads(call([*script, "task", "lora", "--rows", previews["training"]]))
            peer["task"].append(task["examples_per_second"])
            answers = json.loads(call([*script, "generate", "--rows", previews["evaluation"]]))
            peer["generate"].append(answers["rows_per_second"])
        print("| sst2 | peft-bench | peer | ratio |")
        print("|---|---|---|---|")
        for name, title in (("task", "LoRA, training examples a second"), ("generate", "answers a second")):
            a, b = middle(mine[name]), middle(peer[name])
            print(f"| {title} | {a:.1f} | {b:.1f} | {a / b:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("python", "float32", "bfloat16", "gguf", "data"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--only", default="random,task")
    parser.add_argument("--formats", default="float32,bfloat16,gguf")
    parser.add_argument("--methods", default=",".join(OPTIONS))
    arguments = parser.parse_args()
    arguments.methods = arguments.methods.split(",")
    wanted = arguments.only.split(",")
    if "random" in wanted and "qlora" in arguments.methods:
        # Found out now, and not after all other methods.
        call([arguments.python, "-c", "import bitsandbytes"])
    if "random" in wanted:
        random_batches(arguments)
    if "task" in wanted:
        task_and_generation(arguments)


if __name__ == "__main__":
    main()
