import PEFTCore

/// The tokens that `trainable_token_indices` names: their vectors are trained, all others stay.
///
/// As in PEFT, a list means the input embeddings; an object names the tables (or the head). Where the head shares the
/// embeddings' weight, it gets the same trained rows, unless it is given tokens of its own.
struct TrainedTokens: Sendable {
  /// The tokens of one table.
  struct Choice: Sendable, Equatable {
    /// The end of the table's path; nil for the input embeddings.
    let table: String?
    let tokens: [Int]
  }

  /// No tokens.
  static let none = TrainedTokens(choices: [], option: besideOption)

  /// The tables with their tokens, in the order in which they were given.
  let choices: [Choice]
  /// The option that names them, for errors.
  private let option: String

  /// The option of methods that train tokens beside something else.
  private static let besideOption = "trainable_token_indices"

  /// Tokens that an option named.
  init(choices: [Choice], option: String) {
    self.choices = choices
    self.option = option
  }

  /// Reads the option of a method that trains tokens beside something else.
  init(options: inout OptionReader) throws {
    let value = try options.value(
      Self.besideOption,
      about: "tokens whose embeddings are trained: a list of ids, or an object of tables with their lists")
    do {
      self.init(choices: try Self.choices(value), option: Self.besideOption)
    } catch { throw options.error(Self.besideOption, error.description) }
  }

  /// Reads the member of a saved adapter's settings.
  init(peft settings: AdapterSettings) throws {
    do {
      self.init(choices: try Self.choices(settings[Self.besideOption]), option: Self.besideOption)
    } catch { throw settings.error(Self.besideOption, error.description) }
  }

  /// A list of ids, each once.
  ///
  /// - Throws: `AttachError` that says what it is instead.
  static func tokens(_ value: DocumentValue) throws(AttachError) -> [Int] {
    let ids = (value.array ?? []).compactMap(\.integer)
    guard let count = value.array?.count, count > 0, ids.count == count, ids.allSatisfy({ $0 >= 0 }) else {
      throw AttachError("expected a list of token ids, found \(value.shown)")
    }
    var seen: Set<Int> = []
    if let repeated = ids.first(where: { !seen.insert($0).inserted }) {
      throw AttachError("token \(repeated) is in the list twice")
    }
    return ids
  }

  private static func choices(_ value: DocumentValue?) throws(AttachError) -> [Choice] {
    guard let value, !value.isNull else { return [] }
    guard let object = value.object else { return [Choice(table: nil, tokens: try tokens(value))] }
    var choices: [Choice] = []
    for member in object.members { choices.append(Choice(table: member.key, tokens: try tokens(member.value))) }
    return choices
  }

  /// As PEFT writes it.
  var document: JSONValue {
    if choices.isEmpty { return .null }
    if choices.count == 1, choices[0].table == nil { return JSONValue(choices[0].tokens) }
    var object = JSONObject()
    for choice in choices { object[choice.table ?? ""] = JSONValue(choice.tokens) }
    return .object(object)
  }

