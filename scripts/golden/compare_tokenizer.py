"""Compares the ids that this project gives with those of the `tokenizers` library, on any text.

    python scripts/golden/compare_tokenizer.py lines N > lines.txt      N mixed lines: every plane, code, prose
    peft-bench tokenize --model MODEL < lines.txt > ours.jsonl
    python scripts/golden/compare_tokenizer.py check MODEL/tokenizer.json lines.txt ours.jsonl

Exits with status 1 if any line differs, and prints the first few that do.
"""
import inspect
import json
import random
import sys


def mixed_lines(count: int) -> list[str]:
    """Lines without line breaks inside, since the command reads one text a line."""
    rng = random.Random(7)
    code = []
    for module in (random, json, inspect):
        code += [line for line in inspect.getsource(module).split("\n") if line]
    odd = ["'s", "'RE", "  ", "\t", "\u00a0", "\u3000", "\u200d", "e\u0301", "\ufb01", "\u0663", "<|im_end|>", "\U0001f468\u200d\U0001f469", "\x00", "1234", "\u4e00"]

    def scalar() -> str:
        while True:
            code_point = rng.randrange(rng.choice([0x80, 0x300, 0x3000, 0x10000, 0x110000]))
            if not 0xD800 <= code_point < 0xE000 and chr(code_point) not in "\n\r":
                return chr(code_point)

    def line() -> str:
        kind = rng.randrange(3)
        if kind == 0:
            return rng.choice(code)
        if kind == 1:
            return "".join(scalar() for _ in range(rng.randrange(1, 60)))
        return "".join(rng.choice([rng.choice(odd), rng.choice(code)[:12], scalar()]) for _ in range(rng.randrange(1, 20)))

    return [line() for _ in range(count)]


def check(tokenizer_file: str, lines_file: str, ids_file: str) -> int:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_file)
    with open(lines_file, encoding="utf-8", newline="\n") as file:
        lines = file.read().removesuffix("\n").split("\n")
    with open(ids_file, encoding="utf-8") as file:
        ours = [json.loads(line) for line in file]
    if len(lines) != len(ours):
        print(f"{len(lines)} lines, but {len(ours)} lists of ids")
        return 1
    different = [
        (line, ids, expected)
        for line, ids in zip(lines, ours)
        if ids != (expected := tokenizer.encode(line, add_special_tokens=False).ids)
    ]
    for line, ids, expected in different[:5]:
        print(f"{line!a}\n  expected {expected}\n  found    {ids}")
    print(f"{len(lines)} lines, {len(different)} differ")
    return 1 if different else 0


if __name__ == "__main__":
    if sys.argv[1] == "lines":
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        print("\n".join(mixed_lines(int(sys.argv[2]))))
    else:
        sys.exit(check(*sys.argv[2:5]))
