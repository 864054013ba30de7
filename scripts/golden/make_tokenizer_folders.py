"""Makes Tests/Fixtures/tokenizer_folders/folders.json: tokenizers as folders of several files, and what transformers
makes of each.

    python scripts/golden/make_tokenizer_folders.py Tests/Fixtures

`bases` holds small tokenizer.json files of Tests/Fixtures/tokenizers by name, without their added tokens; `folders` names
a base, what is changed in it, and the files beside it, with bos, eos and pad tokens, ids of some lines and the added
tokens' ids. `joints` holds prompts and completions with the ids of both as one text.
"""

import json
import sys
import tempfile
from pathlib import Path

import golden
from tokenizers import Tokenizer
from transformers import AutoTokenizer

SCRIPT = "scripts/golden/make_tokenizer_folders.py"
FIXTURES = Path(sys.argv[1])
FLAGS = dict(lstrip=False, rstrip=False, normalized=False, single_word=False, special=True)
LINES = ["Hello world", " <x>a</s> b<y>", "a <x> b", "it's 12 o'clock\n\n<|end|>", "<x", "Großes É é"]


def base(name):
    description = json.loads((FIXTURES / "tokenizers" / f"{name}.json").read_text())
    description.update(added_tokens=[], post_processor=None)
    return description


BASES = {name: base(name) for name in ("gpt2", "llama2")}


def write(folder, files):
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (Path(folder) / name).write_text(text)


def observed(files):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, files)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return tokenizer, {
            "bos": tokenizer.bos_token, "eos": tokenizer.eos_token, "pad": tokenizer.pad_token,
            "ids": [tokenizer(line, add_special_tokens=False)["input_ids"] for line in LINES],
            "framed": tokenizer("Hello")["input_ids"],
            "added": {token.content: id for id, token in tokenizer.added_tokens_decoder.items()},
            "special": sorted(t.content for t in tokenizer.added_tokens_decoder.values() if t.special),
        }


def folder(name, files, base="gpt2", added=()):
    description = dict(BASES[base], added_tokens=list(added))
    settings = dict(files)
    settings.setdefault("tokenizer_config.json", {})
    settings["tokenizer_config.json"].setdefault("tokenizer_class", "PreTrainedTokenizerFast")
    _, facts = observed({"tokenizer.json": description, **settings})
    return {"name": name, "base": base, "added_tokens": list(added), "files": settings, **facts}


