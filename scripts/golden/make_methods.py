"""Makes goldens of every PEFT method on the tiny Llama, Qwen2 and GPT-2 models, and of LoRA, IA3 and prefix tuning on
one tiny model of every other family: outputs, gradients, training.

    python scripts/golden/make_methods.py Tests/Fixtures/models Tests/Fixtures/methods

Each folder holds adapter_config.json and adapter_model.safetensors as PEFT writes them (where PEFT has the
method), and expected.safetensors with

    batch_ids_i, batch_labels_i   the training batch, one sequence each, without padding; -100 is "no label",
                                  and the label at position t is predicted from position t - 1
    ids, logits                   one more sequence and its logits with the adapter at its start
    start/NAME                    trainable tensors at the start that are not in adapter_model.safetensors
    gradient/NAME                 gradient of the batch's loss at the start
    losses                        the loss before each AdamW step, and after the last one
    final/NAME                    trainable tensors after the last step
    merged/NAME                   weights of layer 0 with the adapter folded in, under the base model's names
    target/INIT                   logits of multitask prompt tuning's target training before its first step

NAME is the key in adapter_model.safetensors where there is one. The loss is the mean over all labelled tokens of
the batch. Dropout is off. expected.json has the options, the optimizer's settings, and `noise`: how far the same
training in float64 ends from this one (largest difference of a tensor over its largest value).
"""

import argparse
import json
import shutil
import tempfile
import warnings
from pathlib import Path

import golden
import low_rank_methods
import peft
import torch
import transformers
from peft import PeftModel, get_peft_model
from peft.optimizers import create_riemannian_optimizer, lorafa
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForCausalLM

SCRIPT = "scripts/golden/make_methods.py"
MODELS = ["llama", "qwen2", "gpt2"]
# Models that scale their embeddings: virtual tokens stand among scaled ones and are not scaled themselves.
SCALED_MODELS = ["gemma", "gemma3_text"]
# What LoRA and IA3 attach to on the other families: fused projections and inputs of the feed-forward part among it.
FAMILIES = {
    **{name: (["q_proj", "v_proj", "down_proj"], ["k_proj", "v_proj", "down_proj"], ["down_proj"])
       for name in ["mistral", "qwen3", "gemma", "gemma2", "gemma3_text", "olmo", "olmo2", "smollm3"]},
    "phi3": (["qkv_proj", "gate_up_proj"], ["qkv_proj", "down_proj"], ["down_proj"]),
    "phi3-longrope": (["qkv_proj", "o_proj"], ["gate_up_proj", "down_proj"], ["down_proj"]),
    "gpt_neox": (["query_key_value", "dense_4h_to_h"], ["query_key_value", "dense_4h_to_h"], ["dense_4h_to_h"]),
    "gpt_neox-sequential": (["query_key_value", "dense"], ["dense", "dense_4h_to_h"], ["dense_4h_to_h"]),
    "opt": (["q_proj", "out_proj", "fc2"], ["q_proj", "k_proj", "fc2"], ["fc2"]),
}
# Fixtures of methods whose layers in PEFT take `nn.Linear` alone; for GPT-2 its `Conv1D` is replaced by the same map as one.
LINEAR_ONLY = {
    *low_rank_methods.LINEAR_ONLY, "beft", "shira", "super-tuning", "super-tuning-supra", "oft", "oft-exact",
    "oft-constrained", "hra", "hra-orthogonal", "road-1", "road-2", "road-4",
}
VOCABULARY = 96
# Small enough that rounding does not grow: with 1e-2, LoRA's runs in float32 and float64 part by 1e-2 in loss.
LEARNING_RATES = {"lora": 3e-3, **low_rank_methods.LEARNING_RATES}
LEARNING_RATE = 1e-2
# A larger gap between the training in float32 and in float64 would make the golden useless.
LARGEST_NOISE = 1e-4
WEIGHT_DECAY = 1e-2
STEPS = 20
FAMILY_STEPS = 5
# The task of each sequence of the batch in multitask prompt tuning.
TASKS = [2, 0, 1]
# Length of each sequence of the batch and how many of its last tokens are labelled.
BATCH = [(9, 4), (14, 3), (6, 4)]


def load(models, name):
    folder = models / name
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    model.config._name_or_path = model.name_or_path = f"tiny-random-{name}"
    return model


def batch(model_name):
    sequences = []
    for i, (length, labelled) in enumerate(BATCH):
        ids = golden.sequence(length, VOCABULARY, "batch", model_name, i)
        labels = torch.where(torch.arange(length) < length - labelled, -100, ids)
        sequences.append((ids, labels))
    return sequences


def padded(sequences):
    longest = max(len(ids) for ids, _ in sequences)
    pad = lambda row, value: torch.cat([row, torch.full((longest - len(row),), value)])  # noqa: E731
    return {"input_ids": torch.stack([pad(ids, 0) for ids, _ in sequences]),
            "attention_mask": torch.stack([pad(torch.ones_like(ids), 0) for ids, _ in sequences]),
            "labels": torch.stack([pad(labels, -100) for _, labels in sequences])}


# MARK: PEFT's methods


def family_methods(model_name):
    p = peft
    lora, ia3, inner = FAMILIES[model_name]
    yield "lora", p.LoraConfig(r=2, lora_alpha=4, lora_dropout=0.0, task_type="CAUSAL_LM", target_modules=lora)
    yield "ia3", p.IA3Config(task_type="CAUSAL_LM", target_modules=ia3, feedforward_modules=inner)
    yield "prefix-tuning", p.PrefixTuningConfig(num_virtual_tokens=3, task_type="CAUSAL_LM")
    if model_name in SCALED_MODELS:
        yield "prompt-tuning", p.PromptTuningConfig(num_virtual_tokens=5, task_type="CAUSAL_LM")