  /// Trains the tokens' vectors.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - setting: Memory.
  ///   - placements: Attaches the rows.
  ///   - module: What PEFT calls the rows' module under their table: nothing where the method is this alone, and the
  ///     shared head's rows are then saved again under its name.
  /// - Throws: `AttachError` for a table or a token that the model does not have, or a table that is adapted otherwise.
  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements,
    module: String? = "token_adapter"
  ) throws -> Addition {
    var addition = Addition()
    let (embedding, head) = (model.embedding, model.head)
    let isTied = model.configuration.tiesEmbeddings
    let tied = try choices.filter { choice in
      let site = try self.site(of: choice, in: model)
      return site == embedding.site || site == head.site
    }
    // With the same tokens for both, tied tables are one.
    let sharesHead = isTied && tied.allSatisfy { $0.tokens == tied[0].tokens }
    for choice in choices {
      let site = try site(of: choice, in: model)
      let isHead = site == head.site
      if isHead, sharesHead, tied.count > 1 { continue }
      let (count, width) = (embedding.count, embedding.width)
      if let id = choice.tokens.first(where: { $0 >= count }) {
        throw error("there is no token \(id): the model has \(count)")
      }
      func name(_ site: String) -> String {
        ([site] + [module].compactMap { $0 } + ["trainable_tokens_delta"]).joined(separator: ".")
      }
      let rows = TrainedRows(name(site), tokens: choice.tokens, width: width, setting: setting) { [unowned model] id in
        isHead ? model.head.weight?.row(id) ?? [] : model.embedding.vector(id)
      }
      if !isHead {
        guard !embedding.isOccupied else { throw adaptedTwice(site) }
        try placements.place(.tableAdapter(rows), at: embedding)
      }
      if isHead || sharesHead {
        guard !head.isOccupied else { throw adaptedTwice(head.site) }
        try placements.place(.adapter(rows), at: head)
      }
      let isSavedTwice = module == nil && !isHead && sharesHead
      addition.add(rows.parameters[0], twins: isSavedTwice ? [AdapterTensor.prefix + name(head.site)] : [])
    }
    return addition
  }

  private func site(of choice: Choice, in model: CausalLanguageModel) throws -> String {
    guard let name = choice.table else { return model.embedding.site }
    let sites = [model.embedding.site, model.head.site]
    guard let site = sites.first(where: { $0.hasSuffix(name) }) else {
      throw error("\"\(name)\" is neither the embedding table, \(sites[0]), nor the head, \(sites[1])")
    }
    return site
  }

  private func adaptedTwice(_ site: String) -> AttachError {
    error("\(site) has another adapter, or is trained as a whole; only one of them can be given")
  }

  private func error(_ message: String) -> AttachError { AttachError("\(option): \(message)", option: option) }
}

/// Trained rows of an embedding table, and of the head where it shares them.
///
///     embedding:  x = Δ[id] for the chosen tokens, else W[id];   head:  yᵢ = Δᵢ·x for the chosen tokens, else Wᵢ·x
private final class TrainedRows: EmbeddingAdapter, LinearAdapter {
  private let tokens: [Int]
  private let rows: Parameter
  /// The trained row of each chosen token.
  private let places: [Int: Int]

  init(
    _ name: String, tokens: [Int], width: Int, setting: AttachmentSetting, frozen: @escaping (Int) -> [Float]
  ) {
    self.tokens = tokens
    places = Dictionary(zip(tokens, 0...), uniquingKeysWith: { first, _ in first })
    rows = Parameter(name, shape: [tokens.count, width], in: setting.context.pool) { tokens.flatMap(frozen) }
  }

  var parameters: [Parameter] { [rows] }
  var stacking: Stacking { .standsAlone }

  func callAsFunction(_ vectors: Variable, of ids: [Int32], on tape: Tape) -> Variable {
    let chosen = ids.map { places[Int($0)] }
    guard chosen.contains(where: { $0 != nil }) else { return vectors }
    return tape.replaceRows(chosen, of: vectors, from: tape.variable(for: rows))
  }

  func callAsFunction(_ x: Variable, through base: (Variable) -> Variable, on tape: Tape) -> Variable {
    tape.replaceColumns(tokens, of: base(x), with: tape.linear(x, weight: tape.variable(for: rows)))
  }

  /// Part of the way from the frozen rows to the trained ones.
  func atStrength(_ strength: Float) -> (any LinearAdapter)? { PartialAdapter(self, strength: strength) }

  func merge(intoTable table: inout [Float]) {
    let (values, width) = (rows.value.values, rows.shape[1])
    for (row, token) in tokens.enumerated() {
      table.replaceSubrange(token * width..<(token + 1) * width, with: values[row * width..<(row + 1) * width])
    }
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    merge(intoTable: &weight)
    return true
  }
}

extension WeightMatrix {
  /// One row.
  fileprivate func row(_ index: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: inputs) { buffer, initialized in
      if let base = buffer.baseAddress { decodeRow(index, into: base) }
      initialized = inputs
    }
  }
}
