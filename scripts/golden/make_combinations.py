"""Makes goldens of combined adapters: PEFT's add_weighted_adapter with every type, and mergekit's formulae in numpy.

    python scripts/golden/make_combinations.py Tests/Fixtures/models Tests/Fixtures/combinations

The adapters are random LoRAs of the tiny Llama as PEFT saves them, with different scales: `c` has another rank and further
maps, `d` to `f` are rank-stabilized (`e` with another rank, `f` with ranks and alphas of its own for single maps).
expected.safetensors holds TYPE/KEY: A and B of PEFT's result where the type adds factors, the
update B·A (`delta`) where it decomposes, since the signs of singular vectors are free, or where PEFT fills up with zeros;
mergekit/TYPE/SITE: the update before any decomposition; clamp/QUANTILE/SITE: PEFT's factors with and without `svd_clamp`, which
depends on these signs. expected.json has the weights and options of each case.

Random masks are those of the product: counters hashed with SplitMix64, one stream for each adapter and map. PEFT's own
function draws from the queue that is filled here in the order in which add_weighted_adapter asks.
"""

import argparse
import shutil
from pathlib import Path

import golden
import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from peft.utils import merge_utils
from transformers import AutoModelForCausalLM

from seed_stream import SeedStream

SCRIPT = "scripts/golden/make_combinations.py"
SEED = 7
DENSITY = 0.6
ADAPTERS = {
    "a": dict(r=4, lora_alpha=6, target_modules=["q_proj", "down_proj"]),
    "b": dict(r=4, lora_alpha=2, target_modules=["q_proj", "down_proj"]),
    "c": dict(r=3, lora_alpha=3, target_modules=["q_proj", "v_proj"]),
    "d": dict(r=4, lora_alpha=3, use_rslora=True, target_modules=["q_proj", "down_proj"]),
    "e": dict(r=2, lora_alpha=5, use_rslora=True, target_modules=["q_proj"]),
    "f": dict(r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "down_proj"],
              rank_pattern={"q_proj": 2}, alpha_pattern={"down_proj": 3}),
}
FACTORS = ["linear", "ties", "dare_linear", "dare_ties", "magnitude_prune"]
DECOMPOSED = ["svd", "ties_svd", "dare_linear_svd", "dare_ties_svd", "magnitude_prune_svd"]


def stream(adapter, place):
    return SeedStream(SEED).child("masks").child(adapter).child(place)


def make_adapters(base, target):
    for name, options in ADAPTERS.items():
        model = AutoModelForCausalLM.from_pretrained(base)
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if "lora_" in key:
                    parameter.copy_(golden.normal(parameter.shape, 0.4, "combinations", name, key))
        model.save_pretrained(target / name)
        (target / name / "README.md").unlink(missing_ok=True)
        config = target / name / "adapter_config.json"
        text = golden.json.loads(config.read_text())
        text["base_model_name_or_path"] = "models/llama"
        text["target_modules"] = sorted(text["target_modules"])
        golden.save_json(config, text)


def site(key):
    return key.removeprefix("base_model.model.")


def combined(base, target, names, weights, kind, **options):
    """PEFT's result as a dictionary from site to (A, B)."""
    model = AutoModelForCausalLM.from_pretrained(base)
    model = PeftModel.from_pretrained(model, target / names[0], adapter_name=names[0])
    for name in names[1:]:
        model.load_adapter(target / name, adapter_name=name)
    queue = []
    layers = {key: layer for key, layer in model.named_modules() if isinstance(layer, LoraLayer)}
    for key, layer in layers.items():
        having = [name for name in names if name in layer.lora_A]
        if kind.endswith("_svd"):
            queue += [(name, site(key)) for name in having]
        else:
            queue += [(name, f"{site(key)}.{factor}") for factor in ("lora_A", "lora_B") for name in having]

    def random_pruning(tensor, density, rescale):
        draws = torch.tensor(stream(*queue.pop(0)).uniforms(tensor.numel()), dtype=torch.float64).reshape(tensor.shape)
        pruned = tensor * (draws < density).to(tensor.dtype)
        return pruned / density if rescale else pruned

    original, merge_utils.random_pruning = merge_utils.random_pruning, random_pruning
    try:
        model.add_weighted_adapter(names, weights, "sum", combination_type=kind, **options)
    finally:
        merge_utils.random_pruning = original
    result = {}
    for key, layer in layers.items():
        if "sum" in layer.lora_A:
            # Rank stabilization stays on, so that PEFT multiplies by √r what it meant to take as it is.
            rank = layer.r["sum"]
            scale = rank**0.5 if model.peft_config["sum"].use_rslora else 1
            assert abs(layer.scaling["sum"] - scale) < 1e-9
            result[site(key)] = (layer.lora_A["sum"].weight.detach(), layer.lora_B["sum"].weight.detach())
    return result


