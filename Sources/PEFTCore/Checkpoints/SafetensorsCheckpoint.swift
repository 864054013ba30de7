import Foundation

/// The tensors of a checkpoint in safetensors format, in one file or in several shards.
public struct SafetensorsCheckpoint: Sendable {
  /// Name of the only file of a small checkpoint.
  public static let fileName = "model.safetensors"
  /// Name of the file that says which shard holds which tensor.
  public static let indexName = "model.safetensors.index.json"

  /// The folder or file it was opened by.
  public let path: String
  /// Its files, in the order in which the index first names them.
  public let files: [SafetensorsFile]
  /// All tensors, file after file, in the order of their bytes.
  public let tensors: [SafetensorsTensor]
  /// The texts under `__metadata__` of the first file.
  public let metadata: [String: String]

  private let index: [String: Int]

  /// Opens the checkpoint in a folder: `model.safetensors`, or else the shards of `model.safetensors.index.json`.
  ///
  /// - Throws: `FileError`, `CheckpointError` or `DocumentError`.
  public static func open(directory: String) throws -> SafetensorsCheckpoint {
    let single = FilePath.joined(directory, fileName)
    if try FilePath.exists(single) { return try open(file: single) }
    let indexPath = FilePath.joined(directory, indexName)
    guard try FilePath.exists(indexPath) else {
      throw FileError(path: directory, "holds neither \(fileName) nor \(indexName)")
    }
    return try open(index: indexPath)
  }

  /// Opens a checkpoint that is one file.
  ///
  /// - Throws: `FileError`, `CheckpointError` or `DocumentError`.
  public static func open(file path: String) throws -> SafetensorsCheckpoint {
    SafetensorsCheckpoint(path: path, files: [try SafetensorsFile(path: path)])
  }

  /// Opens a checkpoint that lies in memory as the bytes of one file.
  ///
  /// - Throws: `FileError`, `CheckpointError` or `DocumentError`.
  public static func open(_ file: MemoryMappedFile) throws -> SafetensorsCheckpoint {
    SafetensorsCheckpoint(path: file.path, files: [try SafetensorsFile(file)])
  }

  /// Opens the shards that an index file names, which lie in its folder.
  ///
  /// - Throws: `FileError`, `CheckpointError` or `DocumentError`.
  public static func open(index path: String) throws -> SafetensorsCheckpoint {
    let folder = FilePath.folder(of: path)
    let document = try JSONParser.parse(file: path).value
    guard let members = document["weight_map"]?.object?.members else {
      throw CheckpointError(file: path, "weight_map is missing or not an object")
    }
    var files: [SafetensorsFile] = []
    var fileIndex: [String: Int] = [:]
    for member in members {
      guard let shard = member.value.string else {
        throw CheckpointError(
          file: path, tensor: member.key, byteOffset: member.value.offset,
          "its shard is \(member.value.kindName), expected a file name")
      }
      let file: SafetensorsFile
      if let known = fileIndex[shard] {
        file = files[known]
      } else {
        // A name such as "../x" would make a checkpoint read files that are none of its own.
        guard !shard.isEmpty, shard != ".", shard != "..", !shard.utf8.contains(where: { $0 == 0x2F || $0 == 0 }) else {
          throw CheckpointError(
            file: path, tensor: member.key, byteOffset: member.value.offset,
            "the shard \"\(shard)\" is not the name of a file in the checkpoint's folder")
        }
        file = try SafetensorsFile(path: FilePath.joined(folder, shard))
        fileIndex[shard] = files.count
        files.append(file)
      }
      guard file[member.key] != nil else {
        throw CheckpointError(
          file: path, tensor: member.key, byteOffset: member.keyOffset, "the shard \"\(shard)\" does not hold it")
      }
    }
    let expected = Set(members.map(\.key))
    for file in files {
      for tensor in file.tensors where !expected.contains(tensor.name) {
        throw CheckpointError(file: file.path, tensor: tensor.name, "is not named in the index \(path)")
      }
    }
    let total = files.reduce(0) { $0 + $1.tensors.count }
    guard total == members.count else {
      throw CheckpointError(
        file: path, "names \(members.count) tensors, but the shards hold \(total): some are in two shards")
    }
    return SafetensorsCheckpoint(path: path, files: files)
  }

  private init(path: String, files: [SafetensorsFile]) {
    self.path = path
    self.files = files
    let tensors = files.flatMap(\.tensors)
    self.tensors = tensors
    metadata = files.first?.metadata ?? [:]
    index = Dictionary(tensors.indices.map { (tensors[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tensor called `name`, or nil.
  public subscript(name: String) -> SafetensorsTensor? { index[name].map { tensors[$0] } }

  /// The tensor called `name`.
  ///
  /// - Throws: `CheckpointError` that names the most similar tensor.
  public func tensor(named name: String) throws(CheckpointError) -> SafetensorsTensor {
    if let tensor = self[name] { return tensor }
    let guess = NearestName.of(name, among: tensors.map(\.name)).map { "; the most similar one is \"\($0)\"" } ?? ""
    throw CheckpointError(file: path, tensor: name, "is not in the checkpoint\(guess)")
  }
}
