"""Makes tiny random models of each architecture with the logits that transformers computes for them.

    python scripts/golden/make_models.py Tests/Fixtures/models
"""

import argparse
import json
import shutil
from pathlib import Path

import golden
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

SCRIPT = "scripts/golden/make_models.py"
VOCABULARY = 96
SMALL = dict(vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
             bos_token_id=1, eos_token_id=2, pad_token_id=0)
# Heads wide enough for several rotary frequencies.
WIDE = dict(SMALL, num_attention_heads=2, num_key_value_heads=1)


def models():
    """Name, config, and how the weights are stored."""
    t = transformers
    rope = lambda theta, **more: dict(rope_type="default", rope_theta=theta, **more)  # noqa: E731
    llama3 = dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=128)
    yield "llama", t.LlamaConfig(**SMALL, tie_word_embeddings=False, rms_norm_eps=1e-5), {}
    yield "llama-tied", t.LlamaConfig(**dict(SMALL, eos_token_id=[2, 5]), tie_word_embeddings=True,
                                      rope_parameters=rope(500.0)), {}
    yield "llama-bias", t.LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True), {}
    # Head size 8: wavelengths 6.3 (kept), 63 (blended), 628 and 6283 (divided by the factor).
    yield "llama3-rope", t.LlamaConfig(**dict(WIDE, max_position_embeddings=512), rope_parameters=llama3), {}
    yield "llama-linear-rope", t.LlamaConfig(
        **SMALL, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.5)), {}
    # Llama rotates whole heads, whatever share the description names.
    yield "llama-partial-rope", t.LlamaConfig(
        **WIDE, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)), {}
    yield "llama-own-head", t.LlamaConfig(**SMALL, tie_word_embeddings=True), {"own_head": True}
    yield "llama-bare-names", t.LlamaConfig(**SMALL, tie_word_embeddings=False), {"bare": True}
    yield "llama-headdim", t.LlamaConfig(**SMALL, head_dim=6), {}
    yield "llama-bf16", t.LlamaConfig(**SMALL, tie_word_embeddings=False), {"dtype": torch.bfloat16}
    yield "llama-f16", t.LlamaConfig(**SMALL, tie_word_embeddings=False), {"dtype": torch.float16}
    yield "llama-sharded", t.LlamaConfig(**SMALL, tie_word_embeddings=False), {"max_shard_size": "10KB"}
    yield "qwen2", t.Qwen2Config(**SMALL, tie_word_embeddings=True, rope_parameters=rope(1e6)), {}
    yield "qwen2-bf16", t.Qwen2Config(**SMALL, tie_word_embeddings=True), {"dtype": torch.bfloat16}
    yield "qwen2-f16", t.Qwen2Config(**SMALL, tie_word_embeddings=True), {"dtype": torch.float16}
    yield "qwen3", t.Qwen3Config(**SMALL, head_dim=8, tie_word_embeddings=True, rope_parameters=rope(1e6)), {}
    gpt2 = dict(vocab_size=VOCABULARY, n_embd=16, n_layer=2, n_head=4, n_positions=80, bos_token_id=95,
                eos_token_id=95)
    yield "gpt2", t.GPT2Config(**gpt2), {}
    yield "gpt2-bare-names", t.GPT2Config(**gpt2, n_inner=24), {"bare": True}
    yield "mistral", t.MistralConfig(**SMALL, sliding_window=16), {}
    yield "gemma", t.GemmaConfig(**SMALL, head_dim=8, hidden_activation="gelu_pytorch_tanh"), {}
    yield "gemma2", t.Gemma2Config(**SMALL, head_dim=8, query_pre_attn_scalar=12, sliding_window=16,
                                   attn_logit_softcapping=5.0, final_logit_softcapping=6.0), {}
    # One layer of each kind: local attention with its own rotary base, then global.
    yield "gemma3_text", t.Gemma3TextConfig(
        **SMALL, head_dim=8, query_pre_attn_scalar=12, sliding_window=16,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters={"full_attention": dict(rope_type="linear", rope_theta=1e6, factor=8.0),
                         "sliding_attention": rope(10000.0)}), {}
    yield "phi3", t.Phi3Config(**dict(WIDE, original_max_position_embeddings=128), resid_pdrop=0.0,
                               rope_parameters=rope(10000.0, partial_rotary_factor=0.5)), {}
    # As Phi-4-mini: three quarters of a head rotated, with the factors of short and of long contexts.
    yield "phi3-longrope", t.Phi3Config(
        **dict(WIDE, max_position_embeddings=512, original_max_position_embeddings=128), resid_pdrop=0.0,
        tie_word_embeddings=True,
        rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75,
                             short_factor=[1.0, 1.25, 2.5], long_factor=[1.0, 4.0, 30.0],
                             original_max_position_embeddings=128)), {}
    yield "olmo", t.OlmoConfig(**SMALL, clip_qkv=None, rope_parameters=rope(10000.0)), {}
    yield "olmo-clip", t.OlmoConfig(**SMALL, clip_qkv=1.5, tie_word_embeddings=True), {}
    yield "olmo2", t.Olmo2Config(**SMALL, rope_parameters=rope(500000.0)), {}
    neox = {key: value for key, value in WIDE.items() if key != "num_key_value_heads"}
    yield "gpt_neox", t.GPTNeoXConfig(**neox, use_parallel_residual=True, rope_parameters=rope(
        10000.0, partial_rotary_factor=0.5)), {}
    yield "gpt_neox-sequential", t.GPTNeoXConfig(**neox, use_parallel_residual=False, rope_parameters=rope(
        10000.0, partial_rotary_factor=0.25)), {}
    yield "opt", t.OPTConfig(vocab_size=VOCABULARY, hidden_size=16, word_embed_proj_dim=16, ffn_dim=24,
                             num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=80,
                             bos_token_id=2, eos_token_id=2, pad_token_id=1), {}
    yield "smollm3", t.SmolLM3Config(**SMALL, no_rope_layers=[1, 0], rope_parameters=rope(10000.0)), {}


