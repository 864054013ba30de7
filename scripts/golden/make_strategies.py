"""Makes goldens of strategies against chance on the tiny Llama with LoRA: averages of the weights by
`torch.optim.swa_utils`, and mixout written as one expression that autograd goes back through.

    python scripts/golden/make_strategies.py Tests/Fixtures/models Tests/Fixtures/strategies

The folder holds start.safetensors (the adapter at the start, under PEFT's keys) and expected.safetensors with

    batch_ids_i, batch_labels_i   the training batch, one sequence each; -100 is "no label"
    swa/NAME, ema/NAME            the averages after the last step
    mixout/NAME                   the parameters after the last step of a training with mixout
    losses, mixout_losses         the loss before each AdamW step

Masks of mixout are drawn as the program draws them: its counter-based generator is written here once more.
"""

import argparse
import json
from pathlib import Path

import golden
import torch
from make_methods import batch, load, padded
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from torch.func import functional_call
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

SCRIPT = "scripts/golden/make_strategies.py"
STEPS = 12
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
START = 0.25
DECAY = 0.9
PROBABILITY = 0.7
SEED = 5
MASK = (1 << 64) - 1


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def root(seed):
    return mix((seed + 0x9E3779B97F4A7C15) & MASK)


def child(key, name):
    if isinstance(name, int):
        return mix((key + 0xD1B54A32D192ED03 * (name + 1)) & MASK)
    code = 0xCBF29CE484222325
    for byte in name.encode():
        code = ((code ^ byte) * 0x00000100000001B3) & MASK
    return mix(key ^ code)


def uniforms(key, count):
    return [(mix((key + 0x9E3779B97F4A7C15 * (i + 1)) & MASK) >> 40) * 2.0**-24 for i in range(count)]


def subject(models):
    model = load(models, "llama")
    model = get_peft_model(model, LoraConfig(
        r=2, lora_alpha=4, lora_dropout=0.0, task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj"]))
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    with torch.no_grad():
        for name, parameter in trained:
            parameter.copy_(golden.normal(parameter.shape, 0.2, "strategies", name))
    return model.eval(), trained


def optimizer(parameters):
    return torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)


def averaged(models, inputs):
    model, trained = subject(models)
    start = get_peft_model_state_dict(model)
    start = {name: tensor.clone() for name, tensor in start.items()}
    adam = optimizer([p for _, p in trained])
    swa = AveragedModel(model)
    ema = AveragedModel(model, avg_fn=get_ema_avg_fn(DECAY))
    losses = []
    for step in range(1, STEPS + 1):
        adam.zero_grad()
        loss = model(**inputs).loss
        losses.append(loss.item())
        loss.backward()
        adam.step()
        if step >= START * STEPS:
            swa.update_parameters(model)
        ema.update_parameters(model)
    return start, losses, get_peft_model_state_dict(swa.module), get_peft_model_state_dict(ema.module)


def with_mixout(models, inputs):
    model, trained = subject(models)
    adam = optimizer([p for _, p in trained])
    origin = {name: p.detach().clone() for name, p in trained}
    stream = child(child(root(SEED), "participants"), "mixout")
    losses = []
    for step in range(1, STEPS + 1):
        mixed = {}
        for index, (name, parameter) in enumerate(trained):
            draws = torch.tensor(uniforms(child(child(stream, step), index), parameter.numel()))
            keep = (draws >= PROBABILITY).float().reshape(parameter.shape)
            first = origin[name]
            mixed[name] = (keep * parameter + (1 - keep) * first - PROBABILITY * first) / (1 - PROBABILITY)
        adam.zero_grad()
        loss = functional_call(model, mixed, kwargs=inputs).loss
        losses.append(loss.item())
        loss.backward()
        adam.step()
    return losses, get_peft_model_state_dict(model)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("models", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    sequences = batch("llama")
    inputs = padded(sequences)
    start, losses, swa, ema = averaged(arguments.models, inputs)
    mixout_losses, mixout = with_mixout(arguments.models, inputs)
    tensors = {f"batch_ids_{i}": ids for i, (ids, _) in enumerate(sequences)}
    tensors |= {f"batch_labels_{i}": labels for i, (_, labels) in enumerate(sequences)}
    for label, values in (("swa", swa), ("ema", ema), ("mixout", mixout)):
        tensors |= {f"{label}/{name}": value for name, value in values.items()}
    tensors |= {"losses": torch.tensor(losses), "mixout_losses": torch.tensor(mixout_losses)}
    golden.save_tensors(arguments.out / "start.safetensors", start, SCRIPT)
    golden.save_tensors(arguments.out / "expected.safetensors", tensors, SCRIPT)
    golden.save_json(arguments.out / "expected.json", {
        "steps": STEPS, "learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY, "start": START, "decay": DECAY,
        "probability": PROBABILITY, "seed": SEED, "sequences": len(sequences), "versions": golden.versions()})


if __name__ == "__main__":
    main()
