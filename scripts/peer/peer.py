"""The peer of docs/performance.md: PyTorch with Hugging Face PEFT on the CPU.

    peer.py MODEL random METHOD [--batch 4] [--tokens 128] [--shared-prefix 0]
    peer.py MODEL task METHOD --rows ROWS.jsonl [--batch 4]
    peer.py MODEL generate --rows ROWS.jsonl [--batch 8] [--new-tokens 8]

MODEL is a Hugging Face folder; for qlora one in NF4, which takes bitsandbytes to read. ROWS.jsonl comes from
`peft-bench data preview DATASET --json`. Prints one JSON object.
"""

import argparse
import json
import math
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
# Methods that PEFT does not have.
PLAIN = ["full", "bitfit", "svft", "galore"]


def methods():
    task = {"task_type": "CAUSAL_LM"}

    def lora():
        return peft.LoraConfig(r=16, lora_alpha=16, lora_dropout=0.0, target_modules=SITES, **task)

    return {
        "lora": lora,
        "qlora": lora,
        "ia3": lambda: peft.IA3Config(target_modules=SITES, feedforward_modules=SITES[2:], **task),
        "ln-tuning": lambda: peft.LNTuningConfig(
            target_modules=["input_layernorm", "post_attention_layernorm", "norm"], **task),
        "prefix-tuning": lambda: peft.PrefixTuningConfig(
            num_virtual_tokens=32, prefix_projection=True, encoder_hidden_size=512, **task),
        "prompt-tuning": lambda: peft.PromptTuningConfig(num_virtual_tokens=100, **task),
        "mpt": lambda: peft.MultitaskPromptTuningConfig(num_virtual_tokens=100, num_ranks=1, num_tasks=1, **task),
        "trainable-tokens": lambda: peft.TrainableTokensConfig(token_indices=list(range(1024)), **task),
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


class SVFT(torch.nn.Module):
    """A map by U·(S + σ(gate)·M)·Vᵀ, where M has trained elements at most `beside` from its diagonal.

    The published layer keeps no other weight, and makes this one anew in every pass.
    """

    def __init__(self, linear, beside=1):
        super().__init__()
        left, values, right = torch.linalg.svd(linear.weight.detach(), full_matrices=False)
        self.rank = len(values)
        for name, tensor in (("left", left), ("right", right)):
            self.register_buffer(name, tensor.contiguous())
        index = torch.arange(self.rank)
        positions = ((index[:, None] - index).abs() <= beside).nonzero().T.contiguous()
        self.register_buffer("positions", positions)
        self.register_buffer("start", torch.where(positions[0] == positions[1], values[positions[0]], 0))
        self.delta = torch.nn.Parameter(torch.zeros(positions.shape[1]))
        self.gate = torch.nn.Parameter(torch.zeros(()))
        self.bias = linear.bias

    def forward(self, x):
        values = self.start + self.delta * torch.sigmoid(self.gate)
        middle = torch.sparse_coo_tensor(
            self.positions, values, (self.rank, self.rank), is_coalesced=True, check_invariants=False)
        return torch.nn.functional.linear(x, self.left @ torch.sparse.mm(middle, self.right), self.bias)


class GaLore:
    """AdamW that sees the gradients of `maps` projected on their leading singular vectors, and those of `others` as they are.

    As in galore_torch, the shorter side is projected, moments stay when the vectors change, and ε comes before the
    correction of the bias.
    """

    def __init__(self, maps, others, lr, rank=16, interval=200, scale=2.0):
        self.maps, self.lr, self.rank, self.interval, self.scale = maps, lr, rank, interval, scale
        self.others = torch.optim.AdamW(others, lr=lr)
        self.number = 0
        self.vectors = [None] * len(maps)
        self.moments = [None] * len(maps)

    @torch.no_grad()
    def step(self, betas=(0.9, 0.999), eps=1e-6, decay=0.01):
        self.others.step()
        first = self.number % self.interval == 0
        self.number += 1
        length = self.lr * math.sqrt(1 - betas[1] ** self.number) / (1 - betas[0] ** self.number)
        for index, weight in enumerate(self.maps):
            is_tall = weight.shape[0] >= weight.shape[1]
            if first:
                left, _, right = torch.linalg.svd(weight.grad, full_matrices=False)
                # A copy, since a slice would keep all vectors in memory.
                self.vectors[index] = (right[:self.rank] if is_tall else left[:, :self.rank]).clone()
            vectors = self.vectors[index]
            low = weight.grad @ vectors.T if is_tall else vectors.T @ weight.grad
            if self.moments[index] is None:
                self.moments[index] = (torch.zeros_like(low), torch.zeros_like(low))
            mean, square = self.moments[index]
            mean.lerp_(low, 1 - betas[0])
            square.mul_(betas[1]).addcmul_(low, low, value=1 - betas[1])
            low = mean / square.sqrt().add_(eps)
            weight.addmm_(*((low, vectors) if is_tall else (vectors, low)), alpha=-length * self.scale)
            weight.mul_(1 - self.lr * decay)

    def zero_grad(self):
        self.others.zero_grad()
        for weight in self.maps:
            weight.grad = None


def attach(model, method):
    """The model with the method."""
    if method in ("full", "galore"):
        return model
    if method in ("bitfit", "svft"):
        model.requires_grad_(False)
        ends = tuple(SITES) if method == "svft" else ("q_proj", "v_proj")
        for name, module in list(model.named_modules()):
            if not name.endswith(ends):
                continue
            if method == "svft":
                model.set_submodule(name, SVFT(module))
            else:
                module.bias = torch.nn.Parameter(torch.zeros(module.out_features))
        return model
    if method == "qlora":
        # Out of training bitsandbytes packs maps again for a kernel that has no gradients.
        model.train()
    return peft.get_peft_model(model, methods()[method]())


def trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def optimizer_for(model, method, lr=1e-4):
    if method != "galore":
        return torch.optim.AdamW(trained(model), lr=lr)
    # The head shares the embeddings' weight, which is no linear map's.
    maps = [m.weight for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and name != "lm_head"]
    chosen = {id(weight) for weight in maps}
    return GaLore(maps, [p for p in trained(model) if id(p) not in chosen], lr)


def step(model, optimizer, batch, number=0):
    if getattr(model, "peft_type", None) == peft.PeftType.MULTITASK_PROMPT_TUNING:
        batch = {**batch, "task_ids": torch.zeros(len(batch["input_ids"]), dtype=torch.long)}
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
    optimizer = optimizer_for(model, arguments.method)
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
    speed = shape[0] * shape[1] / median
    return {"first_step_seconds": seconds[0], "median_step_seconds": median, "tokens_per_second": speed}


def time_task(model, arguments):
    optimizer = optimizer_for(model, arguments.method)
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
    parser.add_argument("method", nargs="?", default="full", choices=[*PLAIN, *methods()])
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
    count = sum(p.numel() for p in trained(model))
    result = {"random": time_random, "task": time_task, "generate": time_generation}[arguments.job](model, arguments)
    result["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result["trainable_parameters"] = count
    print(json.dumps({"job": arguments.job, "method": arguments.method, "threads": arguments.threads, **result}))


if __name__ == "__main__":
    main()