def plain_lora(model_name):
    gpt2 = model_name == "gpt2"
    return dict(r=4, lora_alpha=8, lora_dropout=0.0, task_type="CAUSAL_LM", fan_in_fan_out=gpt2,
                target_modules=["c_attn", "mlp.c_proj"] if gpt2 else ["k_proj", "v_proj", "down_proj"])


def peft_methods(model_name):
    """Fixture's name and config of every method that PEFT has for the model."""
    p = peft
    gpt2 = model_name == "gpt2"
    lora = plain_lora(model_name)
    yield "lora", p.LoraConfig(**lora)
    yield "lora-rs", p.LoraConfig(**lora, use_rslora=True)
    yield "lora-dora", p.LoraConfig(**lora, use_dora=True)
    yield "lora-all-linear", p.LoraConfig(**{**lora, "r": 2, "target_modules": "all-linear"})
    yield "lora-pissa", p.LoraConfig(**lora, init_lora_weights="pissa")
    pattern = r".*\.1\.(attn\.c_attn|mlp\.c_fc)" if gpt2 else r".*\.1\..*\.(q_proj|up_proj)"
    yield "lora-regex", p.LoraConfig(**{**lora, "target_modules": pattern})
    # The keys do not overlap: PEFT sorts them when it saves, and the first one that matches counts.
    yield "lora-patterns", p.LoraConfig(
        **lora, rank_pattern={r"h\.0\.attn\.c_attn": 2} if gpt2 else {r"layers\.0\..*\.k_proj": 2, "v_proj": 3},
        alpha_pattern={"mlp.c_proj" if gpt2 else "^model.layers.1.mlp.down_proj": 20})
    yield from lora_beside(model_name, lora)
    feed_forward = "mlp.c_proj" if gpt2 else "down_proj"
    ia3 = dict(task_type="CAUSAL_LM", fan_in_fan_out=gpt2,
               target_modules=["c_attn", "mlp.c_proj"] if gpt2 else ["k_proj", "v_proj", "down_proj"])
    yield "ia3", p.IA3Config(**ia3, feedforward_modules=[feed_forward])
    # A string is a pattern for the whole name, so this one matches nothing and the output is scaled.
    yield "ia3-published", p.IA3Config(**ia3, feedforward_modules=feed_forward)
    tokens = dict(num_virtual_tokens=5, task_type="CAUSAL_LM")
    yield "prompt-tuning", p.PromptTuningConfig(**tokens)
    yield "prefix-tuning", p.PrefixTuningConfig(**tokens)
    yield "prefix-tuning-projection", p.PrefixTuningConfig(**tokens, prefix_projection=True, encoder_hidden_size=12)
    yield "p-tuning-mlp", p.PromptEncoderConfig(**tokens, encoder_hidden_size=12)
    yield "p-tuning-lstm", p.PromptEncoderConfig(**tokens, encoder_hidden_size=4, encoder_num_layers=2,
                                                 encoder_reparameterization_type="LSTM")
    yield "ln-tuning", p.LNTuningConfig(task_type="CAUSAL_LM")
    yield from rotations(model_name)
    yield from shared_projections(model_name)
    tokens_of_batch = list(dict.fromkeys(batch(model_name)[1][0].tolist()))[-4:-1]
    yield "trainable-tokens", p.TrainableTokensConfig(task_type="CAUSAL_LM", token_indices=tokens_of_batch)
    if model_name != "qwen2":  # Families that PEFT knows for it.
        yield "llama-adapter", p.AdaptionPromptConfig(task_type="CAUSAL_LM", adapter_len=3, adapter_layers=1)
    yield from sparse(model_name)
    yield from low_rank_methods.low_rank_methods(model_name)


def lora_beside(model_name, lora):
    """LoRA with parts of the model trained beside it, on tables and heads, and with PEFT's ways to choose maps."""
    p, gpt2 = peft, model_name == "gpt2"
    targets = lora["target_modules"]
    yield "lora-update-bias", p.LoraConfig(**lora, lora_bias=True)
    if model_name != "llama":  # It has no biases.
        yield "lora-biases-all", p.LoraConfig(**lora, bias="all")
        yield "lora-biases-own", p.LoraConfig(**lora, bias="lora_only")
        yield "lora-dora-biases", p.LoraConfig(**lora, bias="lora_only", use_dora=True)
    # A name means every module whose path ends with it, so "norm" means all norms of a Llama.
    saved = {"llama": ["lm_head", "norm"], "qwen2": ["embed_tokens", "input_layernorm"], "gpt2": ["c_fc", "ln_f"]}
    yield "lora-saved-modules", p.LoraConfig(**lora, modules_to_save=saved[model_name])
    # Tokens of the batch, so that those of an embedding alone have a gradient, in no order.
    tokens = list(dict.fromkeys(batch(model_name)[1][0].tolist()))[-4:-1]
    yield "lora-tokens", p.LoraConfig(**lora, trainable_token_indices=tokens)
    yield "lora-embedding", p.LoraConfig(**{**lora, "target_modules": [*targets, "wte" if gpt2 else "embed_tokens"]})
    yield "lora-head", p.LoraConfig(**{**lora, "target_modules": [*targets, "lm_head"]})
    yield "lora-excluded", p.LoraConfig(
        **{**lora, "target_modules": [*targets, "absent_name"]}, layers_to_transform=[0, 1],
        layers_pattern=["h" if gpt2 else "layers"], exclude_modules=r".*\.0\..*(attn|proj)" if gpt2 else r".*\.0\..*k_proj")
    yield "lora-wide", p.LoraConfig(**{**lora, "r": 24})
    if not gpt2:  # Conv1D's weight is turned, and so is PEFT's update of it.
        yield "lora-parameters", p.LoraConfig(
            **{**lora, "target_modules": ["v_proj"]}, target_parameters=["k_proj.weight", "mlp.down_proj.weight"],
            rank_pattern={"k_proj.weight": 2}, alpha_pattern={"v_proj": 20})
    if not gpt2:  # PEFT does not turn Conv1D's weight for it.
        yield "lora-olora", p.LoraConfig(**lora, init_lora_weights="olora")


