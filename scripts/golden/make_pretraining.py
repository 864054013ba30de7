"""Golden values for pretraining: the merges that the tokenizers library learns from a small text, and what
transformers makes of a model folder that `peft-bench model pretrain` wrote.

    make_pretraining.py bpe TEXT.txt OUTPUT.json
    make_pretraining.py model FOLDER OUTPUT_FOLDER     (copies the folder and writes expected.json beside it)
    make_pretraining.py check FOLDER                   (compares with `peft-bench`; see --program)
"""

import argparse
import json
import shutil
import subprocess
from pathlib import Path

SPECIAL = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
TEXTS = [
    "Tom feeds the hen in the morning.", "12 + 30 = 42", "def add(a, b):\n    return a + b\n", "", " ",
    "Is a hen a bird?<|end|>", "naïve café – 日本語 🙂", "don't   stop\t\n\n now",
]
CONVERSATIONS = [
    [{"role": "user", "content": "Is a hen a bird?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "12 + 30?"},
     {"role": "assistant", "content": "42"}, {"role": "user", "content": "Why?\n"}],
]


def trained(lines, size, minimum):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=minimum, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(lines, trainer)
    return json.loads(tokenizer.to_str())


def make_bpe(arguments):
    lines = Path(arguments.source).read_text().split("\n")
    sizes = []
    for size, minimum in [(300, 2), (400, 2), (700, 1), (5000, 2)]:
        model = trained(lines, size, minimum)["model"]
        order = sorted(model["vocab"], key=model["vocab"].get)
        sizes.append({"vocabulary_size": size, "minimum_frequency": minimum, "tokens": order, "merges": model["merges"]})
    Path(arguments.output).write_text(json.dumps({"special_tokens": SPECIAL, "cases": sizes}, ensure_ascii=False) + "\n")


def check_bpe(arguments):
    """Compares a folder's tokenizer.json with the library's, learned from the same documents (a JSONL of texts)."""
    ours = json.loads(Path(arguments.source, "tokenizer.json").read_text())
    lines = [json.loads(line) for line in Path(arguments.output).read_text().split("\n") if line]
    model = trained(lines, len(ours["model"]["vocab"]), arguments.minimum)["model"]
    assert model["vocab"] == ours["model"]["vocab"], "the vocabularies differ"
    assert model["merges"] == ours["model"]["merges"], "the merges differ"
    print(f"{len(model['merges'])} merges are the same")


def expected(folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.eval()
    result = {"texts": [], "conversations": [], "end_tokens": model.generation_config.eos_token_id}
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        result["texts"].append({"text": text, "ids": ids, "log_probabilities": log_probabilities(model, ids)})
    for messages in CONVERSATIONS:
        rendered = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(rendered, add_special_tokens=False)["input_ids"]
        result["conversations"].append({
            "messages": messages, "text": rendered, "ids": ids, "log_probabilities": log_probabilities(model, ids)})
    return result


def log_probabilities(model, ids):
    import torch

    if len(ids) < 2:
        return []
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0].double()
    scores = torch.log_softmax(logits, -1)[:-1]
    return [round(float(scores[i, ids[i + 1]]), 7) for i in range(len(ids) - 1)]


def make_model(arguments):
    target = Path(arguments.output)
    target.mkdir(parents=True, exist_ok=True)
    for name in ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(Path(arguments.source, name), target / name)
    target.joinpath("expected.json").write_text(json.dumps(expected(arguments.source), ensure_ascii=False, indent=1) + "\n")


def check_model(arguments):
    values = expected(arguments.source)
    worst = 0.0
    for case in values["texts"] + values["conversations"]:
        if len(case["ids"]) < 2:
            continue
        line = json.dumps({"ids": case["ids"], "from": 1})
        output = subprocess.run([arguments.program, "score", "--model", arguments.source], input=line + "\n",
                                capture_output=True, text=True, check=True).stdout
        for ours, theirs in zip(json.loads(output)["token_logprobs"], case["log_probabilities"], strict=True):
            worst = max(worst, abs(ours - theirs))
        if "messages" not in case and "\n" not in case["text"]:
            output = subprocess.run([arguments.program, "tokenize", "--model", arguments.source], input=case["text"] + "\n",
                                    capture_output=True, text=True, check=True).stdout
            assert json.loads(output) == case["ids"], case["text"]
    assert worst < 1e-4, worst
    print(f"log-probabilities differ by at most {worst:.2e}; ids are the same")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["bpe", "check-bpe", "model", "check"])
    parser.add_argument("source")
    parser.add_argument("output", nargs="?")
    parser.add_argument("--program", default="peft-bench")
    parser.add_argument("--minimum", type=int, default=2)
    arguments = parser.parse_args()
    {"bpe": make_bpe, "check-bpe": check_bpe, "model": make_model, "check": check_model}[arguments.what](arguments)
