import PEFTCore

/// Whether and where a training keeps what examples are after the layers below the first one that its method touches, so
/// that these run once an example and not once an epoch.
///
/// It changes no number.
package enum FrozenLayerCache: Sendable, Equatable, NamedOption {
  /// In memory, up to a share of what is free.
  case automatic
  /// Nowhere.
  case off
  /// In memory, up to so many bytes.
  case memory(bytes: Int)
  /// In a file of a folder, that of the run's checkpoints unless given, up to so many bytes.
  case disk(folder: String?, bytes: Int)

  /// Bytes in memory unless given.
  private static let usualMemory = 2_000_000_000
  /// Fewer bytes keep nothing.
  private static let leastSize = 1000
  /// Bytes on a disk unless given.
  private static let usualDisk = 20_000_000_000

  /// Its name in a config.
  package var name: String {
    switch self {
    case .automatic: "auto"
    case .off: "off"
    case .memory: "memory"
    case .disk: "disk"
    }
  }

  /// Each kind with its defaults.
  package static let all: [FrozenLayerCache] = [
    .automatic, .off, .memory(bytes: usualMemory), .disk(folder: nil, bytes: usualDisk),
  ]

  /// Reads a cache under `key`, where a config gives one: its name, or an object with it and options.
  ///
  /// - Throws: `DocumentError` that locates an unknown name, an unknown key or a wrong value.
  static func read(_ key: String, from reader: inout OptionReader) throws(DocumentError) -> FrozenLayerCache? {
    try reader.optionalNamed(
      key, default: FrozenLayerCache.automatic,
      about:
        "keeps each example's states after the layers below the method's first one, which then run once and not "
        + "every epoch: `auto` in a share of the free memory, `memory` and `disk` up to a size (below); changes no number"
    )
  }

  /// This kind with the options that are given.
  package func reading(_ reader: inout OptionReader) throws(DocumentError) -> FrozenLayerCache {
    switch self {
    case .automatic, .off: return self
    case .memory(let bytes): return .memory(bytes: try Self.size(&reader) ?? bytes)
    case .disk(_, let bytes):
      let size = try Self.size(&reader) ?? bytes
      let folder = try reader.optionalFilePath(
        "folder", about: "of `disk`: the folder that takes the file; the run's own unless given")
      return .disk(folder: folder, bytes: size)
    }
  }

  private static func size(_ reader: inout OptionReader) throws(DocumentError) -> Int? {
    let text = try reader.optionalString(
      "size",
      about: "of `memory` and `disk`: most bytes that are kept, such as 800MB; 2GB in memory and 20GB on disk "
        + "unless given")
    guard let text else { return nil }
    // A size without a unit is read as bytes, of which two keep nothing: as few are a forgotten unit.
    guard let bytes = ByteCount.bytes(text), bytes >= leastSize else {
      throw reader.error("size", "expected a size such as 800MB or 2GB, found \(text.debugDescription)")
    }
    return bytes
  }

  /// What the object may say.
  static let options =
    (try? OptionReader.describing { reader in
      _ = try reader.choice("name", of: all.map(\.name), default: automatic.name, about: "where, or `off`")
      _ = try FrozenLayerCache.disk(folder: nil, bytes: usualDisk).reading(&reader)
    }) ?? []

  /// Its name, and the options under their keys where it has any.
  package var json: JSONValue {
    switch self {
    case .automatic, .off: return .string(name)
    case .memory(let bytes): return ["name": .string(name), "size": .string("\(bytes)")]
    case .disk(let folder, let bytes):
      var json: JSONValue = ["name": .string(name), "size": .string("\(bytes)")]
      if let folder { json["folder"] = .string(folder) }
      return json
    }
  }
}