def query_and_value(model_name):
    return ["c_attn", "attn.c_proj"] if model_name == "gpt2" else ["q_proj", "v_proj"]


def sparse(model_name):
    """Methods that train a choice of single entries or biases."""
    p, gpt2 = peft, model_name == "gpt2"
    common = dict(task_type="CAUSAL_LM", target_modules=query_and_value(model_name))
    yield "beft", p.BeftConfig(**common)
    yield "shira", p.ShiraConfig(task_type="CAUSAL_LM", r=1, random_seed=7,
                                 target_modules=["c_attn", "mlp.c_proj"] if gpt2 else ["v_proj", "down_proj"])
    yield "super-tuning", p.SupertuningConfig(**common, sparsity=0.9)
    yield "super-tuning-supra", p.SupertuningConfig(
        task_type="CAUSAL_LM", sparsity=0.95, select_top=False, r=2, lora_alpha=3,
        target_modules=["c_attn" if gpt2 else "v_proj"])


def rotations(model_name):
    """Methods that turn what a map reads or gives."""
    p = peft
    common = dict(task_type="CAUSAL_LM", target_modules=query_and_value(model_name))
    yield "oft", p.OFTConfig(**common, oft_block_size=4)
    yield "oft-exact", p.OFTConfig(**common, oft_block_size=8, use_cayley_neumann=False)
    # The norm of the start is above the limit, so that it is shortened before the first step.
    yield "oft-constrained", p.OFTConfig(**common, r=2, oft_block_size=0, coft=True, eps=0.5, block_share=True,
                                         num_cayley_neumann_terms=6)
    yield "hra", p.HRAConfig(**common, r=3)
    yield "hra-orthogonal", p.HRAConfig(**common, r=2, apply_GS=True)
    for variant in ["road_1", "road_2", "road_4"]:
        yield variant.replace("_", "-"), p.RoadConfig(**common, variant=variant, group_size=4)


def shared_projections(model_name):
    """Vectors between random projections that all maps share."""
    p = peft
    common = dict(task_type="CAUSAL_LM", r=4,
                  target_modules=["c_attn", "mlp.c_proj"] if model_name == "gpt2" else ["k_proj", "down_proj"])
    yield "vera", p.VeraConfig(**common)
    yield "vera-unsaved", p.VeraConfig(**common, save_projection=False, projection_prng_key=7)
    yield "pvera", p.PveraConfig(**common)


def start_value(name, parameter, label):
    """A start where nothing is zero, one or symmetric."""
    own = ".modules_to_save." in name or "trainable_tokens" in name or (name.endswith("bias") and "lora_B" not in name)
    if own and "beft" not in name and "prompt_encoder" not in name:
        return parameter + golden.normal(parameter.shape, 0.1, label, name)
    if "lora_magnitude" in name or "ln_tuning" in name:
        spread = 0.2 * parameter.abs().mean()
        return parameter + spread * golden.normal(parameter.shape, 1, label, name)
    if "ia3_l" in name:
        return 1 + golden.normal(parameter.shape, 0.3, label, name)
    if "delora_lambda" in name:
        return parameter + 0.3 * golden.normal(parameter.shape, 1, label, name)
    if "beft" in name or "oft_R" in name:
        return golden.normal(parameter.shape, 0.2, label, name)
    if "road_alpha" in name:
        return 1 + golden.normal(parameter.shape, 0.2, label, name)
    if "prompt_encoder" in name and "embedding" in name:
        return golden.normal(parameter.shape, 0.5, label, name)
    # Larger LoRA products saturate the attention, and the training becomes chaotic.
    return golden.normal(parameter.shape, 0.1 if "lora_B" in name else 0.3, label, name)


def file_key(name):
    """The key under which PEFT stores a parameter, or for an encoder's own parameters the name inside it."""
    if name.startswith("prompt_encoder.default."):
        return name.removeprefix("prompt_encoder.default.")
    name = name.replace(".modules_to_save.default", "").replace(".default", "")
    return name.removesuffix(".weight") if "lora_magnitude_vector" in name else name


