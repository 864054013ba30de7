/// One tensor of an adapter as plain values.
public struct AdapterArray: Sendable, Equatable {
  /// PEFT's key, without an adapter's name in it.
  public let key: String
  /// Sizes of the dimensions.
  public let shape: [Int]
  /// The values, row-major.
  public let values: [Float]

  /// Creates the tensor.
  ///
  /// - Precondition: There is a value for every element.
  public init(key: String, shape: [Int], values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "\(key): \(values.count) values for shape \(shape)")
    (self.key, self.shape, self.values) = (key, shape, values)
  }

  /// The same tensor with other values.
  func with(_ values: [Float]) -> AdapterArray { AdapterArray(key: key, shape: shape, values: values) }
}
