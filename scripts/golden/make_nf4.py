"""Makes goldens of NF4 with double quantization by the formulae of bitsandbytes, in numpy.

    python scripts/golden/make_nf4.py Tests/Fixtures/nf4.safetensors

The values are i -> (2654435761 i mod 2^32) / 2^31 - 1, times a factor of each block of 64; `codes`, `absmax`,
`nested_absmax`, `mean` and `nested_quant_map` are what is stored of them, `decoded` are the first values again.
"""

import sys
from pathlib import Path

import golden
import numpy as np
import torch

SCRIPT = "scripts/golden/make_nf4.py"
COUNT = 280 * 64
# The quantiles of a normal distribution that bitsandbytes has as constants.
LEVELS = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)


def values():
    index = np.arange(COUNT, dtype=np.uint64)
    fraction = ((index * np.uint64(2654435761)) % np.uint64(2**32) >> np.uint64(8)).astype(np.float32)
    factor = (1 + (index // np.uint64(64)) % np.uint64(37)).astype(np.float32) * np.float32(2**-8)
    return (fraction * np.float32(2**-23) - np.float32(1)) * factor


def dynamic_map():
    """Seven decades, each with twice as many values as the one below, between 0.1 and 1 of its power."""
    data = []
    for i in range(7):
        ends = torch.linspace(0.1, 1, 2**i + 1)
        means = (ends[:-1] + ends[1:]) / 2
        data += (10 ** (i - 6) * means).tolist() + (-(10 ** (i - 6)) * means).tolist()
    return np.array(sorted(data + [0, 1.0]), np.float32)


def nearest(table, value):
    return np.abs(table[None].astype(np.float64) - value[:, None].astype(np.float64)).argmin(1).astype(np.uint8)


def main():
    blocks = values().reshape(-1, 64)
    absmax = np.abs(blocks).max(1)
    codes = nearest(LEVELS, (blocks * (np.float32(1) / absmax)[:, None]).reshape(-1))
    packed = codes[0::2] << 4 | codes[1::2]
    mean = np.float32(absmax.astype(np.float64).mean())
    centred = absmax - mean
    table = dynamic_map()
    outer, scales = [], []
    for start in range(0, len(centred), 256):
        group = centred[start:start + 256]
        outer.append(np.abs(group).max())
        scales.append(nearest(table, group / outer[-1]))
    scales, outer = np.concatenate(scales), np.array(outer, np.float32)
    again = table[scales] * outer[np.arange(len(scales)) // 256] + mean
    decoded = LEVELS[codes[:1024]] * np.repeat(again, 64)[:1024]
    golden.save_tensors(Path(sys.argv[1]), {
        name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in {
            "codes": packed, "absmax": scales, "nested_absmax": outer, "mean": np.array([mean]),
            "nested_quant_map": table, "decoded": decoded}.items()}, SCRIPT)


if __name__ == "__main__":
    main()