class PEFTSubject:
    """A model with one of PEFT's adapters, started at seeded values."""

    def __init__(self, models, model_name, method, config):
        self.label = f"{method}-{model_name}"
        self.is_made_linear = model_name == "gpt2" and method in LINEAR_ONLY
        made = low_rank_methods.with_linear_maps if self.is_made_linear else lambda model: model
        self.base = made(load(models, model_name))
        torch.manual_seed(1)
        self.model = get_peft_model(self.base, config).eval()
        self.config = config
        self.reload = lambda folder: PeftModel.from_pretrained(made(load(models, model_name)), folder).eval()
        # What their factors start from is taken out of the base weight.
        self.is_pissa = method in ("lora-pissa", "lora-olora")
        # PEFT puts copies of tables that are adapted into the file.
        self.saves_copies = method in ("lora-embedding", "lora-head")
        # PEFT's merging changes a shared weight for both, and gives no bias to maps without one.
        self.merges = not any(part in method for part in ("bias", "saved", "tokens", "embedding", "head", "llama-adapter"))
        self.trainable = {}
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    self.trainable[file_key(name)] = parameter
                    if not self.is_pissa:
                        parameter.copy_(start_value(name, parameter, self.label))
        plain_prompts = ({"embedding.weight"}, {"embedding.weight", "prefix_task_cols", "prefix_task_rows"})
        if config.is_prompt_learning and set(self.trainable) in plain_prompts:
            self.trainable["prompt_embeddings"] = self.trainable.pop("embedding.weight")
        virtual = ("PROMPT_TUNING", "P_TUNING", "MULTITASK_PROMPT_TUNING")
        self.virtual = config.num_virtual_tokens if config.peft_type in virtual else 0

    def double(self):
        self.model.double()

    def optimizer(self, learning_rate):
        return adamw(self, learning_rate)

    def after_step(self, step):
        pass

    def inputs(self):
        """What else goes into the fixture."""
        return {}

    def configured(self):
        """The method in this project's options, where it cannot be read from the adapter's settings."""
        return None

    def options(self):
        return {"peft_type": str(self.config.peft_type.value)}

    def exported(self):
        """What PEFT would save beside or instead of the trainable tensors."""
        if self.config.is_prompt_learning and "prompt_embeddings" not in self.trainable:
            return {"prompt_embeddings": self.model.get_prompt_embedding_to_save("default")}
        return {}

    def save(self, folder):
        self.model.save_pretrained(folder, save_embedding_layers="auto" if self.saves_copies else False)
        (folder / "README.md").unlink(missing_ok=True)
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text())
        for key, value in config.items():
            if key in ("target_modules", "feedforward_modules") and isinstance(value, list):
                config[key] = sorted(value)  # PEFT writes a set, in no fixed order
        path.write_text(json.dumps(config, indent=2, sort_keys=True))
        stored = load_file(folder / "adapter_model.safetensors")
        for key, value in {**self.trainable, **self.exported()}.items():
            assert key in stored or self.exported(), (self.label, key, list(stored))
            assert key not in stored or torch.equal(stored[key], value.detach()), (self.label, key)
        return set(stored)

    def merged(self, ids, logits, base_logits):
        """Layer 0's weights with the adapter folded in, where PEFT can."""
        if self.config.is_prompt_learning or not self.merges:
            return {}
        tensors = {}
        if self.is_pissa:
            assert torch.allclose(logits, base_logits, atol=1e-4), self.label
            for name, parameter in self.base.named_parameters():
                if ".0." in name and name.endswith("base_layer.weight"):
                    name = name.removeprefix("base_model.model.").replace(".base_layer", "")
                    tensors[f"residual/{name}"] = parameter.detach().clone()
        else:
            assert not torch.allclose(logits, base_logits, atol=1e-2), self.label
        if self.config.peft_type == "BEFT" and "llama" in self.label:
            return tensors  # no bias to merge into
        before = {name.replace(".base_layer", ""): value.detach().clone()
                  for name, value in self.base.named_parameters()}
        merged = self.model.merge_and_unload().eval()
        with torch.no_grad():
            difference = (merged(input_ids=ids[None]).logits[0] - logits).abs().max().item()
        assert difference < 1e-4, (self.label, difference)
        for name, value in merged.named_parameters():
            if ".0." in name and not (name in before and torch.equal(before[name], value)):
                value = low_rank_methods.turned_back(name, value) if self.is_made_linear else value
                tensors[f"merged/{name}"] = value.detach().clone()
        return tensors


class MPTSubject(PEFTSubject):
    """Multitask prompt tuning in its source training: each sequence of the batch is of another task, any other is of 0."""

    def __init__(self, models, model_name, *arguments):
        super().__init__(models, model_name, *arguments)
        self.known = [ids for ids, _ in batch(model_name)]
        self.with_tasks(self.model)
        bare = self.reload
        self.reload = lambda folder: self.with_tasks(bare(folder))
        self.target = lambda config: self.with_tasks(get_peft_model(load(models, model_name), config).eval())

    def with_tasks(self, model):
        forward = model.forward
        model.forward = lambda input_ids, **inputs: forward(
            input_ids=input_ids, task_ids=torch.tensor([self.task(row) for row in input_ids]), **inputs)
        return model

    def task(self, row):
        return next((TASKS[i] for i, ids in enumerate(self.known) if row[:len(ids)].equal(ids)), 0)

    def options(self):
        return {**super().options(), "tasks": TASKS}

    def more(self, folder, ids):
        """Logits at the start of a target training, as PEFT takes it from the source's file."""
        tensors = {}
        for init in ["AVERAGE_SOURCE_TASKS", "EXACT_SOURCE_TASK"]:
            model = self.target(peft.MultitaskPromptTuningConfig(
                task_type="CAUSAL_LM", num_virtual_tokens=self.virtual, num_ranks=self.config.num_ranks, num_tasks=1,
                prompt_tuning_init=init, prompt_tuning_init_task=1,
                prompt_tuning_init_state_dict_path=str(folder / "adapter_model.safetensors")))
            tensors[f"target/{init.lower()}"] = model(input_ids=ids[None]).logits[0][self.virtual:]
        return tensors


