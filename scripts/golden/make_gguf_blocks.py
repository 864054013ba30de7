"""Makes Tests/Fixtures/gguf/blocks.json: blocks of every readable GGUF format, and their float32 values as gguf-py decodes them.

    python make_gguf_blocks.py OUTPUT.json

The blocks are random bytes with finite scales, so every bit of a layout matters; the values are written as the
hexadecimal bytes of little-endian float32, because they must agree to the bit.
"""

import json
import sys
from importlib.metadata import version

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

FORMATS = "F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL".split()
# Where the binary16 scales stand in a block.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0],
}


def main(output):
    random = np.random.default_rng(20240607)
    formats = []
    for name in FORMATS:
        kind = GGMLQuantizationType[name]
        elements, size = GGML_QUANT_SIZES[kind]
        count = 64 if elements == 1 else 3 if elements == 32 else 2
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        if elements == 1:
            blocks = np.ascontiguousarray((random.standard_normal(count) * 3).astype(np.float32))
            if name == "F16":
                blocks = blocks.astype(np.float16)
                blocks[:4] = [2**-24, -(2**-15), 65504, -0.0]
            elif name == "BF16":
                blocks = (blocks.view(np.uint32) >> 16).astype(np.uint16)
            blocks = blocks.view(np.uint8).reshape(1, -1)
        for at in SCALES.get(name, []):
            scales = random.uniform(-0.1, 0.1, count).astype(np.float16)
            blocks[:, at : at + 2] = scales.view(np.uint8).reshape(count, 2)
        values = dequantize(blocks, kind).astype("<f4")
        assert np.isfinite(values).all()
        formats.append({"format": name, "blocks": blocks.tobytes().hex(), "floats": values.tobytes().hex()})
    with open(output, "w") as file:
        json.dump({"made_by": f"make_gguf_blocks.py, gguf {version('gguf')}", "formats": formats}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
