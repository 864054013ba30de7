/// What a method attaches at one site of a model.
public enum Occupant {
  /// Acts around a linear map.
  case adapter(any LinearAdapter)
  /// Acts around an embedding table.
  case tableAdapter(any EmbeddingAdapter)
  /// Acts after a residual branch, or beside it.
  case branchAdapter(any BranchAdapter)
  /// Acts on the heads or neurons inside a branch.
  case activationAdapter(any ActivationAdapter)
  /// Rows in place of embedded tokens, before every sequence.
  case virtualTokens(any SoftPrompt)
  /// Keys and values of every layer, before every sequence.
  case prefix(any KeyValuePrefix)
  /// Rows to which a layer's queries attend beside the tokens.
  case attentionPrompt(any AttentionPrompt)
  /// A trained weight in place of the frozen one; of a norm, its gain.
  case weight(Parameter)
  /// A trained bias in place of the frozen one.
  case bias(Parameter)

  /// Its trainable parameters, in a fixed order.
  public var parameters: [Parameter] {
    switch self {
    case .adapter(let adapter): adapter.parameters
    case .tableAdapter(let adapter): adapter.parameters
    case .branchAdapter(let adapter): adapter.parameters
    case .activationAdapter(let adapter): adapter.parameters
    case .virtualTokens(let prompt): prompt.parameters
    case .prefix(let prefix): prefix.parameters
    case .attentionPrompt(let prompt): prompt.parameters
    case .weight(let parameter), .bias(let parameter): [parameter]
    }
  }

  /// How it stands with others of its kind.
  var stacking: Stacking {
    switch self {
    case .adapter(let adapter): adapter.stacking
    case .tableAdapter(let adapter): adapter.stacking
    case .branchAdapter(let adapter): adapter.stacking
    case .activationAdapter(let adapter): adapter.stacking
    // A prefix has no rows that could attend to virtual tokens, so these come after it.
    case .prefix: .replaces
    case .virtualTokens: .adds
    case .attentionPrompt: .standsAlone
    case .weight, .bias: .replaces
    }
  }

  /// Whether it can be attached where another occupant is, in whatever order the two come.
  func canStand(beside other: Occupant) -> Bool {
    switch (self, other) {
    case (.bias, .bias), (.weight, .weight): false
    case (.bias, _), (_, .bias): true
    // What surrounds a map starts from its frozen weight and is merged into it.
    case (.weight, _), (_, .weight): false
    default:
      stacking != .standsAlone && other.stacking != .standsAlone
        && !(stacking == .replaces && other.stacking == .replaces)
    }
  }

  /// A name of its kind for messages.
  var described: String {
    switch self {
    case .adapter, .tableAdapter, .branchAdapter: "an adapter"
    case .activationAdapter: "a scale of activations"
    case .virtualTokens: "virtual tokens"
    case .prefix: "a prefix of keys and values"
    case .attentionPrompt: "an adaption prompt"
    case .weight: "a trained weight"
    case .bias: "a trained bias"
    }
  }
}

/// How an occupant stands with others at the same site; from the inside out, whatever the order in which they came.
public enum Stacking: Int, Sendable, Comparable {
  /// It computes from the frozen part itself: the innermost, and the only one of this form.
  case replaces
  /// It adds to the result; any number, which sum up.
  case adds
  /// It changes what all before it give; any number, in the order in which they are attached.
  case transforms
  /// It takes no other beside it.
  case standsAlone

  /// Whether it acts further inside.
  public static func < (left: Stacking, right: Stacking) -> Bool { left.rawValue < right.rawValue }
}
