#!/usr/bin/env bash
# Exports results for MLflow and Weights & Biases, and reads them with these tools.
#
#   scripts/exports.sh RESULTS [PROGRAM]        PROGRAM: .build/release/peft-bench
#
# Needs python3 with mlflow (mlflow-skinny will do), wandb and pandas; PYTHON names another python3.
set -euo pipefail
cd "$(dirname "$0")/.."
results=${1:?usage: scripts/exports.sh RESULTS [PROGRAM]}
program=${2:-.build/release/peft-bench}
python=${PYTHON:-python3}

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
for tool in mlflow wandb; do "$program" report "$results" --export "$tool" --no-csv-safe -o "$scratch/$tool" --quiet; done
"$program" report "$results" -f csv --no-csv-safe -o "$scratch/summary.csv" --quiet
# MLflow 3 reads file stores, but asks whether one means it.
MLFLOW_ALLOW_FILE_STORE=true WANDB_MODE=offline WANDB_SILENT=true WANDB_DIR=$scratch "$python" - "$scratch" << 'PYTHON'
import csv
import json
import pathlib
import sys

import mlflow
import pandas
import wandb

folder = pathlib.Path(sys.argv[1])
with (folder / "summary.csv").open(newline="") as file:
    lines = {line["id"]: line for line in csv.DictReader(file) if line["status"] == "complete"}

client = mlflow.MlflowClient(tracking_uri=(folder / "mlflow/mlruns").as_uri())
experiments = [e for e in client.search_experiments() if e.name != "Default"]
runs = [run for e in experiments for run in client.search_runs([e.experiment_id], max_results=50_000)]
assert len(runs) == len(lines), (len(runs), len(lines))
steps = 0
for run in runs:
    line = lines[run.data.tags["peft_bench.id"]]
    assert run.data.params["dataset"] == line["dataset"] and run.data.params["seed"] == line["seed"]
    assert run.data.metrics["score/headline"] == float(line["score"]), (run.data.metrics, line)
    assert run.data.metrics["cost/trainable_parameters"] == float(line["trainable_parameters"])
    assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time
    if "train/loss" in run.data.metrics:
        history = client.get_metric_history(run.info.run_id, "train/loss")
        steps += len(history)
        assert [m.step for m in history] == sorted(m.step for m in history)
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["run.json"]
print(f"MLflow {mlflow.__version__} reads {len(runs)} runs with {steps} losses")

table = pandas.read_csv(folder / "wandb/runs.csv")
assert len(table) == len(lines)
read = 0
for _, row in table.iterrows():
    place, line = folder / "wandb" / row["Folder"], lines[str(row["ID"])]
    assert row["summary.score/headline"] == float(line["score"])
    summary = json.loads((place / "files/wandb-summary.json").read_text())
    assert summary["score/headline"] == float(line["score"])
    read += len(pandas.read_csv(place / "history.csv"))
first = folder / "wandb" / table["Folder"][0]
run = wandb.init(project="peft-bench", config=str(first / "files/config.yaml"))
assert run.config["dataset"] == lines[str(table["ID"][0])]["dataset"], dict(run.config)
run.log({"runs": wandb.Table(dataframe=table.astype(str))})
for step in pandas.read_csv(first / "history.csv").to_dict("records"):
    run.log({key: value for key, value in step.items() if not key.startswith("_")}, step=int(step["_step"]))
run.finish()
print(f"Weights & Biases {wandb.__version__} takes a config, a table of {len(table)} runs and a history; {read} lines of histories read")
PYTHON
