"""Makes Tests/Fixtures/tokenizers: small tokenizers in each family's configuration, and what they give.

    python scripts/golden/make_tokenizers.py Tests/Fixtures/tokenizers

For each family: <family>.json, a tokenizer.json trained here with the `tokenizers` library, and
<family>.expected.json with the ids of every line of corpus.json and the texts that the ids decode to
(only where they differ from the line). gguf.json is a SentencePiece-style vocabulary with scores, as GGUF
files carry it. Needs tokenizers (made with 0.23.3). The corpus is generated here from a fixed seed.
"""
import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path(sys.argv[1])
OUT.mkdir(parents=True, exist_ok=True)

PROSE = [
    "The committee hadn't read the report, but they'd already made up their minds; we'll see what it's worth.",
    "A river rises in the north-east, runs for 1,245.5 km and reaches the sea near three small harbours.",
    "Question: does the second sentence follow from the first? Answer: yes, no, or maybe.",
    "She'll say they're late; I'm sure you've heard. WE'RE, They'LL, I'D, it'S: capital contractions.",
    "def area(radius: float) -> float:\n    \"\"\"Area of a disc.\"\"\"\n    return 3.14159 * radius ** 2\n",
    "for i in range(10):\n\tif i % 2 == 0:\n\t\tprint(f\"{i:03d}\", end='\\n')  # even\n",
    "SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name;\r\n-- done\r\n",
    "<div class=\"box\"><p>Hello &amp; welcome!</p></div>",
    "Die Straße führt über die Brücke; größer, älter, öfter.",
    "Le garçon naïf a mangé là-bas, où l'été est déjà passé.",
    "El niño preguntó: ¿dónde está la montaña?",
    "Быстрая лиса прыгает через ленивую собаку.",
    "Η γρήγορη αλεπού πηδά πάνω από τον τεμπέλη σκύλο. ΟΔΥΣΣΕΥΣ",
    "敏捷的棕色狐狸跳过了懒狗。一二三四五，六七八九十。",
    "素早い茶色の狐がのろまな犬を飛び越える。カタカナ、ひらがな、漢字。",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول ٠١٢٣٤٥٦٧٨٩",
    "השועל החום המהיר קופץ מעל הכלב העצלן",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है ०१२३४५६७८९",
    "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ ๑๒๓",
    "நரி நாயின் மேல் தாவுகிறது. ௧௨௩",
    "Nhanh như chớp, con cáo nâu nhảy qua con chó lười.",
]
ODD = [
    "", " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n\n", " \n \n ", "a ", " a", "  a  ", "a\t\tb", "a \t b", "x=1;y='it''s'\r\n\tz",
    "a  b\u00a0c\u3000d\u2026!!!\n", "\u00a0\u00a0x", "\u3000\u3000", "\u2003 \u2003y", "\u2028\u2029", "\u0085z", "\u200b\u200c\u200d", "\ufeffbom",
    "\x00\x01\x02\x1b[0m\x7f", "\x1c\x1d\x1e\x1f", "\x0b\x0c",
    "e\u0301 \u00e9 A\u030a \u00c5 \u212b", "o\u0323\u0302 o\u0302\u0323 \u1ed9", "\u1100\u1161\u11a8 \uac01", "\u0915\u093c \u0958", "\ufb01 \ufb03 \u00b2 \u2167 \u33a5 \uff21\uff22",
    "\U00010041\u0301 \u07fd\u0327\u0301 \u0c3c\u0327 \U00011938 \u1112\u1161\u11ab\u11ab \uc790\u11a7\u11a8",
    "q\u0307\u0323", "\u0344", "\u2126 \u03a9 \u00b5 \u03bc", "\u0130I\u0131i \u1e9e\u00df \u01c5",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f44d\U0001f3fd\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3", "\u2764\ufe0f\u2665",
    "\U00010348\U0001d400\U0001d7d9", "\U00020000\U0002a6d6\u4e00", "\U0010ffff\ue000\uf8ff\ufffd\ufffe",
    "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'Ve 'M 'lL 'D 'x '' '", "'\u017f '\u017fx", "don't DON'T don\u2019t", "rock'n'roll 'tis o'clock's",
    "12345678901234567890", "3.14 1,000 0x1F 1e-10 v1.2.3 2nd", "\u00bd\u00b2\u2167\u0663\u0967\u4e09\U0001d7d8", "abc123def456", "1 2  3   4", "\u0661\u0662\u0663\u0664 a\u0661",
    "_underscore__name CamelCase snake_case kebab-case", "!!!???...;;;:::", "($%^&*)[]{}<>/\\|`~@#", "\"quoted\" 'single'", "...\n...\r\n\n", "!\n\n!", "a.\n\nb",
    "<|endoftext|>", "<s>x</s>", "Hello<|endoftext|>World <|endoftext|> again", "<|im_start|>user\nHi<|im_end|>\n", "<|im_", "<|im_start|", "<<|im_start|>>", "<unk><pad>", "<0x0A>", "</s></s>", "<bos>a<eos>",
    "<mask>", "a <mask> b", "a\n<mask>\tb", "<strip>", "  <strip>  x", "wordword word words sword", "word", "(word)", "word\u0301", "Ab<norm>aB", "AB<NORM>ab", "\u2581a\u2581b \u2581", " \u2581 ", "\u2581",
    "a" * 100, " " * 60 + "x", "ab" * 70, "=" * 80, "\n" * 50 + " ", "the " * 40, "Th\u00e9\u00e2tre" * 12, "\U0001f600" * 20,
]


