import PEFTCore

extension LoRA {
  func checkTables(_ tables: [TokenEmbedding], linears: [Linear], of model: CausalLanguageModel) throws {
    if let table = tables.first,
      isWeightDecomposed || hasUpdateBias || blockDiagonal != nil || !start.isDrawn || loadedStart != nil
    {
      throw AttachError(
        "\(table.site) is an embedding table, whose update can have none of dora, lora_bias and block_diagonal, nor any init "
          + "but zero, gaussian and orthogonal", option: "target_modules")
    }
    let (embedding, head) = (model.embedding.site, model.head.site)
    let touched = tables.contains { $0.site == embedding } || savedModules.contains(embedding)
    if tiesAdapters, model.configuration.tiesEmbeddings, touched || linears.contains(where: { $0.site == head }) {
      throw AttachError("ensure_weight_tying: one adapter for \(embedding) and \(head) together is not supported")
    }
  }

  func checkStart(_ linears: [Linear], of model: CausalLanguageModel) throws {
    guard !start.isDrawn || loadedStart != nil else { return }
    let name = loadedStart?.rawValue ?? start.rawValue
    if start != .eva, start != .mica, !linears.allSatisfy({ scale(at: $0.site) > 0 }) {
      throw AttachError("init: \(name) needs an alpha above 0", option: "alpha")
    }
    if start.needsRows, linears.contains(where: { $0 === model.head }) {
      throw AttachError("init: \(name) looks at the maps of the blocks, not at \(model.head.site)", option: "init")
    }
    if start == .loftq,
      let coded = linears.first(where: { $0.isStoredInNF4 || ($0.weight?.format.blockLength ?? 1) > 1 })
    {
      throw AttachError(
        "init: loftq brings the weight of \(coded.site) into 4 bits, but it is quantized already", option: "init")
    }
    // EVA's ranks are those that the rows ask for.
    if start == .eva { return }
    if start == .loraGA, let small = linears.first(where: { min($0.inputs, $0.outputs) < 2 * rank(at: $0.site) }) {
      throw AttachError(
        "init: lora-ga takes 2 · rank components of the gradient of \(small.site), which is \(small.outputs) × "
          + "\(small.inputs): rank \(rank(at: small.site)) is too large for it", option: "rank")
    }
    if let small = linears.first(where: { min($0.inputs, $0.outputs) < rank(at: $0.site) }) {
      throw AttachError(
        "rank \(rank(at: small.site)) is larger than \(small.site) itself, which is \(small.outputs) × "
          + "\(small.inputs) and has no more components",
        option: rankPattern.value(for: parameters.patternName(of: small.site)) == nil ? "rank" : "rank_pattern")
    }
  }

  func checkRule(_ tables: [TokenEmbedding], linears: [Linear]) throws {
    guard rule == .loraFA else { return }
    if let table = tables.first {
      throw AttachError(
        "\(table.site) is an embedding table, whose A starts at zero and cannot stay there: no rule: lora-fa",
        option: "rule")
    }
    if let narrow = linears.first(where: { $0.inputs < rank(at: $0.site) }) {
      throw AttachError(
        "rule: lora-fa inverts A·Aᵀ, which rank \(rank(at: narrow.site)) makes singular at \(narrow.site) with its "
          + "\(narrow.inputs) inputs", option: "rule")
    }
    if let still = linears.first(where: { scale(at: $0.site) == 0 }) {
      throw AttachError("rule: lora-fa divides by the update's factor, which is 0 at \(still.site)", option: "alpha")
    }
  }

  /// What a rank above a map's width is good for.
  func notes(_ linears: [Linear]) -> [String] {
    let large = linears.filter { min($0.inputs, $0.outputs) < rank(at: $0.site) }
    guard let first = large.first else { return [] }
    let others = large.count > 1 ? ", and so for \(large.count - 1) more" : ""
    return [
      "rank \(rank(at: first.site)) is above the width of \(first.site), which is \(first.outputs) × \(first.inputs)"
        + "\(others): the update trains more values than the weight has"
    ]
  }
}
