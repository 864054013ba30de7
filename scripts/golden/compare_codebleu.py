"""Expected CodeBLEU parts of pairs of Python snippets, by the codebleu package.

    python compare_codebleu.py PAIRS.jsonl > EXPECTED.jsonl       lines {"reference": ..., "prediction": ...}
    python compare_codebleu.py --fixture > codebleu.json          the pairs of codebleu_snippets.py, one JSON document

Needs codebleu 0.7.0 and tree-sitter-python 0.21.0. The package's data-flow match depends on Python's hash seed; the
script runs itself again with PYTHONHASHSEED=0, whose order of set members our implementation follows.
"""

import json
import logging
import os
import sys

if os.environ.get("PYTHONHASHSEED") != "0":
    os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "PYTHONHASHSEED": "0"})

from codebleu import calc_codebleu  # noqa: E402

PARTS = ["codebleu", "ngram_match_score", "weighted_ngram_match_score", "syntax_match_score", "dataflow_match_score"]
logging.disable(logging.WARNING)


def expected(references, predictions):
    result = calc_codebleu(references, predictions, "python")
    return [float(result[part]) for part in PARTS]


if sys.argv[1] == "--fixture":
    from codebleu_snippets import PAIRS

    rows = [{"reference": r, "prediction": p, "expected": expected([r], [p])} for r, p in PAIRS]
    corpus = expected([r for r, _ in PAIRS], [p for _, p in PAIRS])
    json.dump({"parts": PARTS, "pairs": rows, "corpus": corpus}, sys.stdout, indent=1, ensure_ascii=False)
    print()
else:
    for line in open(sys.argv[1], encoding="utf-8"):
        pair = json.loads(line)
        pair["expected"] = expected([pair["reference"]], [pair["prediction"]])
        print(json.dumps(pair, ensure_ascii=False))
