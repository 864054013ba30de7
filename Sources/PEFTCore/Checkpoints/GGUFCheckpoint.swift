import Foundation

/// The tensors and metadata of a GGUF model, in one file or split into several.
public struct GGUFCheckpoint: Sendable {
  /// The path it was opened by.
  public let path: String
  /// Its files; the first one carries the metadata.
  public let files: [GGUFFile]
  /// All tensors, file after file.
  public let tensors: [GGUFTensor]
  /// The keys and values of the first file.
  public let metadata: GGUFMetadata

  private let index: [String: Int]

  /// Opens the model that the file at `path` is, or is a part of.
  ///
  /// A split model's parts are named `name-00001-of-00003.gguf` and so on and lie in one folder; any of them
  /// may be given.
  ///
  /// - Throws: `FileError` or `CheckpointError`.
  public static func open(path: String) throws -> GGUFCheckpoint {
    let opened = try GGUFFile(path: path)
    let count = try opened.metadata.integer("split.count") ?? 1
    guard count > 1 else { return try GGUFCheckpoint(path: path, files: [opened]) }
    guard count <= 99_999 else { throw CheckpointError(file: path, "split.count is \(count), expected at most 99999") }
    let name = FilePath.name(of: path)
    let number = try opened.metadata.integer("split.no") ?? 0
    guard 0..<count ~= number, name.hasSuffix(suffix(number, of: count)) else {
      throw CheckpointError(
        file: path, "is part \(number) (from 0) of \(count), so its name must end in \(suffix(number, of: count))")
    }
    let stem = path.dropLast(suffix(number, of: count).count)
    var files: [GGUFFile] = []
    for part in 0..<count {
      let file = part == number ? opened : try GGUFFile(path: stem + suffix(part, of: count))
      guard try file.metadata.integer("split.no") ?? 0 == part, try file.metadata.integer("split.count") == count
      else { throw CheckpointError(file: file.path, "split.no and split.count do not agree with its name") }
      files.append(file)
    }
    let total = files.reduce(0) { $0 + $1.tensors.count }
    if let expected = try files[0].metadata.integer("split.tensors.count"), expected != total {
      throw CheckpointError(
        file: files[0].path, "split.tensors.count is \(expected), but the \(count) parts hold \(total) tensors")
    }
    return try GGUFCheckpoint(path: path, files: files)
  }

  private static func suffix(_ part: Int, of count: Int) -> String {
    func padded(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }
    return "-\(padded(part + 1))-of-\(padded(count)).gguf"
  }

  private init(path: String, files: [GGUFFile]) throws(CheckpointError) {
    self.path = path
    self.files = files
    tensors = files.flatMap(\.tensors)
    metadata = files[0].metadata
    var index: [String: Int] = [:]
    for (position, tensor) in tensors.enumerated() {
      guard index.updateValue(position, forKey: tensor.name) == nil else {
        throw CheckpointError(file: tensor.file.path, tensor: tensor.name, "is in two parts of the model")
      }
    }
    self.index = index
  }

  /// The tensor called `name`, or nil.
  public subscript(name: String) -> GGUFTensor? { index[name].map { tensors[$0] } }

  /// The tensor called `name`.
  ///
  /// - Throws: `CheckpointError` that names the most similar tensor.
  public func tensor(named name: String) throws(CheckpointError) -> GGUFTensor {
    if let tensor = self[name] { return tensor }
    let guess = NearestName.of(name, among: tensors.map(\.name)).map { "; the most similar one is \"\($0)\"" } ?? ""
    throw CheckpointError(file: path, tensor: name, "is not in the model\(guess)")
  }
}
