"""Opens what `peft-bench report DIR --export TOOL -o OUT` wrote with the tools that it is for.

    pip install tensorboard pandas
    pip install --no-deps lm-eval && pip install jinja2 pytablewriter pyyaml
    peft-bench report results/x --json > report.json
    for tool in tensorboard peft lm-eval; do peft-bench report results/x --export $tool -o exports/$tool; done
    python check_exports.py report.json exports [--processing PEFT/method_comparison/processing.py]

`--processing` is the file of that name in a checkout of huggingface/peft; without it, the same members are looked up.
"""

import argparse
import glob
import importlib.util
import json
import os


def close(a, b, tolerance=1e-6):
    assert abs(a - b) <= tolerance * max(1, abs(a)), (a, b)


def check_tensorboard(runs, folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    scores = 0
    for run in runs:
        label = run["method"]["label"]
        paths = glob.glob(f"{folder}/{run['suite']}/{run['dataset']}/*/seed-{run['seed']}")
        path = next(p for p in paths if p.split("/")[-2] == label)
        # The loader checks both masked CRCs of every record.
        count = len(list(RawEventFileLoader(glob.glob(path + "/*tfevents*")[0]).Load()))
        events = EventAccumulator(path, size_guidance={"scalars": 0}).Reload()
        tags = events.Tags()["scalars"]
        close(events.Scalars("score/" + run["scores"]["primary"]["name"])[-1].value, run["scores"]["primary"]["value"])
        close(events.Scalars("cost/trainable_parameters")[-1].value, run["costs"]["trainable_parameters"], 1e-6)
        assert ("train/loss" in tags) == (run["method"]["name"] != "none"), tags
        scores += count
    print(f"tensorboard: {len(runs)} runs, {scores} events")


def check_peft(runs, folder, processing):
    trained = [run for run in runs if run["method"]["name"] != "none"]
    rows = {}
    for path in glob.glob(f"{folder}/*/results"):
        task = path.split("/")[-2]
        if processing:
            spec = importlib.util.spec_from_file_location("processing", processing)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            for _, row in module.load_df(path, task).iterrows():
                rows[task, row["experiment_name"]] = row["test_accuracy"], row["accelerator_memory_max"]
        else:
            for name in os.listdir(path):
                with open(f"{path}/{name}") as file:
                    row = json.load(file)
                assert row["train_info"]["status"] == "success" and row["meta_info"]["package_info"]
                rows[task, row["run_info"]["experiment_name"]] = (
                    row["train_info"]["metrics"][-1]["test accuracy"], row["train_info"]["accelerator_memory_max"])
    assert len(rows) == len(trained), (len(rows), len(trained))
    expected = sorted((run["scores"]["primary"]["value"], run["costs"]["peak_tensor_bytes"]["total"]) for run in trained)
    for found, wanted in zip(sorted(rows.values()), expected):
        close(found[0], wanted[0])
        assert found[1] == wanted[1]
    print(f"peft: {len(rows)} experiments" + ("" if processing else ", members only"))


def check_harness(runs, folder):
    from lm_eval.utils import get_file_task_name, get_results_filenames, get_sample_results_filenames, make_table
    values, samples = [], 0
    for path in sorted(glob.glob(f"{folder}/*")):
        names = [f"{path}/{name}" for name in os.listdir(path)]
        results = get_results_filenames(names)
        assert len(results) == 1, results
        with open(results[0]) as file:
            content = json.load(file)
        table = make_table(content)
        for task, scores in content["results"].items():
            assert f"|{task}" in table
            metric = content["configs"][task]["metric_list"][0]["metric"]
            values.append(scores[f"{metric},none"])
        for name in get_sample_results_filenames(names):
            task = get_file_task_name(os.path.basename(name))
            metric = content["configs"][task]["metric_list"][0]["metric"]
            with open(name) as file:
                lines = [json.loads(line) for line in file]
            assert len(lines) == content["n-samples"][task]["effective"]
            if metric == "acc":
                close(sum(line["acc"] for line in lines) / len(lines), content["results"][task]["acc,none"])
            samples += len(lines)
    expected = sorted(run["scores"]["primary"]["value"] for run in runs)
    assert len(values) == len(expected)
    for found, wanted in zip(sorted(values), expected):
        close(found, wanted)
    print(f"lm-eval: {len(values)} results, {samples} samples")
    print(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report")
    parser.add_argument("exports")
    parser.add_argument("--processing")
    arguments = parser.parse_args()
    with open(arguments.report) as file:
        runs = json.load(file)["runs"]
    check_tensorboard(runs, arguments.exports + "/tensorboard")
    check_peft(runs, arguments.exports + "/peft", arguments.processing)
    check_harness(runs, arguments.exports + "/lm-eval")


main()
