"""The peer of docs/performance.md: PyTorch with Hugging Face PEFT on the CPU.

    peer.py MODEL random METHOD [--batch 4] [--tokens 128] [--shared-prefix 0]
    peer.py MODEL task METHOD --rows ROWS.jsonl [--batch 4]
    peer.py MODEL generate --rows ROWS.jsonl [--batch 8] [--new-tokens 8]

MODEL is a Hugging Face folder. ROWS.jsonl comes from `peft-bench data preview DATASET --json`. Prints one JSON object.
"""

import argparse
import json
import os
import resource
import statistics
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import peft
import torch
from transformers import AutoModelForCausalLM

SITES = ["k_proj", "v_proj", "down_proj"]
IGNORED = -100


def methods():
    task = {"task_type": "CAUSAL_LM"}
    return {
        "lora": lambda: peft.LoraConfig(r=16, lora_alpha=16, lora_dropout=0.0, target_modules=SITES, **task),
        "ia3": lambda: peft.IA3Config(target_modules=SITES, feedforward_modules=SITES[2:], **task),
        "ln-tuning": lambda: peft.LNTuningConfig(
            target_modules=["input_layernorm", "post_attention_layernorm", "norm"], **task),
        "prefix-tuning": lambda: peft.PrefixTuningConfig(
            num_virtual_tokens=32, prefix_projection=True, encoder_hidden_size=512, **task),
        "prompt-tuning": lambda: peft.PromptTuningConfig(num_virtual_tokens=100, **task),
        "p-tuning": lambda: peft.PromptEncoderConfig(num_virtual_tokens=20, encoder_hidden_size=576, **task),
        "llama-adapter": lambda: peft.AdaptionPromptConfig(adapter_len=10, adapter_layers=30, **task),
        "dora": lambda: peft.LoraConfig(r=16, lora_alpha=16, use_dora=True, target_modules=SITES, **task),
        "adalora": lambda: peft.AdaLoraConfig(init_r=12, target_r=8, total_step=1000, target_modules=SITES, **task),
        "hira": lambda: peft.HiraConfig(r=32, target_modules=SITES, **task),
        "loha": lambda: peft.LoHaConfig(r=8, alpha=8, target_modules=SITES, **task),
        "lokr": lambda: peft.LoKrConfig(r=8, alpha=8, target_modules=SITES, **task),
        "miss": lambda: peft.MissConfig(r=64, target_modules=SITES, **task),
        "gralora": lambda: peft.GraloraConfig(r=32, alpha=64, gralora_k=2, target_modules=SITES, **task),
        "delora": lambda: peft.DeloraConfig(r=8, delora_lambda=15, target_modules=SITES, **task),
        "glora": lambda: peft.GloraConfig(r=8, target_modules=SITES, **task),
        "deft": lambda: peft.DeftConfig(r=8, target_modules=SITES, **task),
        "oft": lambda: peft.OFTConfig(oft_block_size=32, use_cayley_neumann=True, target_modules=SITES, **task),
        "hra": lambda: peft.HRAConfig(r=8, target_modules=SITES, **task),
        "road": lambda: peft.RoadConfig(variant="road_1", target_modules=SITES, **task),
        "vera": lambda: peft.VeraConfig(r=256, target_modules=SITES, **task),
        "pvera": lambda: peft.PveraConfig(r=256, target_modules=SITES, **task),
        "shira": lambda: peft.ShiraConfig(r=32, target_modules=SITES, **task),
        "super-tuning": lambda: peft.SupertuningConfig(target_modules=SITES, **task),
        "beft": lambda: peft.BeftConfig(target_modules=SITES, **task),
    }


def attach(model, method):
    """The model with the method; BitFit and full fine-tuning are not among PEFT's methods."""
    if method == "full":
        return model
    if method == "bitfit":
        model.requires_grad_(False)
        for name, module in model.named_modules():
            if name.endswith(("q_proj", "v_proj")):
                module.bias = torch.nn.Parameter(torch.zeros(module.out_features))
        return model
    return peft.get_peft_model(model, methods()[method]())


def step(model, optimizer, batch, number=0):
    model(**batch).loss.backward()
    optimizer.step()
    if hasattr(model, "base_model") and hasattr(model.base_model, "update_and_allocate"):
        model.base_model.update_and_allocate(number)
    optimizer.zero_grad()


def padded(rows, left):
    """Rows of (ids, labels) as a batch of equal lengths."""
    longest = max(len(ids) for ids, _ in rows)
    fields = {"input_ids": [], "attention_mask": [], "labels": []}
    for ids, labels in rows:
        gap = longest - len(ids)
        def fill(values, filler):
            return [filler] * gap + values if left else values + [filler] * gap
        fields["input_ids"].append(fill(ids, 0))
        fields["attention_mask"].append(fill([1] * len(ids), 0))
        fields["labels"].append(fill(labels, IGNORED))
    return {name: torch.tensor(values) for name, values in fields.items()}


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def time_random(model, arguments):
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    shape = (arguments.batch, arguments.tokens)
    ids = torch.randint(0, model.config.vocab_size - 1, shape)
    ids[:, :arguments.shared_prefix] = ids[0, :arguments.shared_prefix]
    labels = ids.clone()
    labels[:, :-4] = IGNORED
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    seconds = []
    for number in range(arguments.steps + 1):
        start = time.perf_counter()
        step(model, optimizer, batch, number)
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds[1:])
    return {"median_step_seconds": median, "tokens_per_second": shape[0] * shape[1] / median}


def time_task(model, arguments):
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    rows = [
        (row["prompt_ids"] + row["answer_ids"], [IGNORED] * len(row["prompt_ids"]) + row["answer_ids"])
        for row in read_rows(arguments.rows)
    ]
    batches = [padded(rows[i:i + arguments.batch], left=False) for i in range(0, len(rows), arguments.batch)]
    step(model, optimizer, batches[0])
    start = time.perf_counter()
    for batch in batches:
        step(model, optimizer, batch)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "examples_per_second": len(rows) / seconds}


def time_generation(model, arguments):
    prompts = [(row["prompt_ids"], row["prompt_ids"]) for row in read_rows(arguments.rows)]
    batches = [padded(prompts[i:i + arguments.batch], left=True) for i in range(0, len(prompts), arguments.batch)]
    model.eval()

    def answer(batch):
        with torch.inference_mode():
            model.generate(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], do_sample=False,
                max_new_tokens=arguments.new_tokens, min_new_tokens=1, pad_token_id=0)

    answer(batches[0])
    start = time.perf_counter()
    for batch in batches:
        answer(batch)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "rows_per_second": len(prompts) / seconds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("job", choices=["random", "task", "generate"])
    parser.add_argument("method", nargs="?", default="full", choices=["full", "bitfit", *methods()])
    parser.add_argument("--rows")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--shared-prefix", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--new-tokens", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    arguments.batch = arguments.batch or (8 if arguments.job == "generate" else 4)
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32, attn_implementation="sdpa")
    if arguments.job != "generate":
        model.config.use_cache = False
        model = attach(model, arguments.method)
    result = {"random": time_random, "task": time_task, "generate": time_generation}[arguments.job](model, arguments)
    result["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"job": arguments.job, "method": arguments.method, "threads": arguments.threads, **result}))


if __name__ == "__main__":
    main()
