import PEFTCore

/// Of how many blocks a training computes the activations again in the backward pass, instead of keeping them.
///
/// It changes memory and time, and no other number.
package enum Recomputation: Sendable, Equatable {
  /// All activations are kept.
  case none
  /// Every block is computed again.
  case all
  /// So many blocks are; all of a model that has no more.
  case blocks(Int)
  /// As few as it takes to fit into the memory that a run may take.
  case automatic
  /// As few as it takes to stay below so many bytes.
  case within(bytes: Int)

  /// Larger numbers are sizes whose unit was forgotten.
  private static let mostBlocks = 10_000
  /// Smaller sizes are numbers of blocks in quotes.
  private static let leastSize = 1000
  private static let automaticWord = "auto"

  /// What may be written beside true and false.
  private static let others =
    "\(automaticWord), a number of blocks up to \(mostBlocks), a size such as 400MB"

  /// Reads the value under `key`.
  ///
  /// - Throws: `DocumentError` that locates a value that is not understood.
  static func read(_ key: String, default usual: Recomputation, from reader: inout OptionReader)
    throws(DocumentError) -> Recomputation
  {
    try reader.bool(
      key, default: usual, or: others,
      about:
        "compute blocks' activations again in their backward pass: less memory, more time, the same numbers. `auto`: of "
        + "as few blocks as it takes to fit into memory, a size: to stay below it",
      read: Recomputation.init, write: \.json)
  }

  /// What a value of a config means; nil for one that means nothing.
  private init?(_ json: JSONValue) {
    switch json {
    case .bool(let isOn): self = isOn ? .all : .none
    case .integer(0): self = .none
    case .integer(let count) where (1...Self.mostBlocks).contains(count): self = .blocks(count)
    case .string(Self.automaticWord): self = .automatic
    case .string(let text):
      guard let bytes = ByteCount.bytes(text), bytes >= Self.leastSize else { return nil }
      self = .within(bytes: bytes)
    default: return nil
    }
  }

  /// The value as a config has it.
  package var json: JSONValue {
    switch self {
    case .none: .bool(false)
    case .all: .bool(true)
    case .blocks(let count): .integer(count)
    case .automatic: .string(Self.automaticWord)
    case .within(let bytes): .string("\(bytes)")
    }
  }

  /// Whether the number of blocks follows from the memory that a run needs.
  var isChoice: Bool {
    switch self {
    case .automatic, .within: true
    case .none, .all, .blocks: false
    }
  }

  /// The blocks that it names by their number; none where that is chosen elsewhere.
  ///
  /// - Parameter order: The blocks that are worth it, those that come first ahead.
  func blocks(among order: some Collection<Int>) -> Set<Int> {
    switch self {
    case .none, .automatic, .within: []
    case .all: Set(order)
    case .blocks(let count): Set(order.prefix(count))
    }
  }
}