def corpus() -> list[str]:
    rng = random.Random(20240726)

    def scalar() -> str:
        while True:
            code = rng.choice([rng.randrange(0x80), rng.randrange(0x250), rng.randrange(0x3000), rng.randrange(0x10000), rng.randrange(0x20000)])
            if not 0xD800 <= code < 0xE000:
                return chr(code)

    words = [w for line in PROSE for w in line.split()]
    lines = PROSE + ODD
    lines += ["".join(scalar() for _ in range(rng.randrange(1, 25))) for _ in range(40)]
    for _ in range(60):
        pieces = [rng.choice([rng.choice(words), " " + rng.choice(words), rng.choice(ODD[1:60]), scalar()]) for _ in range(rng.randrange(2, 8))]
        lines.append("".join(pieces))
    return lines


LINES = corpus()
TEXT = PROSE * 3 + [line for line in LINES if len(line) < 90]

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE, CONTRACTION = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
CASED_WORDS = (
    f"{BEFORE}{UPPER}*{LOWER}+{CONTRACTION}|{BEFORE}{UPPER}+{LOWER}*{CONTRACTION}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(pre, specials, normalizer=None, size=640) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        ),
    )
    return tokenizer


def split(digits: str):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS % digits), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def edited(tokenizer: Tokenizer, change) -> Tokenizer:
    description = json.loads(tokenizer.to_str())
    change(description)
    return Tokenizer.from_str(json.dumps(description))


def sentencepiece(specials, normalizer, pre, decoder, size=420) -> tuple[dict, list]:
    """Vocabulary and merges of a SentencePiece-style model: specials, 256 bytes, merged tokens, characters."""
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizer
    # Words only, so that merges do not run over them.
    trained.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    trained.train_from_iterator(
        [line for line in PROSE if line.isascii()] * 3 + PROSE[8:12],
        trainers.BpeTrainer(vocab_size=size, show_progress=False),
    )
    model = json.loads(trained.to_str())["model"]
    merged = ["".join(pair) for pair in model["merges"]]
    characters = [token for token in model["vocab"] if token not in set(merged)]
    tokens = specials + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += [token for token in dict.fromkeys(merged + characters) if token not in tokens]
    return {token: id for id, token in enumerate(tokens)}, [tuple(pair) for pair in model["merges"]]


def fallback(vocab, merges, normalizer, pre, decoder, specials, bos) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab, merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizer
    if pre:
        tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in specials])
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, vocab[bos])]
        )
    return tokenizer


def scored_merges(scores: dict[str, float], vocab: dict[str, int]) -> list[tuple[str, str]]:
    """Merges of a vocabulary with scores, in the order in which transformers' converter lists them."""
    merges = []
    for token, score in scores.items():
        cuts = [(token[:k], token[k:], score) for k in range(1, len(token)) if token[:k] in vocab and token[k:] in vocab]
        merges += sorted(cuts, key=lambda cut: (vocab[cut[0]], vocab[cut[1]]))
    merges.sort(key=lambda cut: (cut[2], len(cut[0]), len(cut[1])), reverse=True)
    return [(left, right) for left, right, _ in merges]