class LoRAFASubject(PEFTSubject):
    """LoRA under PEFT's LoRA-FA optimizer, in float32 throughout and without its weight decay, which comes after the step."""

    weight_decay = 0.0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        lorafa.is_bf16_available = lambda: False
        self.lorafa = lorafa.create_lorafa_optimizer(
            self.model, r=self.config.r, lora_alpha=self.config.lora_alpha, lr=0.0)
        self.trainable = {key: value for key, value in self.trainable.items() if value.requires_grad}

    def optimizer(self, learning_rate):
        self.lorafa.param_groups[0].update(lr=learning_rate, eps=1e-8)
        return self.lorafa

    def options(self):
        return {"rule": "lora-fa"}


class RiemannianSubject(PEFTSubject):
    """LoRA under PEFT's Riemannian preconditioner, with AdamW."""

    DAMPING = 0.05

    def optimizer(self, learning_rate):
        return create_riemannian_optimizer(
            self.model, torch.optim.AdamW, lr=learning_rate, reg=self.DAMPING, eps=1e-8, weight_decay=WEIGHT_DECAY)

    def options(self):
        return {"rule": "riemannian", "damping": self.DAMPING}


class AdaLoRASubject(PEFTSubject):
    """AdaLoRA with its budget, called as PEFT's documentation says: after the optimizer's step, with its gradients."""

    def after_step(self, step):
        self.model.base_model.update_and_allocate(step)


class AllocatedAdaLoRASubject(PEFTSubject):
    """What PEFT saved after a budget took ranks away: matrices of different ranks, trained on as they are."""

    def __init__(self, models, model_name, method, config):
        first = AdaLoRASubject(models, model_name, method, config)
        train(first, batch(model_name), STEPS, LEARNING_RATE)
        # One map keeps nothing at all.
        pattern = first.config.rank_pattern
        pattern[next(iter(pattern))] = [False] * config.init_r
        with tempfile.TemporaryDirectory() as folder:
            first.model.save_pretrained(folder)
            self.base = load(models, model_name)
            self.model = PeftModel.from_pretrained(self.base, folder, is_trainable=True).eval()
        self.__dict__ |= {"label": first.label, "config": self.model.peft_config["default"], "reload": first.reload,
                          "is_made_linear": False, "is_pissa": False, "saves_copies": False, "merges": True, "virtual": 0}
        self.trainable = {file_key(name): parameter for name, parameter in self.model.named_parameters()
                          if parameter.requires_grad and parameter.numel()}


# MARK: Methods that PEFT lacks, in plain PyTorch


class PlainSubject:
    """A base model of which some or all parameters are trained where they stand."""

    def __init__(self, models, model_name, method, wanted):
        self.label = f"{method}-{model_name}"
        self.model = self.base = load(models, model_name)
        self.trainable = {}
        self.virtual = 0
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad = wanted(name)
            if parameter.requires_grad:
                self.trainable[name] = parameter

    def double(self):
        self.model.double()

    def optimizer(self, learning_rate):
        return adamw(self, learning_rate)

    def after_step(self, step):
        pass

    def inputs(self):
        return {}

    def configured(self):
        return None

    def options(self):
        return {}

    def exported(self):
        return {}

    def merged(self, ids, logits, base_logits):
        return {}

    def save(self, folder):
        return set()


class Bottleneck(nn.Module):
    def __init__(self, width, size, activation):
        super().__init__()
        self.down, self.up = nn.Linear(width, size), nn.Linear(size, width)
        self.activation = {"gelu": nn.GELU(), "relu": nn.ReLU(), "tanh": nn.Tanh()}[activation]

    def forward(self, x):
        return self.up(self.activation(self.down(x)))


class BottleneckSubject(PlainSubject):
    """Adapters hung on the outputs of sublayers by hooks; the backbone is frozen.

    Sequential ones make y = x + up(act(down(x))) of a sublayer's output x before it joins the residual stream.
    A parallel one reads what the feed-forward module reads (after the norm) and adds scaling * up(act(down(x)))
    to what it gives.
    """

    SIZE = 4

    def __init__(self, models, model_name, method, activation):
        super().__init__(models, model_name, method, lambda name: False)
        self.kind, self.activation = method.removeprefix("bottleneck-"), activation
        self.scaling = 2.0 if self.kind == "parallel" else 1.0
        gpt2 = model_name == "gpt2"
        prefix = "transformer.h" if gpt2 else "model.layers"
        layers = self.base.transformer.h if gpt2 else self.base.model.layers
        self.adapters = []
        for index, layer in enumerate(layers):
            places = {"after_feed_forward": layer.mlp}
            if self.kind == "houlsby":
                places = {"after_attention": layer.attn if gpt2 else layer.self_attn, **places}
            for place, module in places.items():
                place = "beside_feed_forward" if self.kind == "parallel" else place
                adapter = Bottleneck(16, self.SIZE, activation)
                for name, parameter in adapter.named_parameters():
                    name = f"{prefix}.{index}.{place}.{name}"
                    with torch.no_grad():
                        parameter.copy_(golden.normal(parameter.shape, 0.3, self.label, name))
                    self.trainable[name] = parameter
                self.adapters.append(adapter)
                module.register_forward_hook(self.hook(adapter))

    def hook(self, adapter):
        def sequential(module, inputs, output):
            if isinstance(output, tuple):
                return (output[0] + adapter(output[0]), *output[1:])
            return output + adapter(output)

        def parallel(module, inputs, output):
            return output + self.scaling * adapter(inputs[0])

        return parallel if self.kind == "parallel" else sequential

    def double(self):
        self.model.double()
        for adapter in self.adapters:
            adapter.double()

    def options(self):
        return {"kind": self.kind, "bottleneck": self.SIZE, "activation": self.activation, "scaling": self.scaling}


