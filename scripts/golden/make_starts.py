"""Makes goldens of LoRA's starts that are computed from the weights or from training rows.

    python scripts/golden/make_starts.py Tests/Fixtures/models Tests/Fixtures/methods

What the folders hold is said in `make_methods.py`. Beside that: `start_ids_b_i` and `start_answer` have the rows that a start
looks at, batch by batch, and where their answers begin; `configured` in expected.json says the method in this project's
options. Where a start changes the base weights (CorDA, LoRA-GA, LoftQ) there is no adapter file: A and B lie under `start/`.

LoftQ is plain PyTorch, since PEFT's needs bitsandbytes and a GPU: 4 bits as in `make_nf4.py`, and factors of the update's
own factor s, which PEFT leaves out.
"""

import argparse
import warnings
from pathlib import Path

import golden
import make_methods
import make_nf4
import numpy as np
import peft
import torch
import transformers
from make_methods import PEFTSubject, PlainSubject, file_key, load, start_value
from peft import LoraConfig, get_peft_model, initialize_lora_eva_weights
from peft.tuners.lora import loraga
from peft.tuners.lora.config import CordaConfig, EvaConfig, LoraGAConfig
from peft.tuners.lora.corda import preprocess_corda
from torch import nn

make_methods.SCRIPT = SCRIPT = "scripts/golden/make_starts.py"
BATCHES, ROWS, LENGTH, ANSWER = 3, 4, 12, 6
RANK, ALPHA = 4, 8


def batches(model_name):
    """What a start looks at: ids and labels, every row as long as the others."""
    result = []
    for b in range(BATCHES):
        ids = torch.stack([golden.sequence(LENGTH, make_methods.VOCABULARY, "start", model_name, b, i)
                           for i in range(ROWS)])
        labels = torch.where(torch.arange(LENGTH) < ANSWER, -100, ids)
        result.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels})
    return result


def inputs(model_name):
    tensors = {f"start_ids_{b}_{i}": row for b, batch in enumerate(batches(model_name))
               for i, row in enumerate(batch["input_ids"])}
    return tensors | {"start_answer": torch.tensor([ANSWER])}


def targets(model_name):
    # Inputs of 16, so that PEFT's randomized decompositions are exact; the llama's maps of one block read one input.
    return ["c_attn", "c_fc"] if model_name == "gpt2" else ["q_proj", "v_proj", "o_proj"]


class StartSubject(PEFTSubject):
    """LoRA that PEFT starts by itself; the trained tensors stay as they start."""

    start = {}

    def __init__(self, models, model_name, method, config):
        self.label, self.config, self.model_name = f"{method}-{model_name}", config, model_name
        self.base = load(models, model_name)
        self.is_made_linear, self.is_pissa, self.saves_copies, self.virtual = False, False, False, 0
        self.merges = config.init_lora_weights in ("eva", "mica")
        self.prepare(batches(model_name))
        torch.manual_seed(1)
        self.model = get_peft_model(self.base, config).eval()
        self.finish(batches(model_name))
        self.reload = lambda folder: peft.PeftModel.from_pretrained(load(models, model_name), folder).eval()
        self.trainable = {file_key(name): parameter for name, parameter in self.model.named_parameters()
                          if parameter.requires_grad}
        with torch.no_grad():
            for name, parameter in self.trainable.items():
                if not parameter.any():
                    parameter.copy_(start_value(name, parameter, self.label))

    def prepare(self, rows):
        pass

    def finish(self, rows):
        pass

    def inputs(self):
        return inputs(self.model_name)

    def options(self):
        return {"peft_type": "LORA", "start": self.config.init_lora_weights}

    def configured(self):
        init = {"lora_ga": "lora-ga"}.get(self.config.init_lora_weights, self.config.init_lora_weights)
        return {"name": "lora", "options": {"rank": RANK, "alpha": ALPHA, "target_modules": targets(self.model_name),
                                            "init": init, **self.start}}

    def save(self, folder):
        return super().save(folder) if self.merges else set()

    def merged(self, ids, logits, base_logits):
        if self.merges:
            return super().merged(ids, logits, base_logits)
        assert torch.allclose(logits, base_logits, atol=1e-4), self.label
        return {}


class EVASubject(StartSubject):
    def finish(self, rows):
        initialize_lora_eva_weights(self.model, rows, show_progress_bar=False)
        self.model.eval()


class CorDASubject(StartSubject):
    def __init__(self, *arguments):
        self.start = {"corda_method": arguments[3].corda_config.corda_method}
        super().__init__(*arguments)

    def prepare(self, rows):
        def run():
            for batch in rows:
                for row in batch["input_ids"]:
                    self.base(input_ids=row[None])

        preprocess_corda(self.base, self.config, run_model=run)


class LoRAGASubject(StartSubject):
    def __init__(self, *arguments):
        config = arguments[3].lora_ga_config
        self.start = {"ga_direction": config.direction, "ga_scale": config.scale}
        if config.scale == "stable":
            self.start["ga_gamma"] = config.stable_gamma
        super().__init__(*arguments)

    def prepare(self, rows):
        def step():
            for batch in rows:
                self.base(**batch).loss.backward()

        # PEFT takes the gradients in training mode, in which GPT-2 drops what it draws.
        for module in self.base.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        loraga.preprocess_loraga(self.base, self.config, step)
        self.base.eval()
        # PEFT finds the weight's largest singular value by a random procedure; here it is exact.
        torch.svd_lowrank = exact_components

    def finish(self, rows):
        torch.svd_lowrank = randomized_components