def old_style(config):
    """The same facts under the keys that transformers 4 wrote."""
    old = {key: value for key, value in config.items() if key not in ("rope_parameters", "dtype", "layer_types")}
    old["torch_dtype"] = config["dtype"]
    old["transformers_version"] = "4.46.0"
    parameters = config.get("rope_parameters")
    if parameters and "full_attention" in parameters:
        local, everywhere = parameters["sliding_attention"], dict(parameters["full_attention"])
        old["rope_local_base_freq"] = local["rope_theta"]
        old["sliding_window_pattern"] = 2
        parameters = everywhere
    elif parameters:
        parameters = dict(parameters)
    if parameters:
        theta = parameters.pop("rope_theta")
        partial = parameters.pop("partial_rotary_factor", None)
        if config["model_type"] == "gpt_neox":
            old["rotary_emb_base"], old["rotary_pct"] = int(theta), partial
        else:
            old["rope_theta"] = theta
            if partial is not None:
                old["partial_rotary_factor"] = partial
        old["rope_scaling"] = None if parameters["rope_type"] == "default" else parameters
    return dict(sorted(old.items()))


# Where old checkpoints are common on the Hub.
OLD_STYLE = ["llama", "llama3-rope", "llama-linear-rope", "gpt2", "qwen2", "mistral", "gemma3_text", "gpt_neox",
             "phi3", "phi3-longrope"]

# The others keep fewer rows of the 33-token sequence.
FULL = ["llama", "qwen2", "gpt2"]


def store(model, folder, dtype=None, max_shard_size="5GB", bare=False, own_head=False):
    if dtype is not None:
        model = model.to(dtype)
    model.save_pretrained(folder, max_shard_size=max_shard_size)
    path = folder / "model.safetensors"
    if own_head:
        # The description says that the head is the embedding, and the file holds another one.
        tensors = load_file(path)
        shape = tensors["model.embed_tokens.weight"].shape
        tensors["lm_head.weight"] = golden.normal(shape, 0.5, "own head")
        save_file(tensors, path, metadata={"format": "pt"})
    if bare and model.config.model_type == "llama":
        # No `model.` in front, and buffers of earlier releases among the tensors.
        tensors = {name.removeprefix("model."): value for name, value in load_file(path).items()}
        tensors["position_ids"] = torch.arange(model.config.max_position_embeddings)[None]
        for layer in range(model.config.num_hidden_layers):
            tensors[f"layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.ones(2)
            tensors[f"layers.{layer}.self_attn.bias"] = torch.ones(8, 8, dtype=torch.bool).tril()[None, None]
        save_file(tensors, path, metadata={"format": "pt"})
    elif bare:
        # GPT-2's first checkpoints: no `transformer.` in front, and the causal mask among the tensors.
        tensors = {name.removeprefix("transformer."): value for name, value in load_file(path).items()}
        size = model.config.n_positions
        for layer in range(model.config.n_layer):
            tensors[f"h.{layer}.attn.bias"] = torch.ones(size, size, dtype=torch.uint8).tril()[None, None]
            tensors[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
        save_file(tensors, path, metadata={"format": "pt"})


def make(name, config, storage, out):
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    label = name if name in ("llama", "qwen2") else f"model/{name}"
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
    golden.randomize(model, label)
    store(model, folder, **storage)
    # The judge reads the files back, so that what is stored is what was computed with.
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    full = name in FULL
    tensors, entries = golden.expected_logits(model, VOCABULARY, label, full)
    golden.save_tensors(folder / "expected.safetensors", tensors, SCRIPT)
    golden.save_json(folder / "expected.json", {
        "script": SCRIPT, "versions": golden.versions(), "sequences": entries,
        "note": "logits_k holds the named rows of the float32 logits of ids_k; weights are widened to float32 first",
        "parameters": sum(p.numel() for p in model.parameters())})
    if name in OLD_STYLE:
        written = json.loads((folder / "config.json").read_text())
        golden.save_json(folder / "config_old.json", old_style(written))
        check = AutoModelForCausalLM.from_pretrained(
            folder, config=AutoConfig.for_model(**json.loads((folder / "config_old.json").read_text())),
            attn_implementation="eager", dtype=torch.float32).eval()
        again, _ = golden.expected_logits(check, VOCABULARY, label, full)
        for key in tensors:
            assert torch.equal(tensors[key], again[key]), (name, key, "the old config means something else")
    size = sum(file.stat().st_size for file in folder.iterdir())
    spread = tensors["logits_3"].std().item()
    print(f"{name:20} {size:7} bytes, logits' standard deviation {spread:.2f}")


def main():
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    for name, config, storage in models():
        if not arguments.only or name in arguments.only:
            make(name, config, storage, arguments.out)


if __name__ == "__main__":
    main()
