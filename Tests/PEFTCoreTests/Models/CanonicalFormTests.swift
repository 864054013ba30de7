import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// What a run's id is made of on the model's side: every property counts, or is excused by name.
@Suite("Canonical forms of models and tokenizers") struct CanonicalFormTests {
  // MARK: - Architecture

  private static func configuration() throws -> ModelConfiguration {
    try ModelFiles.open(GoldenFixture("models/llama").folder.path).configuration
  }

  @Test("Every field of a model's configuration changes its canonical form") func configuration() throws {
    let base = try Self.configuration()
    var changes: [String: ModelConfiguration] = [:]
    // One by one: a literal of this many closures is too much for the type checker.
    func edit(_ field: String, _ change: (inout ModelConfiguration) -> Void) { changes[field] = changed(base, change) }
    edit("family") { $0.family = "mistral" }
    edit("vocabularySize") { $0.vocabularySize += 1 }
    edit("hiddenSize") { $0.hiddenSize += 1 }
    edit("layerCount") { $0.layerCount += 1 }
    edit("headCount") { $0.headCount += 1 }
    edit("keyValueHeadCount") { $0.keyValueHeadCount += 1 }
    edit("headDimension") { $0.headDimension += 1 }
    edit("feedForwardSize") { $0.feedForwardSize += 1 }
    edit("contextLength") { $0.contextLength += 1 }
    edit("normalization") { $0.normalization.epsilon = 1e-6 }
    edit("positions") { $0.positions = .learned(count: 128, offset: 0) }
    edit("attentionScale") { $0.attentionScale *= 1.5 }
    edit("windows") { $0.windows[1] = 64 }
    edit("attentionSoftCap") { $0.attentionSoftCap = 50 }
    edit("finalSoftCap") { $0.finalSoftCap = 30 }
    edit("embeddingScale") { $0.embeddingScale = 4 }
    edit("tiesEmbeddings") { $0.tiesEmbeddings.toggle() }
    edit("endTokens") { $0.endTokens.append(3) }
    edit("beginToken") { $0.beginToken = nil }
    expectEveryField(of: base, changes: changes, in: { $0.canonical })
  }

