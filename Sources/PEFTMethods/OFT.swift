import PEFTCore

/// OFT (orthogonal fine-tuning): rotates what a map reads, block by block.
///
///     y = (x·R)·Wᵀ + b,   R = diag(R₁ … R_q),   each R_i orthogonal, made of a skew-symmetric matrix Q_i
///     exact:   R = (I - Q)·(I + Q)⁻¹              series:  R = I + 2·(Q + Q² + … + Q^(t-2)) + Q^(t-1), t terms
///
/// Trainable: inputs · (b - 1) / 2 a map for blocks of size b, the elements of Q above its diagonal; b · (b - 1) / 2 where
/// all blocks share one. They start at zero, so that step 0 is the base model. Merged into W·Rᵀ for inference.
///
/// The two forms are PEFT's, and they are each other's transposes: the series approximates (I + Q)·(I - Q)⁻¹. So an adapter
/// is read in the form that its file names. PEFT's option `module_dropout`, which PEFT 0.21 reads and does not apply, is
/// applied here: a share of the blocks does nothing in a training step.
struct OFT: MapMethod {
  static let name = "oft"
  static let summary = "block-diagonal rotations of the maps' inputs"
  static let source = "Qiu et al. 2023, arXiv 2306.07280; Qiu et al. 2025, arXiv 2506.19847"
  static let peftType = "OFT"

  static let aliases = [
    OptionAlias("oft_block_size", of: "block_size", origin: .peft, translations: [.init(0, .null)]),
    OptionAlias("r", of: "blocks", origin: .peft, translations: [.init(0, .null)]),
    OptionAlias("oft_rank", of: "blocks", origin: .factory, translations: [.init(0, .null)]),
    OptionAlias(
      "oft_target", of: "target_modules", origin: .factory, translations: [.init("all", "all-linear")],
      isCommaList: true),
    OptionAlias("additional_target", of: "modules_to_save", origin: .factory, isCommaList: true),
    OptionAlias(
      "use_cayley_neumann", of: "form", origin: .peft, translations: [.init(true, "series"), .init(false, "exact")],
      takesOthers: false),
    OptionAlias("num_cayley_neumann_terms", of: "terms", origin: .peft),
    OptionAlias("coft", of: "constrained", origin: .peft),
    OptionAlias("block_share", of: "share_blocks", origin: .peft),
  ]

  /// How a rotation is made of a skew-symmetric matrix.
  enum Form: String, CaseIterable { case series, exact }

  /// Size of a block; nil where their number is given.
  let blockSize: Int?
  /// Number of blocks of a map.
  let blockCount: Int?
  let form: Form
  /// Terms of the series.
  let terms: Int
  /// Whether the norm of Q is kept below `epsilon`.
  let isConstrained: Bool
  let epsilon: Double
  /// Whether all blocks of a map are the same.
  let sharesBlocks: Bool
  /// Share of the blocks that do nothing in a training step.
  let dropout: Double
  let maps: MapSelection

  static let trainingOptions: Set<String> = ["module_dropout"]

