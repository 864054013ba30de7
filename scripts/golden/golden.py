"""What the fixture makers share: fixed randomness, tiny weights that are not trivial, and files that come
out the same byte for byte every time."""

import json
import os
import re
import zlib
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def versions():
    import numpy
    import peft
    import safetensors
    import transformers

    modules = {"torch": torch, "transformers": transformers, "peft": peft, "safetensors": safetensors, "numpy": numpy}
    return {name: module.__version__ for name, module in sorted(modules.items())}


def generator(*names):
    """A stream of its own for each name, so that adding a tensor does not move the others."""
    return torch.Generator().manual_seed(zlib.crc32("/".join(str(name) for name in names).encode()))


def normal(shape, std, *names):
    return torch.randn(shape, generator=generator(*names), dtype=torch.float32) * std


def randomize(model, label, linear=0.3, embedding=0.5, norm=0.2, bias=0.2):
    """Gives every parameter seeded values of a size that makes logits of a few units.

    Norm gains move around what the architecture starts them at (one, or zero where it multiplies by 1 + w).
    """
    done = set()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if id(parameter) in done:
                continue
            done.add(id(parameter))
            if name.endswith("bias"):
                parameter.copy_(normal(parameter.shape, bias, label, name))
            elif parameter.dim() == 1:
                parameter.add_(normal(parameter.shape, norm, label, name))
            elif any(word in name for word in ("embed", "wte", "wpe", "lm_head")):
                parameter.copy_(normal(parameter.shape, embedding, label, name))
            else:
                parameter.copy_(normal(parameter.shape, linear, label, name))
    model.eval()
    return model


def sequence(length, vocabulary, *names):
    return torch.randint(0, vocabulary, (length,), generator=generator("ids", length, *names), dtype=torch.int64)


def save_tensors(path, tensors, script):
    """Writes tensors with their provenance; a single metadata key, because the writer does not order several."""
    provenance = json.dumps({"script": script, "versions": versions()}, sort_keys=True)
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}, str(path),
              metadata={"provenance": provenance})


def save_json(path, value):
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    # Lists of numbers on one line.
    text = re.sub(r"\[([-\d.,\s]+)\]", lambda match: "[" + " ".join(match[1].split()) + "]", text)
    assert json.loads(text) == value
    Path(path).write_text(text + "\n")


LENGTHS = [1, 2, 7, 33, 80]


def kept_rows(length, full):
    """Which rows of the logits are stored: of long sequences only some, to keep the files small."""
    step = 1 if length < 10 or (full and length < 40) else 8
    return sorted({*range(0, length, step), length - 1})


def expected_logits(model, vocabulary, label, full=False, lengths=LENGTHS):
    """ids_<k> and logits_<k> for some sequences, and the JSON that describes them."""
    tensors, entries = {}, []
    with torch.no_grad():
        for k, length in enumerate(lengths):
            ids = sequence(length, vocabulary, label)
            logits = model(input_ids=ids[None]).logits[0].float()
            rows = kept_rows(length, full)
            tensors[f"ids_{k}"] = ids
            tensors[f"logits_{k}"] = logits[rows]
            entries.append({"ids": f"ids_{k}", "logits": f"logits_{k}", "length": length, "rows": rows})
    return tensors, entries
