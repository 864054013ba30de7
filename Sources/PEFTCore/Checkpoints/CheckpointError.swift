/// An error about a file of weights: which file, which tensor, at which byte, and what was expected.
public struct CheckpointError: InputError, Equatable {
  /// The file as the user named it.
  public let file: String
  /// The tensor it is about, if it is about one.
  public let tensor: String?
  /// Offset in the file of what is wrong, from 0, where that helps.
  public let byteOffset: Int?
  /// What is wrong and what was expected.
  public let message: String

  /// Creates an error about `file`.
  public init(file: String, tensor: String? = nil, byteOffset: Int? = nil, _ message: String) {
    self.file = file
    self.tensor = tensor
    self.byteOffset = byteOffset
    self.message = message
  }

  /// `file, byte n: tensor "name": message`.
  public var description: String {
    let place = byteOffset.map { ", byte \($0)" } ?? ""
    let subject = tensor.map { " tensor \"\($0)\":" } ?? ""
    return "\(file)\(place):\(subject) \(message)"
  }
}