class GaLoreSubject(PlainSubject):
    """All parameters trained, those of the blocks' maps by projected gradients, in the words of galore_torch's AdamW.

    Projected on both sides (`full`), a gradient is diagonal but for rounding in the first step, which Adam blows up to
    full steps, so that there is no golden of it.
    """

    RANK, INTERVAL, SCALE = 2, 6, 0.5
    learning_rate = 2e-3

    def __init__(self, models, model_name, method, projection):
        super().__init__(models, model_name, method, lambda name: True)
        self.projection = projection
        maps = ("c_attn.weight", "c_proj.weight", "c_fc.weight", "_proj.weight")
        self.projected = {name for name in self.trainable if name.endswith(maps)}

    def stores_turned(self, name):
        return "transformer.h." in name

    def optimizer(self, learning_rate):
        return GaLoreAdamW(self, learning_rate)

    def configured(self):
        return {"name": "full", "options": {"galore": {
            "rank": self.RANK, "update_proj_gap": self.INTERVAL, "scale": self.SCALE, "proj_type": self.projection}}}


class GaLoreAdamW:
    """AdamW of the plain parameters, and beside it the projected ones with their moments."""

    def __init__(self, subject, learning_rate):
        self.subject, self.rate, self.count, self.state = subject, learning_rate, 0, {}
        plain = [value for name, value in subject.trainable.items() if name not in subject.projected]
        self.plain = torch.optim.AdamW(plain, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=WEIGHT_DECAY)

    def zero_grad(self):
        for value in self.subject.trainable.values():
            value.grad = None

    @torch.no_grad()
    def step(self):
        self.plain.step()
        for name in sorted(self.subject.projected):
            value = self.subject.trainable[name]
            state = self.state.setdefault(name, {})
            grad = value.grad
            rows, columns = grad.shape
            right = {"std": rows >= columns, "reverse_std": rows < columns, "right": True, "left": False, "full": True}
            left = {"std": rows < columns, "reverse_std": rows >= columns, "right": False, "left": True, "full": True}
            if self.count % self.subject.INTERVAL == 0:
                u, _, v = torch.linalg.svd(grad, full_matrices=False)
                # Moments stay when the projection changes, so that signs matter: of the vectors on the outputs' side the
                # largest element is positive here.
                outputs = v.T if self.subject.stores_turned(name) else u
                signs = outputs.gather(0, outputs.abs().argmax(0, keepdim=True)).sign()
                u, v = u * signs, v * signs.T
                state["u"] = u[:, :self.subject.RANK] if left[self.subject.projection] else None
                state["v"] = v[:self.subject.RANK] if right[self.subject.projection] else None
            u, v = state["u"], state["v"]
            low = grad if v is None else grad @ v.T
            low = low if u is None else u.T @ low
            m = state.setdefault("m", torch.zeros_like(low))
            s = state.setdefault("s", torch.zeros_like(low))
            m.mul_(0.9).add_(low, alpha=0.1)
            s.mul_(0.999).addcmul_(low, low, value=0.001)
            size = self.rate * (1 - 0.999 ** (self.count + 1)) ** 0.5 / (1 - 0.9 ** (self.count + 1))
            step = m / (s.sqrt() + 1e-8)
            step = step if v is None else step @ v
            step = step if u is None else u @ step
            value.add_(step * self.subject.SCALE, alpha=-size)
            value.mul_(1 - self.rate * WEIGHT_DECAY)
        self.count += 1


class SVFTSubject(PlainSubject):
    """A sparse trained matrix between the singular vectors of some weights, saved under PEFT-Factory's keys.

    With the full rank the weight is put together anew, as PEFT-Factory does; with a lower one it stays and the update is added.
    """

    def __init__(self, models, model_name, method, rank, off_diag):
        super().__init__(models, model_name, method, lambda name: False)
        self.rank, self.off_diag, self.frozen = rank, off_diag, {}
        targets = ("c_attn",) if model_name == "gpt2" else ("q_proj", "k_proj")
        for name, module in self.base.named_modules():
            if not name.endswith(targets):
                continue
            turned = not isinstance(module, nn.Linear)
            weight = module.weight.detach().t() if turned else module.weight.detach()
            u, s, v = torch.linalg.svd(weight.double(), full_matrices=False)
            kept = rank or len(s)
            u, s, v = (part.float().contiguous() for part in (u[:, :kept], s[:kept], v[:kept]))
            places = [(i, j) for i in range(kept) for j in range(kept) if abs(i - j) <= off_diag]
            rows, columns = torch.tensor(places).T.contiguous()
            key = f"base_model.model.{name}.svft_layers."
            self.trainable[key + "delta"] = nn.Parameter(golden.normal((len(places),), 0.3, self.label, key))
            self.trainable[key + "gate"] = nn.Parameter(golden.normal((), 0.5, self.label, key, "gate"))
            self.frozen |= {key + "u": u, key + "s_base": s, key + "v": v, key + "row_idx": rows, key + "col_idx": columns}
            module.register_forward_hook(self.hook(key, turned))

    def update(self, key):
        delta, gate = self.trainable[key + "delta"], self.trainable[key + "gate"]
        u, s, v = (self.frozen[key + part].to(delta.dtype) for part in ("u", "s_base", "v"))
        inner = torch.zeros(len(s), len(s), dtype=delta.dtype)
        inner = inner.index_put((self.frozen[key + "row_idx"], self.frozen[key + "col_idx"]), delta) * torch.sigmoid(gate)
        return u @ inner @ v, u @ torch.diag(s) @ v

    def hook(self, key, turned):
        def replace(module, inputs, output):
            update, whole = self.update(key)
            if self.rank is None:
                update = update + whole - (module.weight.t() if turned else module.weight)
            return output + inputs[0] @ update.T

        return replace

    def double(self):
        self.model.double()
        with torch.no_grad():
            for parameter in self.trainable.values():
                parameter.data = parameter.data.double()

    def options(self):
        return {"peft_type": "SVFT"}

    def save(self, folder):
        tensors = {**self.trainable, **self.frozen}
        golden.save_tensors(folder / "adapter_model.safetensors", tensors, SCRIPT)
        targets = sorted({key.split(".")[-3] for key in self.trainable})
        config = {"peft_type": "SVFT", "task_type": "CAUSAL_LM", "base_model_name_or_path": self.base.name_or_path,
                  "target_modules": targets, "off_diag": self.off_diag, "pattern": "banded", "fill_orthonormal": False}
        config |= {"rank": self.rank, "keeps_weight": True} if self.rank else {}
        golden.save_json(folder / "adapter_config.json", config)
        return set(tensors)

    def reload(self, folder):
        return self.model

    def merged(self, ids, logits, base_logits):
        tensors = {}
        for key in {key.rsplit(".", 1)[0] + "." for key in self.trainable if ".0." in key}:
            name = key.removeprefix("base_model.model.").removesuffix(".svft_layers.") + ".weight"
            weight = dict(self.base.named_parameters())[name].detach()
            update = self.update(key)[0].detach()
            tensors[f"merged/{name}"] = weight + (update.T if weight.shape != update.shape else update)
        return tensors


