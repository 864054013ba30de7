import PEFTCore

/// Trainable tokens: the vectors of some tokens are trained, all others stay.
///
///     x = Δ[id] for the chosen tokens, else W[id];   Δ: [tokens, hidden]
///
/// Trainable: tokens · hidden for each table; where the head shares the embeddings' weight, it gets the same rows, without
/// more to train. Δ starts at the rows that it replaces, so that step 0 is the base model, and is merged into the table, so
/// that it costs nothing at inference. PEFT calls Δ a difference, but it holds whole rows. LoRA has the same beside its update
/// (`trainable_token_indices`), under other keys of the file.
struct TrainableTokens: PEFTMethod {
  static let name = "trainable-tokens"
  static let summary = "the embeddings of some tokens are trained, all others stay"
  static let source = "Hugging Face PEFT 0.15 (TrainableTokens); no paper"
  static let aliases = [
    OptionAlias("token_indices", of: "tokens", origin: .peft),
    OptionAlias("trainable_token_indices", of: "tokens", origin: .peft),
  ]

  /// The tokens.
  let tokens: [Int]
  /// The ends of the paths of the tables, and of the head; nil for the input embeddings.
  let tables: [String]?

  init(options: inout OptionReader) throws {
    tokens = try options.integers("tokens", in: 0..., about: "ids of the tokens whose vectors are trained")
    tables = try options.optionalStrings(
      "target_modules", about: "the embedding table or the head, or both; the input embeddings unless given")
    var seen: Set<Int> = []
    if let repeated = tokens.first(where: { !seen.insert($0).inserted }) {
      throw options.error("tokens", "token \(repeated) is in the list twice")
    }
    if tokens.isEmpty, options.has("tokens") { throw options.error("tokens", "expected one token at least") }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == "TRAINABLE_TOKENS" else { return nil }
    do {
      tokens = try TrainedTokens.tokens(settings["token_indices"] ?? DocumentValue(.null))
    } catch { throw settings.error("token_indices", error.description) }
    tables = try settings.strings("target_modules")
  }

  var drawsStart: Bool { false }

  var options: [(name: String, value: JSONValue)] {
    [(name: "tokens", value: JSONValue(tokens))]
      + (tables.map { [(name: "target_modules", value: JSONValue($0))] } ?? [])
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let tables: [String?] = tables ?? [nil]
    let chosen = TrainedTokens(
      choices: tables.map { TrainedTokens.Choice(table: $0, tokens: tokens) }, option: "tokens")
    let rows = try chosen.attach(to: model, with: setting, placing: placements, module: nil)
    return AttachedMethod(
      parameters: rows.parameters, inferenceCost: InferenceCost(),
      format: AdapterFormat(
        peftType: "TRAINABLE_TOKENS",
        configuration: [
          ("token_indices", JSONValue(tokens)),
          ("target_modules", self.tables.map { JSONValue($0) } ?? JSONValue(model.embedding.site)),
        ],
        tensors: rows.tensors, copies: BaseCopy.all(of: model)))
  }
}
