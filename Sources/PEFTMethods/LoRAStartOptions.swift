import PEFTCore

/// The options of LoRA's starts; each belongs to one of them.
struct LoRAStartOptions: Sendable, Equatable {
  /// Which components of the sight-weighted weight CorDA takes.
  enum CordaMethod: String, CaseIterable, Sendable {
    /// The first ones: what the rows need most is trained.
    case ipm
    /// The last ones: what the rows need most is kept.
    case kpm
  }

  /// Which singular vectors of the gradient become A and which B.
  enum Direction: String, CaseIterable, Sendable { case ArB2r, A2rBr, ArBr, random }

  /// How LoRA-GA's factors are scaled.
  enum Scale: String, CaseIterable, Sendable {
    case stable
    case weightSVD = "weight_svd"
    case gradientStep = "gd_scale"
    case unit
  }

  /// Most rows that are looked at.
  var rowCount = 256
  /// EVA: a map's rank is at most this many times its own.
  var rho = 2.0
  /// EVA: components whose cosine to those of the batch before is this large are taken as found.
  var tau = 0.99
  /// EVA: whether components are divided by the root of their singular values.
  var whitens = false
  /// EVA: whether alpha grows with a map's rank.
  var adjustsAlpha = true
  /// EVA: whether prompts are looked at too.
  var seesPrompts = false
  /// CorDA's components.
  var cordaMethod = CordaMethod.ipm
  /// LoRA-GA's vectors.
  var direction = Direction.ArB2r
  /// LoRA-GA's scaling.
  var scale = Scale.stable
  /// The divisor of `stable`.
  var gamma = 16.0
  /// LoftQ: how often the weight is brought into 4 bits anew.
  var iterations = 1

  /// The options of starts that training rows decide, of which nothing is left once values are loaded.
  static let namesOfSearches = [
    "start_rows", "eva_rho", "eva_tau", "eva_whiten", "eva_keep_alpha", "eva_prompts", "corda_method", "ga_direction",
    "ga_scale", "ga_gamma",
  ]
  /// LoftQ's option, by which its weights are made again.
  static let iterationsName = "loftq_iter"

  init() {}

  /// Reads the options of a start, and refuses those of others.
  init(of start: LoRAStart, options: inout OptionReader) throws {
    func belongs(_ name: String, to starts: LoRAStart..., given: Bool) throws {
      guard given, !starts.contains(start) else { return }
      throw options.error(name, "belongs to init: \(starts.map(\.rawValue).joined(separator: ", "))")
    }
    let rows = try options.optionalInteger(
      "start_rows", in: 1...,
      about: "of the starts from training rows: the first so many rows of the training's order, 256 unless given")
    try belongs("start_rows", to: .eva, .corda, .loraGA, given: rows != nil)
    let rho = try options.optionalNumber(
      "eva_rho", in: 1...1000, about: "of init: eva: a map gets at most so many times its rank; 2 unless given")
    try belongs("eva_rho", to: .eva, given: rho != nil)
    let tau = try options.optionalNumber(
      "eva_tau", in: 0...1,
      about: "of init: eva: components with this cosine to those before a batch are found; 0.99 unless given")
    try belongs("eva_tau", to: .eva, given: tau != nil)
    let whitens = try options.optionalBool(
      "eva_whiten", about: "of init: eva: divide components by the root of their singular values")
    try belongs("eva_whiten", to: .eva, given: whitens == true)
    let keepsAlpha = try options.optionalBool(
      "eva_keep_alpha", about: "of init: eva: do not let alpha grow with a map's share of the ranks")
    try belongs("eva_keep_alpha", to: .eva, given: keepsAlpha == true)
    let seesPrompts = try options.optionalBool(
      "eva_prompts", about: "of init: eva: look at the tokens of prompts too, and not at those of answers alone")
    try belongs("eva_prompts", to: .eva, given: seesPrompts == true)
    let method: CordaMethod? = try options.optionalChoice(
      "corda_method", about: "of init: corda: train the first components (ipm, unless given) or the last ones (kpm)")
    try belongs("corda_method", to: .corda, given: method != nil)
    let direction: Direction? = try options.optionalChoice(
      "ga_direction",
      about: "of init: lora-ga: the singular vectors of A and B: first and second r (ArB2r, unless given), turned "
        + "round (A2rBr), by turns (ArBr), or drawn")
    try belongs("ga_direction", to: .loraGA, given: direction != nil)
    let scale: Scale? = try options.optionalChoice(
      "ga_scale",
      about: "of init: lora-ga: how B is scaled: by the map's width (stable, unless given), to the weight's largest "
        + "singular value, by the update's factor, or not at all")
    try belongs("ga_scale", to: .loraGA, given: scale != nil)
    let gamma = try options.optionalNumber(
      "ga_gamma", in: Double.leastNonzeroMagnitude...1e9,
      about: "of ga_scale: stable: B is divided by its root, 16 unless given")
    try belongs("ga_gamma", to: .loraGA, given: gamma != nil)
    let iterations = try options.optionalInteger(
      Self.iterationsName, in: 1...100,
      about: "of init: loftq: how often the weight without the update is brought into 4 bits anew, 1 unless given")
    try belongs(Self.iterationsName, to: .loftq, given: iterations != nil)
    self.init()
    rowCount = rows ?? rowCount
    self.rho = rho ?? self.rho
    self.tau = tau ?? self.tau
    self.whitens = whitens ?? false
    adjustsAlpha = keepsAlpha != true
    self.seesPrompts = seesPrompts ?? false
    cordaMethod = method ?? cordaMethod
    self.direction = direction ?? self.direction
    self.scale = scale ?? self.scale
    self.gamma = gamma ?? self.gamma
    self.iterations = iterations ?? self.iterations
    for option in document(of: start) { options.understood(option.name, as: option.value) }
  }

  /// The options that make a start again.
  func document(of start: LoRAStart) -> [(name: String, value: JSONValue)] {
    switch start {
    case .eva:
      [
        ("start_rows", JSONValue(rowCount)), ("eva_rho", rho.document), ("eva_tau", tau.document),
        ("eva_whiten", whitens ? true : .null), ("eva_keep_alpha", adjustsAlpha ? .null : true),
        ("eva_prompts", seesPrompts ? true : .null),
      ]
    case .corda: [("start_rows", JSONValue(rowCount)), ("corda_method", JSONValue(cordaMethod.rawValue))]
    case .loraGA:
      [
        ("start_rows", JSONValue(rowCount)), ("ga_direction", JSONValue(direction.rawValue)),
        ("ga_scale", JSONValue(scale.rawValue)), ("ga_gamma", scale == .stable ? gamma.document : .null),
      ]
    case .loftq: [(Self.iterationsName, JSONValue(iterations))]
    case .zero, .gaussian, .orthogonal, .pissa, .olora, .mica: []
    }
  }
}