def subjects(models, model_name):
    """Fixture's name, a function that builds it afresh, steps, and which tensors are kept (all, if None)."""
    methods, steps = (family_methods, FAMILY_STEPS) if model_name in FAMILIES else (peft_methods, STEPS)
    for method, config in methods(model_name):
        yield method, lambda method=method, config=config: PEFTSubject(
            models, model_name, method, fresh(config)), STEPS if method == "prompt-tuning" else steps, None
    if model_name in FAMILIES:
        return
    yield "mpt", lambda: MPTSubject(models, model_name, "mpt", fresh(peft.MultitaskPromptTuningConfig(
        num_virtual_tokens=5, num_ranks=2, num_tasks=len(TASKS), task_type="CAUSAL_LM"))), STEPS, None
    for method, kind in [("lora-fa", LoRAFASubject), ("lora-riemannian", RiemannianSubject)]:
        yield method, lambda method=method, kind=kind: kind(
            models, model_name, method, fresh(peft.LoraConfig(**plain_lora(model_name)))), STEPS, None
    for method, kind in [("adalora", AdaLoRASubject), ("adalora-allocated", AllocatedAdaLoRASubject)]:
        lora = {**plain_lora(model_name), "target_modules": ["c_attn" if model_name == "gpt2" else "down_proj", "v_proj"]}
        del lora["r"]
        config = peft.AdaLoraConfig(**lora, init_r=4, target_r=2, tinit=3, tfinal=4, deltaT=2, beta1=0.8, beta2=0.7,
                                    orth_reg_weight=0.3, total_step=STEPS)
        yield method, lambda method=method, kind=kind, config=config: kind(
            models, model_name, method, fresh(config)), STEPS, None
    if model_name != "llama":
        yield "bitfit-existing", lambda: PlainSubject(
            models, model_name, "bitfit-existing", lambda name: name.endswith(".bias")), STEPS, None
    for kind, activation in [("houlsby", "gelu"), ("pfeiffer", "relu"), ("parallel", "tanh")]:
        method = f"bottleneck-{kind}"
        yield method, lambda method=method, activation=activation: BottleneckSubject(
            models, model_name, method, activation), STEPS, None
    for method, rank, off_diag in [("svft", None, 1), ("svft-rank", 5, 2)]:
        yield method, lambda method=method, rank=rank, off_diag=off_diag: SVFTSubject(
            models, model_name, method, rank, off_diag), STEPS, None
    kept = {
        "llama": ["model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight",
                  "model.layers.0.input_layernorm.weight", "model.layers.1.mlp.down_proj.weight", "model.norm.weight"],
        "qwen2": ["model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight",
                  "model.layers.0.self_attn.k_proj.bias", "model.layers.1.mlp.gate_proj.weight"],
        "gpt2": ["transformer.wte.weight", "transformer.h.0.attn.c_attn.weight", "transformer.h.0.ln_1.bias",
                 "transformer.h.1.mlp.c_proj.bias", "transformer.ln_f.weight"],
    }[model_name]
    yield "full", lambda: PlainSubject(models, model_name, "full", lambda name: True), 5, kept
    for method, projection, only in [("full-galore", "std", None), ("full-galore-left", "left", "gpt2")]:
        if only in (None, model_name):
            yield method, lambda method=method, projection=projection: GaLoreSubject(
                models, model_name, method, projection), STEPS, kept[:3]


def fresh(config):
    return type(config).from_peft_type(**{
        key: value for key, value in config.to_dict().items() if key not in ("peft_version", "auto_mapping")})


# MARK: Measuring


def adamw(subject, learning_rate):
    return torch.optim.AdamW(subject.trainable.values(), lr=learning_rate, betas=(0.9, 0.999), eps=1e-8,
                             weight_decay=WEIGHT_DECAY)


