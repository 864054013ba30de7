"""Makes the small checkpoints in Tests/Fixtures/safetensors and Tests/Fixtures/gguf with the formats' own Python libraries.

    python make_checkpoints.py FIXTURES_FOLDER

Element i of each tensor is i/2 - 1 (of `names` and `flags`: i and i % 2), so the tests need no table of values.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import save_file


def ramp(*shape):
    count = int(np.prod(shape))
    return (torch.arange(count, dtype=torch.float32) / 2 - 1).reshape(shape)


def write_safetensors(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        "weight": ramp(2, 3),
        "brain": ramp(3, 2).to(torch.bfloat16),
        "half": ramp(5).to(torch.float16),
        "double": ramp(2, 2).to(torch.float64),
        "names": torch.arange(4, dtype=torch.int64),
        "flags": torch.arange(3) % 2 == 1,
        "scalar": ramp(1)[0],
        "empty": torch.zeros(0, 4),
        'né "quoted"\n\t\x01\\/': ramp(1).to(torch.bfloat16),
    }
    save_file(tensors, folder / "tiny.safetensors", {"format": "pt"})
    sharded = folder / "sharded"
    sharded.mkdir(exist_ok=True)
    shards = {
        "model-00001-of-00002.safetensors": {"a": ramp(2, 2), "b": ramp(3)},
        "model-00002-of-00002.safetensors": {"c": ramp(4).to(torch.bfloat16)},
    }
    for name, content in shards.items():
        save_file(content, sharded / name, {"format": "pt"})
    index = {
        "metadata": {"total_size": 36},
        "weight_map": {tensor: name for name, content in shards.items() for tensor in content},
    }
    (sharded / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def write_gguf(folder):
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "tiny.gguf", "llama")
    writer.add_uint8("t.uint8", 200)
    writer.add_int8("t.int8", -100)
    writer.add_uint16("t.uint16", 60000)
    writer.add_int16("t.int16", -30000)
    writer.add_uint32("t.uint32", 4000000000)
    writer.add_int32("t.int32", -2000000000)
    writer.add_uint64("t.uint64", 2**40)
    writer.add_int64("t.int64", -(2**40))
    writer.add_float32("t.float32", 0.1)
    writer.add_float64("t.float64", 0.1)
    writer.add_bool("t.bool", True)
    writer.add_string("t.string", "né ▁")
    writer.add_array("t.strings", ["a", "", "▁b"])
    writer.add_array("t.integers", [1, -2, 3])
    writer.add_array("t.numbers", [0.5, -1.5])
    writer.add_array("t.bools", [True, False])
    writer.add_array("t.nested", [[1, 2], [3]])
    writer.add_tensor("plain.weight", ramp(2, 64).numpy())
    writer.add_tensor("half.weight", ramp(3, 5).numpy().astype(np.float16))
    quantized = gguf.quants.quantize(ramp(2, 64).numpy(), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blocks.weight", quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    unreadable = np.zeros((1, 136), dtype=np.uint8)
    writer.add_tensor("unreadable.weight", unreadable, raw_dtype=gguf.GGMLQuantizationType.IQ4_XS)
    finish(writer)

    writer = gguf.GGUFWriter(folder / "split.gguf", "llama", split_max_tensors=2)
    for index in range(5):
        writer.add_tensor(f"t{index}.weight", ramp(2, 32).numpy() + index)
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write_safetensors(Path(sys.argv[1]) / "safetensors")
    write_gguf(Path(sys.argv[1]) / "gguf")
