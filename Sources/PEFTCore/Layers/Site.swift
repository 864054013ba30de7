/// One place of a model where methods attach, with what is attached there.
///
/// `CausalLanguageModel.sites` lists all of them. Whoever wants to know what is attached asks that list; whoever
/// attaches calls `place(_:by:)` of a part.
public struct Site {
  /// The part of the model that the site is.
  public enum Kind {
    /// A table of embeddings: adapters around it, or its weight.
    case table(TokenEmbedding)
    /// A norm: its gain and its bias.
    case norm(NormLayer)
    /// A linear map: adapters around it, its weight and its bias.
    case map(Linear)
    /// What a residual branch gives: networks after it or beside it.
    case branch(BranchOutput)
    /// Heads or neurons inside a branch: what scales, hides or measures them.
    case activations(ActivationSite)
    /// Beside a layer's attention: rows to which its queries attend apart from the tokens.
    case attentionPrompt(AttentionPromptSite)
    /// What every sequence starts with: a prefix of keys and values, and virtual tokens.
    case sequenceStart(SequenceStart)
  }

  /// What the part does in the architecture.
  public let role: SiteRole
  /// The block that it belongs to, from 0; nil outside the blocks.
  public let layer: Int?
  /// The part itself.
  public let kind: Kind

  init(_ role: SiteRole, layer: Int? = nil, _ kind: Kind) {
    self.role = role
    self.layer = layer
    self.kind = kind
  }

  /// The part, whatever its kind.
  public var part: any SitePart {
    switch kind {
    case .table(let table): table
    case .norm(let norm): norm
    case .map(let linear): linear
    case .branch(let branch): branch
    case .activations(let site): site
    case .attentionPrompt(let site): site
    case .sequenceStart(let start): start
    }
  }

  /// The module's path as Hugging Face names it; for what is not a module, words that say where it is.
  public var name: String { part.site }

  /// What is attached, from the inside out: each acts on what the ones before it give.
  public var occupants: [Occupant] { part.occupants }

  /// Whether a method has attached anything here.
  public var isOccupied: Bool { part.isOccupied }
}

/// A part of a model that is a site: it holds what is attached to it.
public protocol SitePart: AnyObject {
  /// The module's path as Hugging Face names it; for what is not a module, words that say where it is.
  var site: String { get }
  /// What is attached.
  var occupancy: Occupancy { get }
  /// The weights of the part in the base model; none of what is not a module.
  var weightSlots: [WeightSlot] { get }
  /// Whether an occupant is of a kind that can be attached here.
  func takes(_ occupant: Occupant) -> Bool
}

extension SitePart {
  /// What is not a module has no weights.
  public var weightSlots: [WeightSlot] { [] }

  /// What is attached, from the inside out: each acts on what the ones before it give.
  public var occupants: [Occupant] { occupancy.placements.map(\.occupant) }

  /// Whether a method has attached anything here.
  public var isOccupied: Bool { !occupancy.placements.isEmpty }

  /// Attaches.
  ///
  /// - Parameters:
  ///   - occupant: What to attach; of a kind that fits this site.
  ///   - method: Whose it is, for errors.
  /// - Returns: What takes it off again.
  /// - Throws: `AttachError` that names both methods, if it cannot stand beside what is there.
  public func place(_ occupant: Occupant, by method: String) throws(AttachError) -> Placement {
    precondition(takes(occupant), "\(site): not a site for \(occupant.described)")
    return try occupancy.place(occupant, by: method, at: site)
  }
}

/// What a site does in the architecture, whatever the family calls it.
public enum SiteRole: String, Sendable, CaseIterable {
  case embedding, positionEmbedding, embeddingNorm
  case attentionNorm, query, key, value
  /// Queries, keys and values from one map.
  case queryKeyValue
  case queryNorm, keyNorm, attentionPrompt
  /// What each attention head found.
  case attentionHeads
  case attentionOutput, attentionBranch, attentionOutputNorm
  case feedForwardNorm, gate, up
  /// Gate and up from one map.
  case gateUp
  /// The feed-forward part's inner layer.
  case neurons
  case down, feedForwardBranch, feedForwardOutputNorm
  case finalNorm, head
  case sequenceStart

  /// Whether it is a linear map of attention.
  public var isAttentionMap: Bool {
    switch self {
    case .query, .key, .value, .queryKeyValue, .attentionOutput: true
    default: false
    }
  }

  /// Whether it is a linear map of the feed-forward part.
  public var isFeedForwardMap: Bool {
    switch self {
    case .gate, .up, .gateUp, .down: true
    default: false
    }
  }
}