def families():
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    yield "gpt2", byte_level(gpt2, ["<|endoftext|>"])

    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2])
    chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    yield "smollm2", byte_level(digits, chat)

    llama3 = byte_level(split(r"\p{N}{1,3}"), [])
    llama3.add_special_tokens(["<|begin_of_text|>", "<|endoftext|>", "<|eot_id|>"])
    bos = llama3.token_to_id("<|begin_of_text|>")
    llama3.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A $B", special_tokens=[("<|begin_of_text|>", bos)]
            ),
        ]
    )

    def whole_words(description):
        # Tokens that no merge makes: only "ignore_merges" finds them.
        model = description["model"]
        model["ignore_merges"] = True
        last = model["merges"][-40:]
        model["merges"] = [pair for pair in model["merges"] if pair not in last]
        used = {part for pair in model["merges"] for part in pair}
        assert used <= set(model["vocab"])

    yield "llama3", edited(llama3, whole_words)

    # Phi-4-mini's and GPT-4o's expression.
    o200k = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CASED_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    yield "o200k", byte_level(o200k, ["<|endoftext|>"])

    qwen2 = byte_level(split(r"\p{N}"), [], normalizer=normalizers.NFC())
    qwen2.add_special_tokens(chat)

    def old_merges(description):
        description["model"]["merges"] = [" ".join(pair) for pair in description["model"]["merges"]]
        description["model"].pop("ignore_merges")

    yield "qwen2", edited(qwen2, old_merges), old_merges

    # The order of decoders, normalizers and added tokens of the published files.
    specials = ["<unk>", "<s>", "</s>"]
    prepend = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    to_text = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    vocab, merges = sentencepiece(specials, prepend, None, to_text)
    yield "llama2", fallback(vocab, merges, prepend, None, to_text, specials, "<s>")

    metaspace = pre_tokenizers.Metaspace("\u2581", prepend_scheme="first", split=False)
    yield "mistral", fallback(vocab, merges, None, metaspace, to_text, specials, "<s>")

    always = pre_tokenizers.Metaspace("\u2581", prepend_scheme="always", split=True)
    yield "metaspace", fallback(vocab, merges, None, always, decoders.Metaspace("\u2581", "always", True), specials, None)

    specials = ["<pad>", "<eos>", "<bos>", "<unk>"]
    replace = normalizers.Replace(" ", "\u2581")
    vocab, merges = sentencepiece(specials, replace, None, None)
    gemma = fallback(
        vocab, merges, replace, pre_tokenizers.Split(" ", "merged_with_previous"),
        decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]), specials, "<bos>",
    )
    gemma.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("\n\n\n", normalized=False)])
    yield "gemma", gemma

    # No byte fall-back: unknown characters become one token a run.
    unknown = json.loads(gemma.to_str())
    unknown["model"]["byte_fallback"] = False
    yield "unknown", Tokenizer.from_str(json.dumps(unknown))

    # Everything else that added tokens, normalizers and splits can do.
    mixed = byte_level(
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split("-", "removed"),
                pre_tokenizers.Split("/", "contiguous"),
                pre_tokenizers.Split("=", "isolated"),
                pre_tokenizers.Digits(individual_digits=False),
                pre_tokenizers.ByteLevel(add_prefix_space=True),
            ]
        ),
        ["<|endoftext|>"],
        normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()]),
    )
    mixed.add_tokens(
        [
            AddedToken("<mask>", lstrip=True, normalized=False),
            AddedToken("<strip>", lstrip=True, rstrip=True, normalized=False, special=True),
            AddedToken("word", single_word=True, normalized=False),
            AddedToken("<norm>", normalized=True),
            AddedToken("<nor", normalized=True),
        ]
    )
    mixed.post_processor = processors.TemplateProcessing(
        single="$A <|endoftext|>", pair="$A $B", special_tokens=[("<|endoftext|>", 0)]
    )
    yield "mixed", mixed


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def expectations(tokenizer: Tokenizer, lines: list[str]) -> dict:
    plain = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
    framed = tokenizer.encode("a", add_special_tokens=True).ids
    texts = [tokenizer.decode(ids, skip_special_tokens=False) for ids in plain]
    clean = [tokenizer.decode(ids, skip_special_tokens=True) for ids in plain]
    halves = [tokenizer.decode(ids[::2], skip_special_tokens=False) for ids in plain]
    return {
        "ids": plain,
        "framed_a": framed,
        "texts": {str(k): text for k, text in enumerate(texts) if text != lines[k]},
        "clean": {str(k): text for k, text in enumerate(clean) if text != texts[k]},
        # Every other token, so that decoding meets broken UTF-8.
        "halves": halves[::4],
    }


(OUT / "corpus.json").write_text(json.dumps(LINES, separators=(",", ":")) + "\n")
for family, tokenizer, *change in families():
    description = json.loads(tokenizer.to_str())
    for edit in change:
        edit(description)
    (OUT / f"{family}.json").write_text(compact(description) + "\n")
    (OUT / f"{family}.expected.json").write_text(compact(expectations(tokenizer, LINES)) + "\n")

# A vocabulary with scores, and what the merges that transformers derives from it give.
specials = ["<unk>", "<s>", "</s>"]
prepend = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
vocab, merges = sentencepiece(specials, prepend, None, None)
rank = {"".join(pair): k for k, pair in reversed(list(enumerate(merges)))}
# Pairs of tokens share a score, so that the order among equals matters too.
scores = {token: (-(rank[token] // 2) if token in rank else -1e6 if id >= 259 else 0.0) for token, id in vocab.items()}
candidates = {token: score for token, score in scores.items() if vocab[token] >= 259}
to_text = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
scored = fallback(vocab, scored_merges(candidates, vocab), prepend, None, to_text, specials, "<s>")
types = [2, 3, 3] + [6] * 256 + [1] * (len(vocab) - 259)
gguf = {"model": "llama", "tokens": list(vocab), "scores": list(scores.values()), "token_type": types, "bos_token_id": 1, "unknown_token_id": 0}
(OUT / "gguf.json").write_text(compact(gguf) + "\n")
(OUT / "gguf.expected.json").write_text(compact(expectations(scored, LINES)) + "\n")
