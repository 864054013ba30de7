"""Loads adapters and merged models that peft-bench wrote into Hugging Face PEFT and compares their logits.

    PEFT_BENCH_EXPORT=/tmp/adapters swift test --filter AdapterExportTests
    python scripts/golden/check_adapters.py Tests/Fixtures/models /tmp/adapters

A warning while an adapter is loaded counts as a failure, as PEFT only warns of missing and of unexpected tensors;
but not those that PEFT gives of its own adapters too.
Methods that PEFT does not have (bottleneck adapters, trained existing biases) are listed as such; their merged
models, where there are any, are checked like the others. An adapter that was trained on a GGUF file names that file,
which is loaded as docs/adapter-files.md says.
"""

import argparse
import json
import warnings
from pathlib import Path

import golden  # noqa: F401  (sets the environment before torch is loaded)
import torch
import transformers
from peft import PeftConfig, PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

TOLERANCE = 1e-4
# LN tuning has no list of known layers, and BEFT says so of every map without a bias.
# Of projections that are drawn again, PEFT says so twice, and AdaLoRA's ranks stand under names that loading ignores.
# A tied table in an adapter and an update's bias on a map without one are only not to be merged by PEFT.
USUAL_WARNINGS = ("deprecat", "unsupported layer type", "base layer has no bias term", "ensure_weight_tying",
                  "a tied layer is part of the adapter", "merging lora weights won't be possible",
                  "specified to not save vera_a", "specified to not load vera_a",
                  "symmetric initialization can not be performed",
                  "rank_pattern keys did not match any targeted module")
OWN_TYPES = {"BOTTLENECK", "BITFIT", "COMBINED", "SVFT"}
LINEAR_TYPES = {"BEFT", "DELORA", "GLORA", "HRA", "LOHA", "LOKR", "MISS", "OFT", "ROAD", "SHIRA", "SUPERTUNING"}


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()


def load_base_of(adapter):
    """The snippet of docs/adapter-files.md."""
    base = Path(PeftConfig.from_pretrained(adapter).base_model_name_or_path)
    gguf = {"gguf_file": base.name} if base.suffix == ".gguf" else {}
    return AutoModelForCausalLM.from_pretrained(base.parent if gguf else base, dtype=torch.float32, **gguf).eval()


def difference(model, expected, **inputs):
    with torch.no_grad():
        logits = model(input_ids=expected["ids"][None], **inputs).logits[0][-len(expected["ids"]):]
    return (logits - expected["logits"]).abs().max().item()


def check(models, folder):
    """What was compared, with the largest difference or what went wrong."""
    case = json.loads((folder / "case.json").read_text())
    expected = load_file(folder / "expected.safetensors")
    config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    kind = config["peft_type"]
    if kind in OWN_TYPES:
        yield "adapter", None, f"PEFT has no {kind}"
    elif config.get("init_lora_weights") == "loftq":
        yield "adapter", None, "PEFT quantizes the base weights otherwise"
    elif case["model"] == "gpt2" and (kind in LINEAR_TYPES or config.get("use_bdlora")):
        yield "adapter", None, f"PEFT's {kind} does not take GPT-2's Conv1D"
    elif kind == "ADAPTION_PROMPT" and case["model"] not in ("llama", "mistral", "gpt2"):
        yield "adapter", None, f"PEFT's {kind} knows Llama, Mistral and GPT-2 alone"
    else:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            base = load_base_of(folder / "adapter") if case["model"] == "gguf" else load(models / case["model"])
            model = PeftModel.from_pretrained(base, folder / "adapter").eval()
        caught = [str(warning.message) for warning in caught
                  if not any(usual in str(warning.message).lower() for usual in USUAL_WARNINGS)]
        # Of several tasks, ours show the first.
        inputs = {"task_ids": torch.zeros(1, dtype=torch.long)} if kind == "MULTITASK_PROMPT_TUNING" else {}
        yield "adapter", difference(model, expected, **inputs), "; ".join(caught)
    if (folder / "merged").exists():
        yield "merged", difference(load(folder / "merged"), expected), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("adapters", type=Path)
    arguments = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    failures = 0
    for folder in sorted(arguments.adapters.iterdir(), key=lambda path: int(path.name.split("-")[0])):
        case = json.loads((folder / "case.json").read_text())
        for what, gap, note in check(arguments.models, folder):
            good = gap is None or (gap < TOLERANCE and not note)
            failures += not good
            shown = "-" if gap is None else f"{gap:.1e}"
            print(f"{'ok  ' if good else 'FAIL'} {case['model']:6} {case['method']:14} {what:8} {shown:8} "
                  f"{case['options']} {note}")
    print(f"{failures} failures")
    raise SystemExit(failures > 0)


if __name__ == "__main__":
    main()
