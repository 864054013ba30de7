"""Makes tiny GGUF files, weights and tokenizer, with the logits that transformers computes from the same
weights after their quantisation.

    python scripts/golden/make_gguf_models.py Tests/Fixtures/gguf_models
"""

import argparse
import math
import shutil
from pathlib import Path

import golden
import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Q
from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoModelForCausalLM

SCRIPT = "scripts/golden/make_gguf_models.py"
LENGTHS = [1, 7, 33]

MERGES = ["h e", "l l", "o Ġ", "he ll", "Ġ t", "i n", "Ġt h", "0 0"]
SPECIAL = ["<|begin|>", "<|end|>", "<|pad|>"]
TEMPLATE = "{% for m in messages %}<|begin|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
SPLITS = {
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                 r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+",
}
TEXTS = ["hello there, in 2000 0000", "  tabs\tand\nlines\r\n", "naïve “quotes” — 日本 🙂", "<|begin|>user\nhell<|end|>",
         "", "I'LL don't"]


def byte_alphabet():
    """GPT-2's byte alphabet: printable bytes stand for themselves, the others for characters from U+0100 on."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {}, 0
    for byte in range(256):
        letters[byte] = chr(byte) if byte in own else chr(256 + extra)
        extra += byte not in own
    return [letters[byte] for byte in range(256)]


TOKENS = byte_alphabet() + [merge.replace(" ", "") for merge in MERGES] + SPECIAL
VOCABULARY = len(TOKENS)


def tokenizer(pre):
    result = Tokenizer(BPE(vocab={token: i for i, token in enumerate(TOKENS[:-len(SPECIAL)])},
                           merges=[tuple(merge.split(" ")) for merge in MERGES]))
    result.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre not in SPLITS)
    result.pre_tokenizer = byte_level if pre not in SPLITS else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLITS[pre]), "isolated"), byte_level])
    result.decoder = decoders.ByteLevel()
    return result


def interleaved(weight, heads):
    """Rows of a query or key projection in the order of llama.cpp's rotary embedding (pairs side by side)."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(
        weight.shape)


LLAMA_NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
GPT2_NAMES = {
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}


def gguf_name(name, names, arch, layers):
    if arch not in ("llama", "qwen2", "qwen3", "gemma", "gpt2"):
        # The package's own table for the architectures that were added later.
        table = gguf.get_tensor_name_map(gguf.MODEL_ARCH[arch.upper()], layers)
        return table.get_name(name, try_suffixes=(".weight", ".bias"))
    stem, suffix = name.rsplit(".", 1)
    parts = stem.split(".")
    if len(parts) > 2 and parts[1] in ("layers", "h"):
        return f"blk.{parts[2]}.{names['.'.join(parts[3:])]}.{suffix}"
    return f"{names[stem]}.{suffix}"


def by_kind(weight, heads):
    """GPT-NeoX's fused projection as llama.cpp keeps it: all queries, all keys, all values."""
    width = weight.shape[0] // heads // 3
    return weight.reshape(heads, 3, width, *weight.shape[1:]).swapaxes(0, 1).reshape(weight.shape)


def by_head(weight, heads):
    """The inverse of by_kind."""
    width = weight.shape[0] // heads // 3
    return weight.reshape(3, heads, width, *weight.shape[1:]).swapaxes(0, 1).reshape(weight.shape)


