/// What somebody keeps from one step of a training to the next, in the form in which a checkpoint holds it.
///
/// Tensors and texts under names; numbers are written as texts that read back to the same bits.
public struct SavedState {
  /// Texts by their names.
  public private(set) var texts: [String: String]
  /// Tensors in the order in which they were added.
  public private(set) var tensors: [(name: String, tensor: StoredTensor)]

  /// Creates a state without content, or with what a checkpoint held.
  public init(texts: [String: String] = [:], tensors: [(name: String, tensor: StoredTensor)] = []) {
    self.texts = texts
    self.tensors = tensors
  }

  // MARK: - Writing

  /// Adds a text; one of the same name is replaced.
  public mutating func add(_ name: String, _ text: String) { texts[name] = text }

  /// Adds a number, an infinity or NaN.
  public mutating func add(_ name: String, _ number: Double) { texts[name] = "\(number)" }

  /// Adds a count.
  public mutating func add(_ name: String, _ count: Int) { texts[name] = "\(count)" }

  /// Adds a tensor, whose values are those it has when the state is written.
  public mutating func add(_ name: String, _ tensor: Tensor) { add(name, StoredTensor(tensor)) }

  /// Adds a tensor of any form, as it is when the state is written.
  public mutating func add(_ name: String, _ tensor: StoredTensor) { tensors.append((name, tensor)) }

  // MARK: - Reading

  /// The text of a name.
  ///
  /// - Throws: `SavedStateError` where there is none.
  public func text(_ name: String) throws(SavedStateError) -> String {
    guard let text = texts[name] else { throw SavedStateError("\"\(name)\" is missing from it") }
    return text
  }

  /// The number of a name.
  ///
  /// - Throws: `SavedStateError` where there is none.
  public func number(_ name: String) throws(SavedStateError) -> Double {
    let text = try text(name)
    guard let number = Double(text) else { throw SavedStateError("\"\(name)\" is \(text), expected a number") }
    return number
  }

  /// More than any training counts, and little enough that sums of it do not overflow.
  private static let mostCount = 1 << 56

  /// The count of a name, 0...2⁵⁶.
  ///
  /// - Throws: `SavedStateError` where there is none.
  public func count(_ name: String) throws(SavedStateError) -> Int {
    let text = try text(name)
    guard let count = Int(text), 0...Self.mostCount ~= count else {
      throw SavedStateError("\"\(name)\" is \(text), expected a whole number from 0 to 2^56")
    }
    return count
  }

  /// The tensor of a name.
  ///
  /// - Throws: `SavedStateError` where there is none of this shape, or not of float32.
  public func tensor(_ name: String, shape: [Int]) throws(SavedStateError) -> Tensor {
    let stored = try stored(name, shape: shape)
    guard let tensor = stored.tensor else { throw Self.otherElement(name, stored, expected: .float32) }
    return tensor
  }

  /// The tensor of a name, of the shape and form of another one.
  ///
  /// - Throws: `SavedStateError` where there is none.
  public func tensor(_ name: String, like other: StoredTensor) throws(SavedStateError) -> StoredTensor {
    let stored = try stored(name, shape: other.shape)
    guard stored.element == other.element else { throw Self.otherElement(name, stored, expected: other.element) }
    return stored
  }

  private func stored(_ name: String, shape: [Int]) throws(SavedStateError) -> StoredTensor {
    guard let tensor = tensors.first(where: { $0.name == name })?.tensor else {
      throw SavedStateError("the tensor \"\(name)\" is missing from it")
    }
    guard tensor.shape == shape else {
      throw SavedStateError("the tensor \"\(name)\" has the shape \(tensor.shape), expected \(shape)")
    }
    return tensor
  }

  private static func otherElement(
    _ name: String, _ tensor: StoredTensor, expected: StoredTensor.Element
  ) -> SavedStateError {
    SavedStateError("the tensor \"\(name)\" is of \(tensor.element.rawValue), expected \(expected.rawValue)")
  }
}

/// A saved state that does not fit whoever is to take it up.
public struct SavedStateError: InputError, Equatable {
  /// What does not fit, as the end of a sentence about the state.
  public let description: String

  /// Creates an error.
  public init(_ description: String) { self.description = description }
}