def split_folder(name, kind, config=None, **settings):
    """The same vocabulary as vocab.json and merges.txt."""
    model = BASES["gpt2"]["model"]
    lines = [" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]]
    files = {"vocab.json": model["vocab"], "merges.txt": "#version: 0.2\n" + "\n".join(lines) + "\n",
             "tokenizer_config.json": dict(settings, **({"tokenizer_class": kind} if kind else {}))}
    if config:
        files["config.json"] = config
    _, facts = observed(files)
    return {"name": name, "base": None, "files": {key: value for key, value in files.items() if "json" in key and
            key != "vocab.json"}, **facts}


def folders():
    size = len(BASES["gpt2"]["model"]["vocab"])
    new = lambda index, content, **flags: {str(size + index): dict(FLAGS, content=content, **flags)}  # noqa: E731
    yield folder("config alone", {"tokenizer_config.json": {"bos_token": "<x>", "eos_token": "</s>", "pad_token": "<y>"}})
    yield folder("map counts before the config", {
        "tokenizer_config.json": {"bos_token": "<y>", "eos_token": "<y>"},
        "special_tokens_map.json": {"eos_token": "</s>", "bos_token": dict(FLAGS, content="<x>", lstrip=True)}})
    yield folder("a list of added tokens leaves out the map", {
        "tokenizer_config.json": {"eos_token": "</s>", "added_tokens_decoder": new(0, "</s>")},
        "special_tokens_map.json": {"eos_token": "<y>", "bos_token": "<x>"}, "added_tokens.json": {"<x>": size + 1}})
    yield folder("added_tokens_decoder", {"tokenizer_config.json": {
        "added_tokens_decoder": {**new(0, "<x>"), **new(1, "<y>", rstrip=True), **new(2, "o'clock", special=False)}}})
    yield folder("later flags", {"tokenizer_config.json": {
        "added_tokens_decoder": {**new(0, "<x>", lstrip=True, rstrip=True)}}},
        added=[dict(FLAGS, id=size, content="<x>"), dict(FLAGS, id=size + 1, content="</s>", special=False)])
    yield folder("added_tokens.json", {
        "tokenizer_config.json": {"eos_token": "</s>"}, "added_tokens.json": {"</s>": size, "<x>": size + 1}})
    yield folder("further special tokens", {"tokenizer_config.json": {
        "additional_special_tokens": ["<x>", "<y>"], "image_token": "world"}})
    yield folder("tokens of the vocabulary", {"tokenizer_config.json": {"eos_token": "\u0120a", "unk_token": "<x>"}})
    yield folder("sentencepiece", {"tokenizer_config.json": {"bos_token": "<s>", "eos_token": "</s>"}}, base="llama2")
    yield split_folder("GPT-2's two files", "GPT2Tokenizer")
    yield split_folder("OPT's two files", None, config={"model_type": "opt"}, add_bos_token=True, bos_token="</s>",
                       eos_token="</s>", unk_token="</s>", pad_token="<y>")
    yield split_folder("Qwen2's two files", "Qwen2TokenizerFast", eos_token="</s>", bos_token=None,
                       added_tokens_decoder=new(0, "</s>"))
    yield split_folder("GPT-NeoX's two files", "GPTNeoXTokenizer", add_prefix_space=True)


def joints():
    """Tokenizers that put something at the beginning of a text, with prompts that end in text or in a token."""
    def variant(name, **changes):
        description = json.loads((FIXTURES / "tokenizers" / f"{name}.json").read_text())
        size = 1 + max(description["model"]["vocab"].values())
        size = 1 + max([size - 1] + [token["id"] for token in description["added_tokens"]])
        description["added_tokens"] += [
            dict(FLAGS, id=size, content="<|user|>"), dict(FLAGS, id=size + 1, content="<|assistant|>", rstrip=True),
            dict(FLAGS, id=size + 2, content="<|end|>")]
        description.update(changes)
        return description

    metaspace = lambda scheme, split: {  # noqa: E731
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split}}
    prefix = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    styles = {
        "prepend": ("llama2", {}), "always": ("llama2", metaspace("always", True)),
        "first": ("llama2", metaspace("first", False)), "never": ("llama2", metaspace("never", True)),
        "prefix space": ("gpt2", {"pre_tokenizer": prefix}), "byte level": ("gpt2", {}),
        "gemma": ("gemma", {}),
    }
    pairs = [
        ("[INST] Is it good? [/INST]", " positive <|end|>"), ("Question\nAnswer:", " yes<|end|>"),
        ("<|user|>Is it?<|end|>\n<|assistant|>\n", "yes<|end|>"), ("<|user|>Is it?<|end|>", "yes and no<|end|>"),
        ("<|user|>Is it?<|assistant|>", " \n yes<|end|>"), ("<|user|> a<|end|>", " b"),
    ]
    for style, (name, changes) in styles.items():
        description = variant(name, **changes)
        tokenizer = Tokenizer.from_str(json.dumps(description))
        ids = lambda text: tokenizer.encode(text, add_special_tokens=False).ids  # noqa: E731
        yield {"style": style, "base": name, "changes": {**changes, "added_tokens": description["added_tokens"]},
               "pairs": [{"prompt": p, "completion": c, "prompt_ids": ids(p), "ids": ids(p + c)} for p, c in pairs]}


out = FIXTURES / "tokenizer_folders"
out.mkdir(exist_ok=True)
golden.save_json(out / "folders.json", {
    "script": SCRIPT, "versions": golden.versions(), "lines": LINES, "bases": BASES, "folders": list(folders()),
    "joints": list(joints())})