def models():
    """Name of the file's stem, architecture in GGUF, config, pre-tokenizer, quantisations."""
    t = transformers
    size = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
                bos_token_id=VOCABULARY - 3, eos_token_id=VOCABULARY - 2, pad_token_id=VOCABULARY - 1)
    rope = dict(rope_type="default", rope_theta=10000.0)
    llama3 = dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=128)
    yield ("llama", "llama", t.LlamaConfig(**size, tie_word_embeddings=False, rope_parameters=rope), "llama-bpe",
           [Q.F32, Q.F16, Q.Q8_0, Q.Q4_0, Q.Q4_1])
    yield ("llama", "llama", t.LlamaConfig(
        **dict(size, hidden_size=256, intermediate_size=256, num_hidden_layers=1, num_key_value_heads=1),
        tie_word_embeddings=True, rope_parameters=rope), "llama-bpe", [Q.Q4_K])
    yield ("llama3-rope", "llama", t.LlamaConfig(**dict(size, max_position_embeddings=512), tie_word_embeddings=True,
                                                 rope_parameters=llama3), "llama-bpe", [Q.Q8_0])
    yield ("qwen2", "qwen2", t.Qwen2Config(**size, tie_word_embeddings=True, rope_parameters=rope), "qwen2",
           [Q.Q8_0])
    yield ("qwen3", "qwen3", t.Qwen3Config(**size, head_dim=16, tie_word_embeddings=True, rope_parameters=rope),
           "qwen2", [Q.Q8_0])
    yield ("gemma", "gemma", t.GemmaConfig(**size, head_dim=16, hidden_activation="gelu_pytorch_tanh"), "gpt-2",
           [Q.Q8_0])
    window = dict(head_dim=16, hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=16, sliding_window=16)
    yield ("gemma2", "gemma2", t.Gemma2Config(**size, **window, attn_logit_softcapping=5.0,
                                              final_logit_softcapping=6.0), "gpt-2", [Q.Q8_0])
    # Readers take the pattern of five windowed layers for granted, so that it needs six layers to show.
    yield ("gemma3", "gemma3", t.Gemma3TextConfig(
        **dict(size, num_hidden_layers=6), **window, rope_parameters={
            "sliding_attention": rope, "full_attention": dict(rope_type="linear", rope_theta=1e6, factor=8.0)}),
        "gpt-2", [Q.Q8_0])
    yield ("phi3", "phi3", t.Phi3Config(**size, resid_pdrop=0.0, sliding_window=16, rope_parameters=dict(
        rope, partial_rotary_factor=0.5)), "gpt-2", [Q.Q8_0])
    yield ("phi3-longrope", "phi3", t.Phi3Config(
        **dict(size, max_position_embeddings=512, original_max_position_embeddings=128), resid_pdrop=0.0,
        rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, short_factor=[1.0, 1.25, 2.5, 3.0],
                             long_factor=[1.0, 4.0, 30.0, 40.0], original_max_position_embeddings=128)),
        "gpt-2", [Q.Q8_0])
    yield ("olmo", "olmo", t.OlmoConfig(**size, clip_qkv=1.0, rope_parameters=rope), "gpt-2", [Q.Q8_0])
    yield ("olmo2", "olmo2", t.Olmo2Config(**size, rope_parameters=rope), "gpt-2", [Q.Q8_0])
    yield ("smollm3", "smollm3", t.SmolLM3Config(**dict(size, num_hidden_layers=4), rope_parameters=rope),
           "llama-bpe", [Q.Q8_0])
    neox = {key: value for key, value in size.items() if key != "num_key_value_heads"}
    yield ("gptneox", "gptneox", t.GPTNeoXConfig(**neox, rope_parameters=dict(rope, partial_rotary_factor=0.5)),
           "gpt-2", [Q.Q8_0])
    yield ("gpt2", "gpt2", t.GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=64,
                                        bos_token_id=VOCABULARY - 3, eos_token_id=VOCABULARY - 2), "gpt-2", [Q.Q8_0])


# Where each matrix of the file of K-quants is stored as what: one of every format that needs rows of 256 or that other
# files lack.
K_QUANTS = {"embed_tokens": Q.Q5_1, "q_proj": Q.Q4_K, "k_proj": Q.Q5_K, "v_proj": Q.Q6_K, "o_proj": Q.Q3_K,
            "gate_proj": Q.Q2_K, "up_proj": Q.IQ4_NL, "down_proj": Q.Q5_0}
# Offset of the block's factor, and of its offset's factor, with values of the former that make weights of 0.08.
K_SCALES = {Q.Q2_K: (80, 82, 0.009, 1.5), Q.Q3_K: (108, None, 0.002, 0), Q.Q4_K: (0, 2, 0.00045, 7.5),
            Q.Q5_K: (0, 2, 0.0003, 15.5), Q.Q6_K: (208, None, 0.00006, 0), Q.IQ4_NL: (0, None, 0.0012, 0)}