def train(subject, sequences, steps, learning_rate):
    """Losses before each step and after the last one, and the gradients of the first step."""
    inputs = padded(sequences)
    optimizer = subject.optimizer(learning_rate)
    losses, gradients = [], {}
    for step in range(steps + 1):
        optimizer.zero_grad()
        loss = subject.model(**inputs).loss
        losses.append(loss.item())
        if step == steps:
            break
        loss.backward()
        if step == 0:
            gradients = {name: parameter.grad.clone() for name, parameter in subject.trainable.items()}
        optimizer.step()
        subject.after_step(step + 1)
    return losses, gradients


def indeterminate(gradients):
    """Spans of vectors whose gradient is zero but for rounding, so that AdamW turns noise into steps.

    GPT-2's key bias is one: it adds the same to all scores of a query.
    """
    spans = {}
    for name, gradient in gradients.items():
        if name.endswith(("c_attn.bias", "c_attn.base_layer.bias", "c_attn.lora_B.bias", "c_attn.beft_bias")):
            width = gradient.numel() // 3
            assert gradient.flatten()[width:2 * width].abs().max() < 1e-6
            spans[name] = [width, 2 * width]
    return spans


def difference(one, other, spans):
    worst = 0.0
    for name, value in one.items():
        delta = (value.detach().double() - other[name].detach().double()).abs().flatten()
        if name in spans:
            delta[spans[name][0]:spans[name][1]] = 0
        worst = max(worst, (delta.max() / value.abs().max().double()).item())
    return worst


def make(models, model_name, method, build, steps, kept, out):
    folder = out / f"{method}-{model_name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subject = build()
    sequences = batch(model_name)
    ids = golden.sequence(7, VOCABULARY, "logits", model_name)
    tensors = {"ids": ids, **subject.inputs()}
    for i, (sequence_ids, labels) in enumerate(sequences):
        tensors[f"batch_ids_{i}"], tensors[f"batch_labels_{i}"] = sequence_ids, labels
    stored = subject.save(folder)
    with torch.no_grad():
        base_logits = load(models, model_name)(input_ids=ids[None]).logits[0]
        logits = subject.model(input_ids=ids[None]).logits[0][subject.virtual:]
        if stored and method not in ("lora-pissa", "lora-olora"):
            again = subject.reload(folder)(input_ids=ids[None]).logits[0][subject.virtual:]
            assert torch.allclose(again, logits, atol=1e-5), (folder.name, (again - logits).abs().max())
        # Padding must not matter, so that an implementation without it can be compared.
        counts = [(labels[1:] != -100).sum().item() for _, labels in sequences]
        unpadded = sum(count * subject.model(input_ids=row[None], labels=labels[None]).loss.item()
                       for count, (row, labels) in zip(counts, sequences, strict=True)) / sum(counts)
        assert abs(unpadded - subject.model(**padded(sequences)).loss.item()) < 1e-5, folder.name
        tensors |= getattr(subject, "more", lambda *_: {})(folder, ids)
    tensors["logits"] = logits
    for name, value in subject.trainable.items():
        if name not in stored and kept is None:
            tensors[f"start/{name}"] = value.detach().clone()
    learning_rate = getattr(subject, "learning_rate", LEARNING_RATES.get(method.split("-")[0], LEARNING_RATE))
    losses, gradients = train(subject, sequences, steps, learning_rate)
    spans = indeterminate(gradients)
    tensors["losses"] = torch.tensor(losses)
    for name in kept or subject.trainable:
        tensors[f"gradient/{name}"] = gradients[name]
        tensors[f"final/{name}"] = subject.trainable[name].detach().clone()
    for name, value in subject.exported().items():
        tensors[f"final/{name}"] = value
    tensors |= build().merged(ids, logits, base_logits)
    judge = build()
    judge.double()
    losses64, gradients64 = train(judge, sequences, steps, learning_rate)
    noise = {"losses": max(abs(a - b) for a, b in zip(losses, losses64, strict=True)),
             "gradient": difference(gradients, gradients64, spans),
             "final": difference(subject.trainable, judge.trainable, spans)}
    assert max(noise.values()) < LARGEST_NOISE, (folder.name, noise)
    golden.save_tensors(folder / "expected.safetensors", tensors, SCRIPT)
    configured = subject.configured()
    golden.save_json(folder / "expected.json", {
        **({"configured": configured} if configured else {}), "script": SCRIPT, "versions": golden.versions(), "model": model_name, "method": method,
        "options": subject.options(), "optimizer": {
            "name": "AdamW", "learning_rate": learning_rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
            "weight_decay": getattr(subject, "weight_decay", WEIGHT_DECAY)},
        "steps": steps, "sequences": len(sequences), "indeterminate": spans,
        "trainable_parameters": sum(value.numel() for value in subject.trainable.values()),
        "noise": {name: float(f"{value:.0e}") for name, value in noise.items()}})
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.name:32} {size:6} bytes, loss {losses[0]:.3f} to {losses[-1]:.3f}, noise "
          + " ".join(f"{name} {value:.0e}" for name, value in noise.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", help="method names")
    parser.add_argument("--models", nargs="*", default=[*MODELS, *FAMILIES], dest="names", help="models' names")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for model_name in arguments.names:
        for method, build, steps, kept in subjects(arguments.models, model_name):
            if not arguments.only or method in arguments.only:
                make(arguments.models, model_name, method, build, steps, kept, arguments.out)


if __name__ == "__main__":
    main()