randomized_components = torch.svd_lowrank


def exact_components(matrix, q, niter):
    u, s, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    return u[:, :q].float(), s[:q].float(), v[:q].T.float()


class LoftQSubject(PlainSubject):
    """Maps whose weights are in 4 bits, with LoRA beside them that starts from what they lost."""

    ITERATIONS = 2

    def __init__(self, models, model_name, method):
        super().__init__(models, model_name, method, lambda name: False)
        self.model_name, self.scale, self.frozen = model_name, ALPHA / RANK, {}
        for name, module in self.base.named_modules():
            if not name.endswith(tuple(targets(model_name))):
                continue
            turned = not isinstance(module, nn.Linear)
            weight = module.weight.detach().numpy().T if turned else module.weight.detach().numpy()
            coded, a, b = self.start(np.ascontiguousarray(weight))
            key = f"base_model.model.{name}"
            self.frozen[key] = torch.from_numpy(coded)
            self.trainable[key + ".lora_A.weight"] = nn.Parameter(a)
            self.trainable[key + ".lora_B.weight"] = nn.Parameter(b)
            module.register_forward_hook(self.hook(key))

    def start(self, weight):
        rest = weight
        for _ in range(self.ITERATIONS):
            coded = four_bits(rest)
            u, s, v = np.linalg.svd(weight.astype(np.float64) - coded, full_matrices=False)
            roots = np.sqrt(s[:RANK] / self.scale)
            a, b = (roots[:, None] * v[:RANK]).astype(np.float32), (u[:, :RANK] * roots).astype(np.float32)
            rest = weight - np.float32(self.scale) * (b @ a)
        return coded, torch.from_numpy(a), torch.from_numpy(np.ascontiguousarray(b))

    def hook(self, key):
        def replace(module, inputs, output):
            x, a, b = inputs[0], self.trainable[key + ".lora_A.weight"], self.trainable[key + ".lora_B.weight"]
            y = x @ self.frozen[key].to(x.dtype).T + self.scale * (x @ a.T) @ b.T
            return y if module.bias is None else y + module.bias

        return replace

    def double(self):
        self.model.double()
        for parameter in self.trainable.values():
            parameter.data = parameter.data.double()

    def inputs(self):
        return {}

    def configured(self):
        return {"name": "lora", "options": {
            "rank": RANK, "alpha": ALPHA, "target_modules": targets(self.model_name), "init": "loftq",
            "loftq_iter": self.ITERATIONS}}


def four_bits(weight):
    """What NF4 with double quantization leaves of a matrix, counted along its rows."""
    values = weight.reshape(-1)
    blocks = [values[start:start + 64] for start in range(0, len(values), 64)]
    absmax = np.array([np.abs(block).max() for block in blocks], np.float32)
    codes = [make_nf4.nearest(make_nf4.LEVELS, block * (np.float32(1) / largest))
             for block, largest in zip(blocks, absmax, strict=True)]
    mean = np.float32(absmax.astype(np.float64).mean())
    table, again = make_nf4.dynamic_map(), []
    for start in range(0, len(absmax), 256):
        group = absmax[start:start + 256] - mean
        outer = np.abs(group).max()
        scaled = group / outer if outer > 0 else group
        again.append(table[make_nf4.nearest(table, scaled)] * outer + mean)
    scales = np.concatenate(again)
    return np.concatenate([make_nf4.LEVELS[code] * scale for code, scale in zip(codes, scales, strict=True)]) \
        .astype(np.float32).reshape(weight.shape)


def subjects(models, model_name):
    lora = dict(r=RANK, lora_alpha=ALPHA, task_type="CAUSAL_LM", target_modules=targets(model_name),
                fan_in_fan_out=model_name == "gpt2")
    kinds = {
        "lora-mica": (StartSubject, dict(init_lora_weights="mica")),
        "lora-eva": (EVASubject, dict(init_lora_weights="eva", eva_config=EvaConfig())),
        "lora-corda": (CorDASubject, dict(init_lora_weights="corda", corda_config=CordaConfig())),
        "lora-corda-kpm": (CorDASubject, dict(init_lora_weights="corda", corda_config=CordaConfig(corda_method="kpm"))),
        "lora-ga": (LoRAGASubject, dict(init_lora_weights="lora_ga", lora_ga_config=LoraGAConfig())),
        "lora-ga-turned": (LoRAGASubject, dict(init_lora_weights="lora_ga", lora_ga_config=LoraGAConfig(
            direction="A2rBr", scale="weight_svd"))),
        "lora-ga-alternating": (LoRAGASubject, dict(init_lora_weights="lora_ga", lora_ga_config=LoraGAConfig(
            direction="ArBr", scale="gd_scale"))),
    }
    # A method's fixtures shall not exceed 120 KB, so that variants are made for one model.
    only = {"lora-corda-kpm": "qwen2", "lora-ga-turned": "gpt2", "lora-ga-alternating": "qwen2"}
    for method, (kind, start) in kinds.items():
        if only.get(method, model_name) != model_name:
            continue
        yield method, lambda method=method, kind=kind, start=start: kind(
            models, model_name, method, LoraConfig(**lora, **start))
    yield "lora-loftq", lambda: LoftQSubject(models, model_name, "lora-loftq")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", help="method names")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for model_name in make_methods.MODELS:
        for method, build in subjects(arguments.models, model_name):
            if not arguments.only or method in arguments.only:
                make_methods.make(
                    arguments.models, model_name, method, build, make_methods.STEPS, None, arguments.out)


if __name__ == "__main__":
    main()