def random_blocks(shape, kind, key):
    """Blocks of a format that the package decodes but does not make: any bits are valid."""
    length, size = gguf.GGML_QUANT_SIZES[kind]
    first, second, factor, offset = K_SCALES[kind]
    bits = torch.randint(0, 256, (shape[0], shape[1] // length, size), generator=golden.generator("blocks", key))
    blocks = bits.to(torch.uint8).numpy()
    factors = (factor * (1 + golden.normal(blocks.shape[:2], 0.2, "factors", key).numpy())).astype(np.float16)
    blocks[:, :, first:first + 2] = factors[:, :, None].view(np.uint8)
    if second is not None:
        offsets = (factors * np.float16(offset)).astype(np.float16)
        blocks[:, :, second:second + 2] = offsets[:, :, None].view(np.uint8)
    return blocks.reshape(shape[0], -1)


def rope_factors(config):
    """What llama.cpp's converter stores in rope_freqs.weight for Llama 3.1: the divisor of each frequency."""
    rope = config.rope_parameters
    head = config.head_dim
    factors = []
    for i in range(head // 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (2 * i / head)
        ratio = rope["original_max_position_embeddings"] / wavelength
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        smooth = min(max((ratio - low) / (high - low), 0), 1)
        factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write_metadata(writer, arch, config, pre, kind):
    writer.add_name(f"tiny random {arch}")
    writer.add_file_type({Q.F32: 0, Q.F16: 1, Q.Q4_0: 2, Q.Q4_1: 3, Q.Q8_0: 7, Q.Q4_K: 15}[kind])
    writer.add_quantization_version(2)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_vocab_size(VOCABULARY)
    writer.add_head_count(config.num_attention_heads)
    if arch == "gpt2":
        writer.add_feed_forward_length(4 * config.n_embd)
        writer.add_head_count_kv(config.num_attention_heads)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    elif arch == "gptneox":
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_layer_norm_eps(config.layer_norm_eps)
        writer.add_parallel_residual(config.use_parallel_residual)
        head = config.hidden_size // config.num_attention_heads
        writer.add_rope_dimension_count(int(head * config.rope_parameters["partial_rotary_factor"]))
    else:
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count_kv(config.num_key_value_heads)
        rope = config.rope_parameters.get("full_attention", config.rope_parameters)
        if arch == "olmo":
            writer.add_layer_norm_eps(1e-5)
            writer.add_clamp_kqv(config.clip_qkv)
        else:
            writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(rope["rope_theta"])
        if rope["rope_type"] == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope["factor"])
        if getattr(config, "sliding_window", None):
            writer.add_sliding_window(config.sliding_window)
        if arch == "gemma2":
            writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
            writer.add_final_logit_softcapping(config.final_logit_softcapping)
        writer.add_key_length(head)
        writer.add_value_length(head)
        if arch == "llama":
            writer.add_rope_dimension_count(head)
        if arch == "phi3":
            writer.add_rope_dimension_count(int(head * rope["partial_rotary_factor"]))
        if rope["rope_type"] == "longrope":
            original = rope["original_max_position_embeddings"]
            extension = config.max_position_embeddings / original
            writer.add_rope_scaling_orig_ctx_len(original)
            writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(extension) / math.log(original)))
            for kind_name in ("short", "long"):
                writer.add_tensor(f"rope_factors_{kind_name}.weight",
                                  np.array(rope[f"{kind_name}_factor"], dtype=np.float32))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(TOKENS)
    writer.add_token_types([1] * (VOCABULARY - len(SPECIAL)) + [3] * len(SPECIAL))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(VOCABULARY - 3)
    writer.add_eos_token_id(VOCABULARY - 2)
    writer.add_pad_token_id(VOCABULARY - 1)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def make(stem, arch, config, pre, kind, out):
    name = f"{stem}-{kind.name.lower()}"
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
    golden.randomize(model, f"gguf/{stem}", linear=0.2, embedding=0.4)
    writer = gguf.GGUFWriter(str(out / f"{name}.gguf"), arch)
    write_metadata(writer, arch, config, pre, kind)
    if arch == "llama" and config.rope_parameters["rope_type"] == "llama3":
        factors = rope_factors(config)
        plain = 10000.0 ** (-np.arange(0, config.head_dim, 2) / config.head_dim)
        assert np.allclose(plain / factors, model.model.rotary_emb.inv_freq.numpy(), rtol=1e-6)
        writer.add_tensor("rope_freqs.weight", factors)
    stored = {}
    for key, parameter in model.named_parameters():
        value = parameter.detach().numpy()
        transposed = arch == "gpt2" and value.ndim == 2 and ".h." in key  # Conv1D keeps [in, out]
        rotary = arch in ("llama", "olmo", "smollm3") and key.endswith(("q_proj.weight", "k_proj.weight"))
        if transposed:
            value = value.T
        if rotary:
            heads = config.num_attention_heads if "q_proj" in key else config.num_key_value_heads
            value = interleaved(value, heads)
        if arch.startswith("gemma") and key.endswith("norm.weight"):
            value = value + np.float32(1)
        fused = arch == "gptneox" and "query_key_value" in key
        if fused:
            value = by_kind(value, config.num_attention_heads)
        value = np.ascontiguousarray(value)
        # As llama.cpp does: vectors stay float32, and the output matrix gets a finer format.
        type_ = Q.F32 if value.ndim == 1 or key == "transformer.wpe.weight" else kind
        if key == "lm_head.weight" and kind in (Q.Q4_0, Q.Q4_1):
            type_ = Q.Q8_0
        if kind == Q.Q4_K and value.ndim == 2:
            type_ = next(format_ for part, format_ in K_QUANTS.items() if part in key)
        data = random_blocks(value.shape, type_, key) if type_ in K_SCALES else gguf.quants.quantize(value, type_)
        stem_name = gguf_name(key, GPT2_NAMES if arch == "gpt2" else LLAMA_NAMES, arch, config.num_hidden_layers)
        writer.add_tensor(stem_name, data, raw_dtype=type_)
        back = gguf.quants.dequantize(data, type_)
        if arch.startswith("gemma") and key.endswith("norm.weight"):
            back = back - np.float32(1)
        if rotary:
            half = back.shape[0] // heads // 2
            back = back.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(back.shape)
        if fused:
            back = by_head(back, config.num_attention_heads)
        stored[key] = torch.from_numpy(np.ascontiguousarray(back.T if transposed else back))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if kind == Q.F32:
                assert torch.equal(parameter, stored[key]), key
            parameter.copy_(stored[key])
    tensors, entries = golden.expected_logits(model, VOCABULARY, f"gguf/{stem}", lengths=LENGTHS)
    golden.save_tensors(out / f"{name}.expected.safetensors", tensors, SCRIPT)
    codec = tokenizer(pre)
    golden.save_json(out / f"{name}.expected.json", {
        "script": SCRIPT, "versions": golden.versions() | {"gguf": "0.19.0"}, "sequences": entries,
        "note": "logits_k holds the named rows of the float32 logits of ids_k, computed from the dequantised weights",
        "texts": [{"text": text, "ids": codec.encode(text, add_special_tokens=False).ids} for text in TEXTS]})
    total = sum(file.stat().st_size for file in out.glob(f"{name}.*"))
    print(f"{name:20} {total:7} bytes, logits' standard deviation {tensors['logits_2'].std().item():.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", help="stems; the other files stay as they are")
    arguments = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    if not arguments.only:
        shutil.rmtree(arguments.out, ignore_errors=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for stem, arch, config, pre, kinds in models():
        if arguments.only and stem not in arguments.only:
            continue
        for kind in kinds:
            make(stem, arch, config, pre, kind, arguments.out)


if __name__ == "__main__":
    main()
