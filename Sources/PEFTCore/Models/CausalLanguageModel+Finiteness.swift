/// A number of a model that is infinite or no number at all, where an answer depends on it.
public struct NonFiniteError: InputError, Equatable {
  /// What is not finite and, if that is known, which tensor it comes from.
  public let description: String

  /// Creates an error.
  public init(_ description: String) { self.description = description }
}

extension CausalLanguageModel {
  /// The first tensor with an element that is infinite or no number: a parameter that is trained or attached, or else
  /// a weight.
  ///
  /// It looks at every weight, so it is for the moment when something has gone wrong.
  ///
  /// - Parameter parameters: What is trained.
  /// - Returns: The tensor's name and the element as text; nil if all are finite.
  public func nonFiniteTensor(trained parameters: [Parameter] = []) -> (name: String, value: String)? {
    for parameter in parameters + sites.flatMap(\.occupants).flatMap(\.parameters) {
      if let value = Self.nonFinite(parameter.value) { return (parameter.name, "\(value)") }
    }
    for slot in weightSlots {
      let value = slot.matrix.flatMap(Self.nonFinite) ?? slot.vector.flatMap(Self.nonFinite)
      if let value { return (slot.name, "\(value)") }
    }
    return nil
  }

  /// Says where a number that is not finite comes from, for a message: "; tensor x.weight holds nan".
  public func originOfNonFinite(trained parameters: [Parameter] = []) -> String {
    nonFiniteTensor(trained: parameters).map { "; tensor \($0.name) holds \($0.value)" }
      ?? "; all weights and parameters are finite, so values grew too large on the way"
  }

  private static func nonFinite(_ tensor: Tensor) -> Float? { nonFinite(tensor.elements, tensor.elementCount) }

  private static func nonFinite(_ matrix: WeightMatrix) -> Float? {
    var row = [Float](repeating: 0, count: matrix.inputs)
    for index in 0..<matrix.outputs {
      let found = row.withUnsafeMutableBufferPointer { row -> Float? in
        guard let base = row.baseAddress else { return nil }
        matrix.decodeRow(index, into: base)
        return nonFinite(base, row.count)
      }
      if let found { return found }
    }
    return nil
  }

  private static func nonFinite(_ elements: UnsafePointer<Float>, _ count: Int) -> Float? {
    guard !areFinite(elements, count: count) else { return nil }
    return (0..<count).lazy.map { elements[$0] }.first { !$0.isFinite }
  }

  /// Whether all of some numbers are finite.
  static func areFinite(_ elements: UnsafePointer<Float>, count: Int) -> Bool {
    // By their bits, so that the compiler can look at many at once.
    var largest: UInt32 = 0
    for index in 0..<count { largest = max(largest, elements[index].bitPattern & 0x7FFF_FFFF) }
    return largest < Float.infinity.bitPattern
  }
}