def deltas(base, target, names):
    """The full updates of adapters in float64, by site."""
    result = {}
    for name in names:
        model = AutoModelForCausalLM.from_pretrained(base)
        model = PeftModel.from_pretrained(model, target / name)
        for key, layer in model.named_modules():
            if isinstance(layer, LoraLayer):
                a = layer.lora_A["default"].weight.detach().double().numpy()
                b = layer.lora_B["default"].weight.detach().double().numpy()
                result.setdefault(site(key), {})[name] = layer.scaling["default"] * (b @ a)
    return result


def mergekit(kind, parts, weights, place):
    """mergekit's generalized task arithmetic on the updates of one map."""
    gamma, epsilon = 0.05, 0.15
    names = list(parts)
    sparse = []
    for name in names:
        values = parts[name]
        flat = np.abs(values).reshape(-1)
        order = np.argsort(-flat, kind="stable")
        mask = np.ones(flat.size)
        if kind == "ties":
            mask = np.zeros(flat.size)
            mask[order[: int(DENSITY * flat.size)]] = 1
        elif kind.startswith("breadcrumbs"):
            mask = np.zeros(flat.size)
            top = int(gamma * flat.size)
            mask[order[top: top + int(DENSITY * flat.size)]] = 1
        elif kind.startswith("dare"):
            mask = (np.array(stream(name, place).uniforms(flat.size)) < DENSITY).astype(float)
        elif kind.startswith("della"):
            ranks = np.argsort(np.argsort(np.abs(values), axis=1), axis=1)
            probability = DENSITY - epsilon + ranks / (values.shape[1] - 1) * 2 * epsilon
            mask = (np.array(stream(name, place).uniforms(flat.size)).reshape(values.shape) < probability).astype(float)
        masked = values * mask.reshape(values.shape)
        if kind.startswith(("dare", "della")):
            masked = masked * (np.abs(values).sum() / np.abs(masked).sum())
        sparse.append(masked)
    weighted = [weights[name] * values for name, values in zip(names, sparse)]
    if kind in ("ties", "dare_ties", "breadcrumbs_ties", "della"):
        elected = np.where(sum(weighted) >= 0, 1.0, -1.0)
        masks = [np.sign(values) == elected for values in weighted]
        mixed = sum(values * mask for values, mask in zip(weighted, masks))
        divisor = sum(weights[name] * mask for name, mask in zip(names, masks))
    else:
        mixed = sum(weighted)
        divisor = np.full(mixed.shape, sum(weights[name] for name in names))
    if kind in ("ties", "della"):
        mixed = mixed / np.where(divisor == 0, 1.0, divisor)
    return mixed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    base = arguments.models / "llama"
    shutil.rmtree(arguments.target, ignore_errors=True)
    arguments.target.mkdir(parents=True)
    make_adapters(base, arguments.target)
    tensors, cases = {}, []

    def add(label, names, weights, kind, **options):
        result = combined(base, arguments.target, names, weights, kind, **options)
        for place, (a, b) in result.items():
            if kind in FACTORS or kind == "cat" and not {"c", "e", "f"} & set(names):
                tensors[f"{label}/{place}.lora_A"] = a
                tensors[f"{label}/{place}.lora_B"] = b
            else:
                tensors[f"{label}/{place}.delta"] = (b.double() @ a.double()).float()
        cases.append({"label": label, "adapters": names, "weights": weights, "type": kind, **options})

    for kind in FACTORS:
        options = {} if kind == "linear" else {"density": DENSITY}
        add(kind, ["a", "b"], [0.7, -0.4], kind, **options)
    add("ties-frequency", ["a", "b"], [0.7, 0.4], "ties", density=DENSITY, majority_sign_method="frequency")
    add("cat", ["a", "b"], [0.7, -0.4], "cat")
    add("cat-three", ["a", "b", "c"], [0.7, -0.4, 1.5], "cat")
    for kind in DECOMPOSED:
        options = {} if kind == "svd" else {"density": DENSITY}
        add(kind, ["a", "b"], [0.7, 0.4], kind, svd_rank=5, **options)
    add("svd-three", ["a", "b", "c"], [0.7, -0.4, 1.5], "svd")
    add("single", ["a"], [0.3], "svd")

    # Rank stabilization: α over √r, alone and beside adapters without, with different ranks and patterns.
    add("rslora-linear", ["d", "a"], [0.7, -0.4], "linear")
    add("rslora-ties", ["a", "d"], [0.7, 0.4], "ties", density=DENSITY)
    add("rslora-cat", ["d", "e", "a"], [0.7, -0.4, 1.5], "cat")
    add("rslora-svd", ["e", "d"], [0.7, -0.4], "svd")
    add("rslora-patterns-cat", ["f", "a"], [-0.7, 0.4], "cat")
    add("rslora-patterns-svd", ["f", "e"], [0.7, 0.4], "svd", svd_rank=3)
    # Signs of weights: all negative, of types that decompose, and zero.
    add("negative-linear", ["a", "b"], [-0.7, -0.4], "linear")
    add("negative-ties", ["a", "b"], [-0.7, 0.4], "ties", density=DENSITY)
    add("negative-single", ["a"], [-0.3], "linear")
    add("zero-linear", ["a", "b"], [0.0, -0.4], "linear")
    for kind in DECOMPOSED[1:]:
        add(f"negative-{kind}", ["a", "b"], [-0.7, 0.4], kind, svd_rank=5, density=DENSITY)
    # Densities: all, one element or none of a factor.
    for kind in ["ties", "dare_linear", "dare_ties", "magnitude_prune", "ties_svd"]:
        add(f"dense-{kind}", ["a", "b"], [0.7, -0.4], kind, density=1.0)
    for kind in ["ties", "dare_ties", "magnitude_prune", "ties_svd"]:
        add(f"sparse-{kind}", ["a", "b"], [0.7, -0.4], kind, density=0.02)
    add("empty-magnitude_prune_svd", ["a", "b"], [0.7, -0.4], "magnitude_prune_svd", density=0.001)
    # Elections among three, where the sum and the number of signs differ.
    for method in ["total", "frequency"]:
        for kind in ["ties", "dare_ties", "ties_svd", "dare_ties_svd"]:
            add(f"three-{kind}-{method}", ["a", "b", "d"], [0.7, -0.4, 0.5], kind, density=DENSITY,
                majority_sign_method=method)
    # A rank beyond the map's: PEFT's factors fit each other with reduced matrices alone.
    add("svd-reduced", ["a", "b"], [0.7, -0.4], "svd", svd_rank=5, svd_full_matrices=False)
    add("svd-beyond", ["a", "b"], [0.7, -0.4], "svd", svd_rank=40, svd_full_matrices=False)

    weights = {"a": 0.7, "b": -0.4}
    for clamp in [None, 0.9, 0.2]:
        result = combined(base, arguments.target, list(weights), list(weights.values()), "svd", svd_clamp=clamp)
        place, (a, b) = list(result.items())[0]
        tensors[f"clamp/{clamp or 'none'}/{place}.lora_A"], tensors[f"clamp/{clamp or 'none'}/{place}.lora_B"] = a, b

    weights = {"a": 0.7, "b": 0.5}
    for kind in ["task_arithmetic", "ties", "dare_linear", "dare_ties", "breadcrumbs", "breadcrumbs_ties", "della",
                 "della_linear"]:
        for place, parts in deltas(base, arguments.target, ["a", "b"]).items():
            merged = mergekit(kind, parts, weights, place)
            tensors[f"mergekit/{kind}/{place}"] = torch.from_numpy(merged).float()
    golden.save_tensors(arguments.target / "expected.safetensors", tensors, SCRIPT)
    golden.save_json(arguments.target / "expected.json", {
        "cases": cases, "density": DENSITY, "seed": SEED, "mergekit_weights": weights, "gamma": 0.05, "epsilon": 0.15})


if __name__ == "__main__":
    main()
