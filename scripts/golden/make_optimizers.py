"""Golden values of bitsandbytes' 8-bit AdamW on the CPU: its code maps, blocks there and back, and 20 steps.

    pip install --no-deps bitsandbytes==0.50.2
    python make_optimizers.py Tests/Fixtures/optimizers

Codes are those of the nearest values, as bitsandbytes' kernels for GPUs and its backend in PyTorch find them. Its compiled
kernel for CPUs gives other codes, mostly of small values (how many, the script prints), so that it is replaced in the
optimizer. A second 20 steps are of a plain writing of the algorithm in PyTorch; the script ends with an error if both differ.
"""

import math
import sys
from pathlib import Path

import bitsandbytes as bnb
import bitsandbytes.backends.cpu.ops as kernels
import numpy as np
import torch
from bitsandbytes.functional import create_dynamic_map, dequantize_blockwise, quantize_blockwise
from golden import versions
from safetensors.torch import save_file

BLOCK = 256
# Blocks of 256 and a shorter last one; not a multiple of any vector.
COUNT = 4099
STEPS = 20
SETTINGS = dict(lr=0.01, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)


def formula(count, step):
    """Values of seven magnitudes with a sign, whole numbers until the last division."""
    index = np.arange(count, dtype=np.int64)
    numerator = (index * 7919 + step * 104729) % 2003 - 1001
    # Both are rounded once, so that other programs have the same bits.
    powers = np.array([1, 10, 100, 1e3, 1e4, 1e5, 1e6], dtype=np.float32)
    return torch.from_numpy(numerator.astype(np.float32) / np.float32(1000) / powers[index % 7])


def blocks():
    """Values that the maps have, values halfway between them, all magnitudes, and zeros."""
    result = {}
    for name, signed in (("signed", True), ("unsigned", False)):
        code = create_dynamic_map(signed)
        values = formula(3 * BLOCK + 77, 1)
        # The largest magnitude of the second block is one, so that its codes come back as they are.
        values[BLOCK:2 * BLOCK] = code
        values[2 * BLOCK:3 * BLOCK] = 0
        if not signed:
            values = values.abs()
        codes, scales = plain_quantize(values, code)
        compiled, state = quantize_blockwise(values, code=code, blocksize=BLOCK)
        assert torch.equal(state.absmax, scales)
        print(name, "of the compiled kernel: other codes", int((codes != compiled).sum()), "values off by up to",
              (code[codes.long()] - code[compiled.long()]).abs().max().item())
        state.absmax = scales
        back = dequantize_blockwise(codes, state)
        assert torch.equal(back, plain_dequantize(codes, scales, code))
        result |= {f"{name}.map": code, f"{name}.values": values, f"{name}.codes": codes, f"{name}.scales": scales,
                   f"{name}.back": back}
    return result


def plain_quantize(values, code):
    middles = (code[1:] + code[:-1]) / 2
    parts = values.split(BLOCK)
    scales = torch.stack([part.abs().max() for part in parts])
    codes = torch.cat([torch.bucketize(part * (1 / scale) if scale > 0 else part, middles)
                       for part, scale in zip(parts, scales)])
    return codes.to(torch.uint8), scales


def plain_dequantize(codes, scales, code):
    return code[codes.long()] * scales.repeat_interleave(BLOCK)[: len(codes)]


def plain(start):
    """AdamW whose moments are codes between steps, each step in float32."""
    value, (beta1, beta2) = start.clone(), SETTINGS["betas"]
    maps = create_dynamic_map(True), create_dynamic_map(False)
    state = [plain_quantize(torch.zeros_like(value), code) for code in maps]
    for step in range(1, STEPS + 1):
        gradient = formula(len(value), step)
        mean, square = (plain_dequantize(*kept, code) for kept, code in zip(state, maps))
        mean = mean * beta1 + gradient * (1 - beta1)
        square = square * beta2 + gradient * gradient * (1 - beta2)
        value = value * (1 - SETTINGS["lr"] * SETTINGS["weight_decay"])
        root = square.sqrt() / math.sqrt(1 - beta2**step) + SETTINGS["eps"]
        value = value - SETTINGS["lr"] / (1 - beta1**step) * mean / root
        state = [plain_quantize(moment, code) for moment, code in zip((mean, square), maps)]
    return value, state


def keep_nearest(values, code, scales, codes, block):
    assert block == BLOCK
    new_codes, new_scales = plain_quantize(values, code)
    codes.copy_(new_codes)
    scales.copy_(new_scales)


def library(start):
    kernels._quant_blockwise_fp32_direct = keep_nearest
    parameter = torch.nn.Parameter(start.clone())
    optimizer = bnb.optim.AdamW8bit([parameter], **SETTINGS)
    for step in range(1, STEPS + 1):
        parameter.grad = formula(len(start), step)
        optimizer.step()
    state = optimizer.state[parameter]
    return parameter.data, [(state["state1"], state["absmax1"]), (state["state2"], state["absmax2"])]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    start = formula(COUNT, 0)
    compared = blocks()
    value, state = library(start)
    other, own = plain(start)
    difference = (value - other).abs().max().item()
    codes = [int((one[0] != two[0]).sum()) for one, two in zip(state, own)]
    print("largest difference of parameters", difference, "other codes", codes)
    assert difference < 1e-5 and max(codes) <= COUNT // 500, "bitsandbytes and the plain algorithm differ"
    tensors = compared | {"steps.value": value}
    for name, (codes, scales) in zip(("first", "second"), state):
        tensors |= {f"steps.{name}.codes": codes, f"steps.{name}.scales": scales}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "adamw8bit.safetensors",
              metadata={**{k: str(v) for k, v in versions().items()}, "bitsandbytes": bnb.__version__})


if __name__ == "__main__":
    main()
