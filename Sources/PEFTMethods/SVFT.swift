import PEFTCore

/// SVFT: trains a sparse matrix between the singular vectors of the weight.
///
///     y + g · U·(M·(V·x)),   W = U·diag(S)·V,   M sparse with trained elements δ,   g = σ(gate), or 1 without a gate
///
/// Trainable: an element for each position of the pattern and the gate. With `banded`, positions are those at most `off_diag`
/// beside the diagonal: r · (2·o + 1) - o · (o + 1) for o < r. `random` and `top_k` (where |S_i·S_j| is largest) have as many. δ
/// starts at zero, so that step 0 is the base model. Merged into W + g·U·M·V.
///
/// `gate` is PEFT-Factory's form; the paper's has none. PEFT-Factory replaces W by U·(diag(S) + g·M)·V, which with a rank
/// below full drops the rest of W. Here W stays, and the rank only limits where M acts. Its option `fill_orthonormal` adds
/// random vectors that are not orthogonal to the others, and is refused.
///
/// U, S and V are in the file, under PEFT-Factory's keys.
struct SVFT: MapMethod {
  static let name = "svft"
  static let summary = "a sparse trained matrix between the weights' singular vectors"
  static let source = "Lingam et al. 2024, arXiv 2405.19597"
  static let peftType = "SVFT"
  static let fixedKeyEndings = ["u", "s_base", "v", "row_idx", "col_idx"].map { ".svft_layers.\($0)" }

  /// Where the trained elements are.
  enum Pattern: String, CaseIterable {
    case banded, random
    case topK = "top_k"
  }

  /// Leading components between which there are elements; nil for all.
  let rank: Int?
  let offDiagonal: Int
  let pattern: Pattern
  let hasGate: Bool
  let maps: MapSelection

  init(options: inout OptionReader) throws {
    rank = try options.optionalInteger(
      "rank", in: 1..., about: "leading singular vectors to train between; all unless given")
    offDiagonal = try options.integer(
      "off_diag", default: 1, in: 0...65_536,
      about: "diagonals on each side of the main one, or as many elements elsewhere")
    pattern = try options.choice(
      "pattern", default: Pattern.banded, about: "elements along the diagonal, at random, or between the largest values"
    )
    hasGate = try options.bool("gate", default: true, about: "multiply by the sigmoid of a trained number too")
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["fill_orthonormal"], because: "vectors that are not singular vectors are not supported")
    rank = settings["rank"] == nil ? nil : try settings.integer("rank", in: 1...65_536)
    // PEFT-Factory's own files say nothing of these, and mean another model with a rank below full.
    if rank != nil, try !settings.bool("keeps_weight", default: false) {
      throw settings.error("rank", "PEFT-Factory drops the other components from the weight, which is not supported")
    }
    offDiagonal = try settings.integer("off_diag", default: 1, in: 0...65_536)
    guard let pattern = Pattern(rawValue: try settings.string("pattern", default: "banded")) else {
      throw settings.error("pattern", "expected banded, random or top_k")
    }
    self.pattern = pattern
    hasGate = try settings.bool("gate", default: true)
    maps = try MapSelection(peft: settings)
  }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("rank", rank.map { JSONValue($0) } ?? .null), ("off_diag", JSONValue(offDiagonal)),
      ("pattern", JSONValue(pattern.rawValue)), ("gate", JSONValue(hasGate)),
    ]
  }

  /// Queries and keys, PEFT-Factory's default, or the fused projection.
  func defaultTargets(of model: CausalLanguageModel) throws -> TargetSelector {
    try DefaultTargets.first([["q_proj", "k_proj"], ["c_attn"], ["query_key_value"], ["qkv_proj"]], of: model)
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    maps.map { SVFTAdapter($0, self, setting: setting) }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("rank", rank.map { JSONValue($0) } ?? .null), ("off_diag", JSONValue(offDiagonal)),
      ("pattern", JSONValue(pattern.rawValue)), ("gate", JSONValue(hasGate)), ("fill_orthonormal", false),
      ("keeps_weight", true),
    ]
  }
}
