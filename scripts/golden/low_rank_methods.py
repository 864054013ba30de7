"""Which adapters `make_methods.py` makes of PEFT's methods with structured low-rank updates.

Few maps and small ranks, since a method's fixtures shall not exceed 120 KB; variants of a method are made for one model.
"""

import peft
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

# PEFT's layers of these take `nn.Linear` alone; for GPT-2 its `Conv1D` is replaced by the same map as one.
LINEAR_ONLY = {"loha", "lokr", "miss", "delora", "glora", "lora-blocks"}
LEARNING_RATES = {"delora": 3e-3, "loha": 3e-3, "lokr": 3e-3, "miss": 3e-3, "gralora": 3e-3, "glora": 3e-3,
                  "deft": 3e-3, "hira": 1e-2}


def low_rank_methods(model_name):
    """Fixture's name and config of each."""
    p, llama, gpt2 = peft, model_name == "llama", model_name == "gpt2"
    common = dict(task_type="CAUSAL_LM", target_modules=["c_attn"] if gpt2 else ["v_proj", "down_proj"])
    turned = dict(fan_in_fan_out=gpt2)
    first = "c_attn" if gpt2 else "v_proj"
    yield "hira", p.HiraConfig(**common, **turned, r=2)
    yield "loha", p.LoHaConfig(**common, r=2, alpha=4, rank_pattern={first: 3}, alpha_pattern={first: 2})
    yield "lokr", p.LoKrConfig(**common, r=1, alpha=2)
    yield "miss", p.MissConfig(**common, r=5)
    yield "gralora", p.GraloraConfig(**common, **turned, r=4, alpha=8, gralora_k=2, hybrid_r=0 if llama else 2)
    yield "delora", p.DeloraConfig(**common, r=2, delora_lambda=3, lambda_pattern={first: 4 if gpt2 else 2})
    yield "glora", p.GloraConfig(**common, r=2)
    yield "deft", p.DeftConfig(**common, **turned, r=2, alpha=3)
    yield "lora-blocks", p.LoraConfig(
        **common, r=4, lora_alpha=8, use_bdlora=p.tuners.lora.BdLoraConfig(
            target_modules_bd_a=["down_proj"], target_modules_bd_b=[first], nblocks=2))
    if llama:
        yield "lokr-both", p.LoKrConfig(**common, r=1, alpha=1, decompose_both=True, decompose_factor=4)
        yield "lokr-full", p.LoKrConfig(**common, r=6, alpha=6, decompose_factor=2)
        yield "miss-mini", p.MissConfig(**common, r=4, mini_r=4, init_weights="mini")
        yield "miss-bat", p.MissConfig(**common, r=4, init_weights="bat")
        yield "deft-para", p.DeftConfig(**common, r=2, para=True)
        yield "deft-qr", p.DeftConfig(**common, r=3, decomposition_method="qr")
    if model_name == "qwen2":  # It has biases at some maps.
        yield "glora-vectors", p.GloraConfig(**common, config_A_B="vector", config_C="vector", config_D_E="vector")
        yield "glora-constants", p.GloraConfig(**common, config_A_B="constant", config_C="none", config_D_E="constant")


def with_linear_maps(model):
    """A GPT-2 whose maps are `nn.Linear`."""
    for name, module in list(model.named_modules()):
        if isinstance(module, Conv1D):
            linear = nn.Linear(*module.weight.shape)
            with torch.no_grad():
                linear.weight.copy_(module.weight.T)
                linear.bias.copy_(module.bias)
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, linear)
    return model.eval()


def turned_back(name, value):
    """A weight of such a model as GPT-2 stores it."""
    return value.T.contiguous() if name.endswith("weight") and ".c_" in name else value
