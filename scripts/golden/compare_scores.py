"""Compares log-probabilities of `peft-bench score` with those of transformers, and of PEFT where there is an adapter.

    python scripts/golden/compare_scores.py BINARY MODEL REFERENCE [--adapter DIR] [--lengths N ...]
    python scripts/golden/compare_scores.py make-adapter REFERENCE DIR [--target NAME ...]

MODEL is what the binary reads, a folder or a GGUF file; REFERENCE is the same weights as a folder for
transformers, which computes in float32 whatever the stored type. For a quantised GGUF file that is the folder of its
dequantised weights. `make-adapter` saves a random LoRA adapter as PEFT does. Exits with status 1 if any
log-probability differs by more than 1e-3.
"""
import argparse
import json
import random
import subprocess
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

LENGTHS = [2, 3, 7, 8, 9, 31, 64, 65, 128, 200, 513, 1000]
TOLERANCE = 1e-3
TEXT = """The tide tables for the harbour were printed every spring, and nobody thought much about who computed them.
def area(width, height): return width * height  # in square metres
Question: which of the two bridges was opened first? Answer: the northern one, in 1911. """


def cases(vocabulary: int, tokenizer_folder: str, lengths: list[int]) -> list[list[int]]:
    """Prose that repeats, and ids at random, which are far from anything the model expects."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    prose = tokenizer(TEXT * 40, add_special_tokens=False)["input_ids"]
    draw = random.Random(11)
    lists = []
    for length in lengths:
        lists.append(prose[:length])
        lists.append([draw.randrange(vocabulary) for _ in range(length)])
    return lists


def compare(binary: str, model: str, reference: str, adapter: str | None, lengths: list[int]) -> int:
    network = AutoModelForCausalLM.from_pretrained(reference, dtype=torch.float32).eval()
    lists = cases(network.config.vocab_size, reference, lengths)
    if adapter:
        network = PeftModel.from_pretrained(network, adapter).eval()
    lines = "".join(json.dumps({"ids": ids, "from": 1}) + "\n" for ids in lists)
    command = [binary, "score", "--model", model] + (["--adapter", adapter] if adapter else [])
    output = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in output.splitlines()]
    assert len(answers) == len(lists)
    worst = 0.0
    greedy_differs = 0
    for ids, answer in zip(lists, answers):
        with torch.no_grad():
            logits = network(torch.tensor([ids])).logits[0].float()
        values = logits[:-1].log_softmax(-1)
        targets = torch.tensor(ids[1:])
        expected = values.gather(1, targets[:, None])[:, 0]
        found = torch.tensor(answer["token_logprobs"])
        assert found.shape == expected.shape and answer["tokens"] == len(ids) - 1
        assert abs(answer["logprob"] - sum(answer["token_logprobs"])) < 1e-6 * len(ids)
        difference = (found - expected).abs().max().item()
        greedy_differs += answer["greedy"] != bool((values.argmax(-1) == targets).all())
        worst = max(worst, difference)
        print(f"{len(ids):5} tokens: largest difference {difference:.2e}, mean log-probability {expected.mean():.3f}")
    print(f"largest difference {worst:.2e}; greedy differs in {greedy_differs} of {len(lists)}")
    return 0 if worst <= TOLERANCE and greedy_differs == 0 else 1


def make_adapter(reference: str, folder: str, targets: list[str]) -> None:
    torch.manual_seed(5)
    network = AutoModelForCausalLM.from_pretrained(reference, dtype=torch.float32)
    config = LoraConfig(r=8, lora_alpha=20, target_modules=targets, lora_dropout=0.1, task_type="CAUSAL_LM")
    network = get_peft_model(network, config)
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    network.save_pretrained(folder)


if __name__ == "__main__":
    if sys.argv[1] == "make-adapter":
        parser = argparse.ArgumentParser()
        parser.add_argument("reference")
        parser.add_argument("folder")
        parser.add_argument("--target", nargs="+", default=["q_proj", "v_proj", "o_proj", "down_proj"])
        arguments = parser.parse_args(sys.argv[2:])
        make_adapter(arguments.reference, arguments.folder, arguments.target)
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("binary")
        parser.add_argument("model")
        parser.add_argument("reference")
        parser.add_argument("--adapter")
        parser.add_argument("--lengths", nargs="+", type=int, default=LENGTHS)
        arguments = parser.parse_args()
        sys.exit(compare(arguments.binary, arguments.model, arguments.reference, arguments.adapter, arguments.lengths))