  init(options: inout OptionReader) throws {
    let size = try options.optionalInteger("block_size", in: 2..., about: "size of a rotated block; 32 unless given")
    blockCount = try options.optionalInteger("blocks", in: 1..., about: "number of blocks instead of their size")
    if size != nil, blockCount != nil { throw options.error("blocks", "excludes block_size") }
    blockSize = blockCount == nil ? size ?? 32 : nil
    form = try options.choice(
      "form", default: Form.series, about: "make rotations by a short series, or exactly by an inverse")
    // These count with some values of others only, so that they have no default that a resolved config would repeat.
    terms =
      try options.optionalInteger(
        "terms", in: 2...64, about: "of form: series: its terms, the identity included; 5 unless given") ?? 5
    isConstrained = try options.bool(
      "constrained", default: false, about: "keep the rotations near the identity (COFT)")
    epsilon =
      try options.optionalNumber(
        "eps", in: 0..., about: "of constrained: the largest norm of all blocks' angles together; 6e-5 unless given")
      ?? 6e-5
    if form == .exact, options.has("terms") {
      throw options.error("terms", "is about form: series, but the form is exact")
    }
    if !isConstrained, options.has("eps") { throw options.error("eps", "is about constrained: true") }
    if isConstrained, epsilon == 0 {
      throw options.error("eps", "0 leaves no rotation to train: expected a number above 0 with constrained: true")
    }
    sharesBlocks = try options.bool("share_blocks", default: false, about: "one rotation for all blocks of a map")
    dropout = try options.number(
      "module_dropout", default: 0, in: 0..<1, about: "share of the blocks that do nothing in a training step")
    maps = try MapSelection(options: &options)
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["bias"])
    let count = try settings.integer("r", default: 0, in: 0...65_536)
    let size = try settings.integer("oft_block_size", in: 0...65_536)
    guard (count == 0) != (size == 0) else {
      throw settings.error("oft_block_size", "expected either this or \"r\" to be greater than 0")
    }
    (blockSize, blockCount) = (size > 0 ? size : nil, count > 0 ? count : nil)
    form = try settings.bool("use_cayley_neumann", default: false) ? .series : .exact
    if form == .series, try !Self.isCurrent(settings.string("peft_version", default: "0")) {
      throw settings.error("use_cayley_neumann", "PEFT changed the series in version 0.18, and this adapter is older")
    }
    terms = try settings.integer("num_cayley_neumann_terms", default: 5, in: 2...64)
    isConstrained = try settings.bool("coft", default: false)
    epsilon = try settings.number("eps", default: 6e-5)
    sharesBlocks = try settings.bool("block_share", default: false)
    dropout = try settings.number("module_dropout", default: 0)
    maps = try MapSelection(peft: settings)
  }

  /// Whether a version of PEFT makes the series as it is made here: from 0.18 on.
  private static func isCurrent(_ version: String) -> Bool {
    let numbers = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
    return numbers.count == 2 && (numbers[0] > 0 || numbers[1] >= 18)
  }

  var drawsStart: Bool { false }

  var ownOptions: [(name: String, value: JSONValue)] {
    [
      ("block_size", blockSize.map { JSONValue($0) } ?? .null), ("blocks", blockCount.map { JSONValue($0) } ?? .null),
      ("form", JSONValue(form.rawValue)), ("terms", form == .series ? JSONValue(terms) : .null),
      ("constrained", JSONValue(isConstrained)), ("eps", isConstrained ? JSONValue(epsilon) : .null),
      ("share_blocks", JSONValue(sharesBlocks)), ("module_dropout", JSONValue(dropout)),
    ]
  }

  func adapters(
    around maps: [Linear], of model: CausalLanguageModel, with setting: AttachmentSetting
  ) throws -> [any MapAdapter] {
    try maps.map { linear in
      let size = blockSize(for: linear)
      guard size > 1 else {
        throw AttachError(
          "\(linear.site) has \(linear.inputs) inputs, which no block of 2 or more divides: name others")
      }
      return OFTAdapter(linear, self, blockSize: size, setting: setting)
    }
  }

  func members(of model: CausalLanguageModel, maps: [Linear]) -> [(String, JSONValue)] {
    [
      ("r", JSONValue(blockCount ?? 0)), ("oft_block_size", JSONValue(blockSize ?? 0)),
      ("use_cayley_neumann", JSONValue(form == .series)), ("num_cayley_neumann_terms", JSONValue(terms)),
      ("coft", JSONValue(isConstrained)), ("eps", JSONValue(epsilon)), ("block_share", JSONValue(sharesBlocks)),
      ("module_dropout", JSONValue(dropout)),
      ("fan_in_fan_out", JSONValue(model.storesTransposed(anyOf: maps))),
    ]
  }

  func notes(_ maps: [Linear]) -> [String] {
    let wanted = blockSize.map { "blocks of size \($0)" } ?? "\(blockCount ?? 0) blocks"
    let others = Set(maps.filter { $0.inputs % (blockSize ?? blockCount ?? 1) != 0 }.map(\.inputs)).sorted()
    guard !others.isEmpty else { return [] }
    let sizes = others.map { width in
      "\(width) (\(maps.first { $0.inputs == width }.map { blockSize(for: $0) } ?? width) each)"
    }
    return ["\(wanted) do not divide inputs of width \(sizes.joined(separator: ", ")); the nearest size was taken"]
  }

  /// The size of a map's blocks: as asked for, or the nearest number that divides its inputs.
  private func blockSize(for linear: Linear) -> Int {
    if let blockSize { return Self.nearestDivisor(of: linear.inputs, to: blockSize) }
    return linear.inputs / Self.nearestDivisor(of: linear.inputs, to: blockCount ?? 1)
  }

  /// The divisor that is nearest to a number, the smaller one of two that are as near: PEFT's rule, by which a file without
  /// sizes is read.
  private static func nearestDivisor(of width: Int, to wanted: Int) -> Int {
    guard wanted < width else { return width }
    let above = (wanted...width).first { width % $0 == 0 } ?? width
    let below = stride(from: wanted, through: 1, by: -1).first { width % $0 == 0 } ?? 1
    return wanted - below <= above - wanted ? below : above
  }
}