  @Test("So does every setting of norms and positions") func settings() {
    let norm = Normalization(centers: false, epsilon: 1e-5)
    expectEveryField(
      of: norm,
      changes: [
        "centers": changed(norm) { $0.centers = true }, "epsilon": changed(norm) { $0.epsilon = 1.5e-5 },
        "gainIsOffset": changed(norm) { $0.gainIsOffset = true },
      ], in: { $0.canonical })
    let rotary = RotaryConfiguration(theta: 10_000, dimension: 4, scaling: .none)
    expectEveryField(
      of: rotary,
      changes: [
        "theta": changed(rotary) { $0.theta += 1 }, "dimension": changed(rotary) { $0.dimension = 2 },
        "scaling": changed(rotary) { $0.scaling = .linear(factor: 2) },
        "divisors": changed(rotary) { $0.divisors = [1, 1] },
        "attentionFactor": changed(rotary) { $0.attentionFactor = 2 },
        "localTheta": changed(rotary) { $0.localTheta = 10_000 },
        "unrotatedLayers": changed(rotary) { $0.unrotatedLayers = [1] },
      ], in: { $0.canonical })
    let kinds: [PositionKind] = [
      .rotary(rotary), .learned(count: 8, offset: 0), .learned(count: 8, offset: 2), .learned(count: 9, offset: 0),
    ]
    #expect(Set(kinds.map { $0.canonical.compactText }).count == kinds.count)
    let scalings: [RotaryScaling] = [
      .none, .linear(factor: 2), .linear(factor: 3),
      .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 64),
      .llama3(factor: 9, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 64),
      .llama3(factor: 8, lowFrequencyFactor: 2, highFrequencyFactor: 4, originalContext: 64),
      .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 5, originalContext: 64),
      .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 65),
    ]
    #expect(Set(scalings.map { $0.canonical.compactText }).count == scalings.count)
  }

  @Test("Every part of a module changes the model's canonical form") func modules() throws {
    let attached = "a method attaches it; methods are told by their name and options"
    let loaded = "weights are told by the hash of their files"
    func map(_ site: String = "a", _ inputs: Int = 4, _ outputs: Int = 4, bias: Bool = false) -> Linear {
      Linear(site: site, inputs: inputs, outputs: outputs, hasBias: bias)
    }
    expectEveryField(
      of: map(),
      changes: [
        "site": map("b"), "inputs": map("a", 8), "outputs": map("a", 4, 8), "hasBias": map(bias: true),
      ],
      exempt: [
        "weight": loaded, "bias": loaded, "occupancy": attached, "isStoredInNF4": loaded,
      ], in: { $0.canonical })
    func norm(
      _ site: String = "n", centers: Bool = false, width: Int = 4, gain: Bool = true, bias: Bool = false
    ) -> NormLayer {
      NormLayer(
        site: site, normalization: Normalization(centers: centers, epsilon: 1e-5), width: width, hasGain: gain,
        hasBias: bias)
    }
    expectEveryField(
      of: norm(),
      changes: [
        "site": norm("m"), "normalization": norm(centers: true),
        "width": norm(width: 8), "hasGain": norm(gain: false), "hasBias": norm(bias: true),
      ], exempt: ["gain": loaded, "bias": loaded, "occupancy": attached],
      in: { $0.canonical })
    func table(_ site: String = "e", _ count: Int = 9, _ width: Int = 4) -> TokenEmbedding {
      TokenEmbedding(site: site, count: count, width: width)
    }
    expectEveryField(
      of: table(), changes: ["site": table("f"), "count": table("e", 8), "width": table("e", 9, 8)],
      exempt: ["weight": loaded, "occupancy": attached], in: { $0.canonical })

    let shape = AttentionShape(heads: 2, keyValueHeads: 1, headDimension: 2, scale: 0.5, window: nil, softCap: nil)
    expectEveryField(
      of: shape,
      changes: [
        "heads": changed(shape) { $0.heads = 4 }, "keyValueHeads": changed(shape) { $0.keyValueHeads = 2 },
        "headDimension": changed(shape) { $0.headDimension = 4 }, "scale": changed(shape) { $0.scale = 0.25 },
        "window": changed(shape) { $0.window = 8 }, "softCap": changed(shape) { $0.softCap = 50 },
      ], in: { $0.canonical })
    let angles = RotaryAngles(RotaryConfiguration(theta: 10_000, dimension: 4, scaling: .none))
    expectEveryField(
      of: angles,
      changes: [
        "frequencies": RotaryAngles(RotaryConfiguration(theta: 20_000, dimension: 4, scaling: .none)),
        "attentionFactor": RotaryAngles(
          RotaryConfiguration(theta: 10_000, dimension: 4, scaling: .none, attentionFactor: 2)),
      ], exempt: ["table": "follows from the frequencies"], in: { $0.canonical })
    func attention(
      layer: Int = 0, _ projection: SelfAttention.Projection? = nil, output: Linear? = nil, query: NormLayer? = nil,
      key: NormLayer? = nil, limit: Float? = nil, shape other: AttentionShape? = nil, rotates: Bool = true
    ) -> SelfAttention {
      SelfAttention(
        layer: layer, projection: projection ?? .fused(map()), output: output ?? map(), queryNorm: query, keyNorm: key,
        projectionLimit: limit, shape: other ?? shape, rotary: rotates ? angles : nil)
    }
    expectEveryField(
      of: attention(),
      changes: [
        "projection": attention(.interleaved(map())), "output": attention(output: map(bias: true)),
        "queryNorm": attention(query: norm()), "keyNorm": attention(key: norm()),
        "projectionLimit": attention(limit: 8), "shape": attention(shape: changed(shape) { $0.scale = 1 }),
        "rotary": attention(rotates: false), "layer": attention(layer: 1),
      ], exempt: ["promptSite": attached, "headSite": attached], in: { $0.canonical })
    let separate = attention(.separate(query: map("q"), key: map("k"), value: map("v")))
    #expect(separate.canonical != attention(.separate(query: map("q"), key: map("k"), value: map("w"))).canonical)
    func feedForward(_ inner: FeedForward.Inner? = nil, down: Linear? = nil, _ activation: Activation = .silu)
      -> FeedForward
    { FeedForward(inner: inner ?? .plain(up: map()), down: down ?? map(), activation: activation) }
    expectEveryField(
      of: feedForward(),
      changes: [
        "inner": feedForward(.fusedGated(map())), "down": feedForward(down: map("d")),
        "activation": feedForward(nil, .gelu),
      ], exempt: ["neuronSite": attached], in: { $0.canonical })
    #expect(
      feedForward(.gated(gate: map("g"), up: map())).canonical
        != feedForward(.gated(gate: map("h"), up: map())).canonical)
    func block(
      _ norms: [NormLayer?] = [nil, nil, nil, nil], _ first: SelfAttention? = nil, _ second: FeedForward? = nil,
      parallel: Bool = false
    ) -> TransformerBlock {
      TransformerBlock(
        site: "b", attentionNorm: norms[0], attention: first ?? attention(), attentionOutputNorm: norms[1],
        feedForwardNorm: norms[2], feedForward: second ?? feedForward(), feedForwardOutputNorm: norms[3],
        isParallel: parallel)
    }
    expectEveryField(
      of: block(),
      changes: [
        "attentionNorm": block([norm(), nil, nil, nil]), "attentionOutputNorm": block([nil, norm(), nil, nil]),
        "feedForwardNorm": block([nil, nil, norm(), nil]), "feedForwardOutputNorm": block([nil, nil, nil, norm()]),
        "attention": block([nil, nil, nil, nil], attention(layer: 1)),
        "feedForward": block([nil, nil, nil, nil], nil, feedForward(nil, .relu)),
        "isParallel": block(parallel: true),
      ],
      exempt: [
        "site": "its modules' sites begin with it", "attentionOutput": attached, "feedForwardOutput": attached,
      ], in: { $0.canonical })
    let configuration = try Self.configuration()
    func model(
      _ other: ModelConfiguration? = nil, embedding: TokenEmbedding? = nil, position: TokenEmbedding? = nil,
      embeddingNorm: NormLayer? = nil, blockCount: Int = 1, final: NormLayer? = nil, head: Linear? = nil
    ) -> CausalLanguageModel {
      CausalLanguageModel(
        configuration: other ?? configuration, embedding: embedding ?? table(), positionEmbedding: position,
        embeddingNorm: embeddingNorm, blocks: (0..<blockCount).map { _ in block() }, finalNorm: final,
        head: head ?? map())
    }
    expectEveryField(
      of: model(),
      changes: [
        "configuration": model(changed(configuration) { $0.finalSoftCap = 30 }),
        "embedding": model(embedding: table("f")),
        "positionEmbedding": model(position: table()), "embeddingNorm": model(embeddingNorm: norm()),
        "blocks": model(blockCount: 2), "finalNorm": model(final: norm()),
        "head": model(head: map(bias: true)),
      ],
      exempt: [
        "sequenceStart": attached,
        "recomputedBlocks": "a training setting", "frozenBeginning": "the same values, kept",
        "frozenStates": "the same values, kept", "reload": loaded,
        "weightsAreStale": loaded,
      ], in: { $0.canonical })
  }

  @Test("An activation that only the assembly reads is in the form") func assembly() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "canonical-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func form(_ old: String, _ new: String) throws -> String {
      let source = try String(contentsOf: GoldenFixture("models/llama").url("config.json"), encoding: .utf8)
      try Data(source.replacing(old, with: new).utf8).write(to: folder.appending(path: "config.json"))
      return try ModelFiles.open(folder.path).skeleton().canonical.compactText
    }
    let own = try form("", "")
    for (old, new) in [
      ("\"silu\"", "\"gelu\""), ("\"mlp_bias\": false", "\"mlp_bias\": true"),
      ("\"attention_bias\": false", "\"attention_bias\": true"), ("10000.0", "20000.0"), ("1e-05", "1e-06"),
    ] { #expect(try form(old, new) != own, "\(old)") }
    // Another spelling of the same model, and what no number depends on.
    #expect(try form("1e-05", "0.00001") == own && form("\"use_cache\": true", "\"use_cache\": false") == own)
  }

  // MARK: - Tokenizer

  private static func parts() -> Tokenizer.Parts {
    let tokens = ["<s>", "a", "b", "ab", "</s>"]
    var table = ByteStringTable(capacity: tokens.count)
    for (id, token) in tokens.enumerated() {
      Array(token.utf8).withUnsafeBufferPointer { _ = table.insert($0, id: Int32(id)) }
    }
    return Tokenizer.Parts(
      tokens: tokens, addedTokens: [AddedToken(id: 0, content: "<s>")], normalizers: [.lowercase],
      preTokenizers: [.prefixSpace], model: model(tokens), frame: .init(before: [0]), decoders: [.fuse])
  }

  private static func model(
    _ tokens: [String] = ["<s>", "a", "b", "ab", "</s>"], symbols: BPEModel.Symbols = .scalars,
    merges: [(left: Int32, right: Int32, merged: Int32)] = [(1, 2, 3)], byteTokens: [Int32] = fallback,
    unknown: Int32? = nil, fuses: Bool = false, ignores: Bool = false
  ) -> BPEModel {
    var table = ByteStringTable(capacity: tokens.count)
    for (id, token) in tokens.enumerated() {
      Array(token.utf8).withUnsafeBufferPointer { _ = table.insert($0, id: Int32(id)) }
    }
    var mergeTable = MergeTable(count: merges.count)
    for (rank, merge) in merges.enumerated() {
      mergeTable.set(left: merge.left, right: merge.right, rank: Int32(rank), merged: merge.merged)
    }
    return BPEModel(
      symbols: symbols, table: table, merges: mergeTable,
      tokens: tokens.enumerated().map { (Array($1.utf8), Int32($0)) }, vocabularySize: tokens.count,
      byteTokens: byteTokens, unknown: unknown, fusesUnknown: fuses, ignoresMerges: ignores)
  }

  private static let fallback = [Int32](repeating: -1, count: 256)

  @Test("Every part of a tokenizer changes its canonical form") func tokenizer() {
    let base = Self.parts()
    expectEveryField(
      of: base,
      changes: [
        "tokens": changed(base) { $0.tokens.swapAt(1, 2) }, "addedTokens": changed(base) { $0.addedTokens = [] },
        "normalizers": changed(base) { $0.normalizers.append(.lowercase) },
        "preTokenizers": changed(base) { $0.preTokenizers = [] },
        "model": changed(base) { $0.model = Self.model(unknown: 1) },
        "frame": changed(base) { $0.frame.after = [4] }, "decoders": changed(base) { $0.decoders = [] },
      ], in: { Tokenizer($0).canonical })
    expectEveryField(
      of: Tokenizer(base), changes: [:],
      exempt: [
        "tokens": "a part", "addedTokens": "a part", "normalizers": "a part", "preTokenizers": "a part",
        "model": "a part", "frame": "a part", "decoders": "a part", "isSpecialID": "follows from the added tokens",
        "idOfText": "follows from the tokens", "rawFinder": "follows from the added tokens",
        "normalizedFinder": "follows from the added tokens and the normalizers",
      ], in: { $0.canonical })
    let frame = Tokenizer.SpecialFrame(before: [0], after: [4])
    expectEveryField(
      of: frame,
      changes: ["before": changed(frame) { $0.before = [] }, "after": changed(frame) { $0.after = [0] }],
      in: { $0.canonical })
    let token = AddedToken(id: 0, content: "<s>")
    expectEveryField(
      of: token,
      changes: [
        "id": AddedToken(id: 1, content: "<s>"), "content": AddedToken(id: 0, content: "<t>"),
        "isSingleWord": changed(token) { $0.isSingleWord = true },
        "stripsLeft": changed(token) { $0.stripsLeft = true },
        "stripsRight": changed(token) { $0.stripsRight = true },
        "isNormalized": changed(token) { $0.isNormalized = true }, "isSpecial": changed(token) { $0.isSpecial = true },
      ], in: { $0.canonical })
  }

  @Test("So does everything that byte-pair encoding depends on") func model() {
    let two: [(left: Int32, right: Int32, merged: Int32)] = [(1, 2, 3), (2, 1, 3)]
    expectEveryField(
      of: Self.model(),
      changes: [
        "symbols": Self.model(symbols: .bytes), "table": Self.model(["<s>", "b", "a", "ab", "</s>"]),
        "merges": Self.model(merges: two), "ignoresMerges": Self.model(ignores: true),
        "unknown": Self.model(unknown: 0), "fusesUnknown": Self.model(fuses: true),
        "byteTokens": Self.model(byteTokens: [Int32](repeating: 1, count: 256)),
      ], exempt: ["isReachable": "follows from the vocabulary and the merges"], in: { $0.canonical })
    #expect(Self.model(merges: two).canonical != Self.model(merges: two.reversed()).canonical)
  }

  @Test("Every setting of every step of a tokenizer changes the form") func steps() {
    let (a, b): ([UInt8], [UInt8]) = ([0x61], [0x62])
    let normalizers: [Normalizer] =
      [.form(.nfc), .form(.nfd), .form(.nfkc), .form(.nfkd), .lowercase, .replace(pattern: a, by: b)]
      + [.replace(pattern: a, by: a), .replace(pattern: b, by: b), .prepend(a), .prepend(b)]
      + [.strip(left: true, right: false), .strip(left: false, right: true), .strip(left: true, right: true)]
    #expect(Set(normalizers.map { $0.canonical.compactText }).count == normalizers.count)
    let preTokenizers: [PreTokenizer] =
      [.pattern(.gpt2), .pattern(.words(maximumDigits: 1)), .pattern(.words(maximumDigits: 3))]
      + [.digits(individual: true), .digits(individual: false), .prefixSpace, .split(separator: b, behavior: .removed)]
      + PreTokenizer.SeparatorBehavior.allCases.map { .split(separator: a, behavior: $0) }
      + PreTokenizer.PrependScheme.allCases.map { .metaspace(mark: a, prepend: $0, splits: true) }
      + [.metaspace(mark: a, prepend: .always, splits: false), .metaspace(mark: b, prepend: .always, splits: true)]
    #expect(Set(preTokenizers.map { $0.canonical.compactText }).count == preTokenizers.count)
    let decoders: [TokenDecoder] =
      [.byteLevel, .replace(pattern: a, by: b), .replace(pattern: b, by: b), .replace(pattern: a, by: a)]
      + [.byteFallback, .fuse, .strip(content: a, start: 1, stop: 0), .strip(content: a, start: 0, stop: 1)]
      + [.strip(content: b, start: 1, stop: 0), .metaspace(mark: a, dropsFirst: true)]
      + [.metaspace(mark: a, dropsFirst: false), .metaspace(mark: b, dropsFirst: true)]
    #expect(Set(decoders.map { $0.canonical.compactText }).count == decoders.count)
  }
}
