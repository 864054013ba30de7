/// A value under a key of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
  /// An integer of any width.
  case integer(Int)
  /// A floating point number of either width.
  case number(Double)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)

  /// What it is, in words for an error message.
  var kindName: String {
    switch self {
    case .integer: "an integer"
    case .number: "a number"
    case .bool: "true or false"
    case .string: "a string"
    case .array(let array): array.kindName
    }
  }
}

/// A list in a GGUF file; all elements have one type.
public enum GGUFArray: Sendable, Equatable {
  case integers([Int])
  case numbers([Double])
  case bools([Bool])
  case strings([String])
  case arrays([GGUFArray])

  /// Number of elements.
  public var count: Int {
    switch self {
    case .integers(let values): values.count
    case .numbers(let values): values.count
    case .bools(let values): values.count
    case .strings(let values): values.count
    case .arrays(let values): values.count
    }
  }

  var kindName: String {
    switch self {
    case .integers: "a list of integers"
    case .numbers: "a list of numbers"
    case .bools: "a list of booleans"
    case .strings: "a list of strings"
    case .arrays: "a list of lists"
    }
  }
}

/// The keys and values of a GGUF file: the model's description and its tokenizer.
///
/// The getters return nil for a missing key and throw for a value of another type, so a file that means
/// something else by a key is noticed. Numbers given as integers are taken for numbers too.
public struct GGUFMetadata: Sendable {
  /// The file that they are in, for messages.
  public let file: String
  /// The keys in the order of the file.
  public let keys: [String]
  private let values: [String: GGUFValue]

  init(file: String, entries: [(key: String, value: GGUFValue)]) {
    self.file = file
    keys = entries.map(\.key)
    values = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// The value under `key`, or nil.
  public subscript(key: String) -> GGUFValue? { values[key] }

  /// The text under `key`, or nil.
  public func string(_ key: String) throws(CheckpointError) -> String? {
    guard let value = values[key] else { return nil }
    guard case .string(let text) = value else { throw mismatch(key, value, "a string") }
    return text
  }

  /// The integer under `key`, or nil.
  public func integer(_ key: String) throws(CheckpointError) -> Int? {
    guard let value = values[key] else { return nil }
    guard case .integer(let integer) = value else { throw mismatch(key, value, "an integer") }
    return integer
  }

  /// The number under `key`, or nil.
  public func number(_ key: String) throws(CheckpointError) -> Double? {
    switch values[key] {
    case nil: return nil
    case .number(let number): return number
    case .integer(let integer): return Double(integer)
    case let value?: throw mismatch(key, value, "a number")
    }
  }

  /// The boolean under `key`, or nil.
  public func bool(_ key: String) throws(CheckpointError) -> Bool? {
    guard let value = values[key] else { return nil }
    guard case .bool(let bool) = value else { throw mismatch(key, value, "true or false") }
    return bool
  }

  /// The list of texts under `key`, or nil.
  public func strings(_ key: String) throws(CheckpointError) -> [String]? {
    guard let value = values[key] else { return nil }
    guard case .array(.strings(let strings)) = value else { throw mismatch(key, value, "a list of strings") }
    return strings
  }

  /// The list of integers under `key`, or nil.
  public func integers(_ key: String) throws(CheckpointError) -> [Int]? {
    guard let value = values[key] else { return nil }
    guard case .array(.integers(let integers)) = value else { throw mismatch(key, value, "a list of integers") }
    return integers
  }

  /// The list of numbers under `key`, or nil.
  public func numbers(_ key: String) throws(CheckpointError) -> [Double]? {
    switch values[key] {
    case nil: return nil
    case .array(.numbers(let numbers)): return numbers
    case .array(.integers(let integers)): return integers.map(Double.init)
    case let value?: throw mismatch(key, value, "a list of numbers")
    }
  }

  /// An error about a key that a reader cannot do without.
  public func missing(_ key: String) -> CheckpointError {
    let guess = NearestName.of(key, among: keys).map { "; the most similar one is \"\($0)\"" } ?? ""
    return CheckpointError(file: file, "has no key \"\(key)\"\(guess)")
  }

  private func mismatch(_ key: String, _ value: GGUFValue, _ expected: String) -> CheckpointError {
    CheckpointError(file: file, "the key \"\(key)\" holds \(value.kindName), expected \(expected)")
  }
}
