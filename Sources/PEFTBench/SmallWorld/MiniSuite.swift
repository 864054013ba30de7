import Foundation
import PEFTCore

/// The mini suite as files: `<folder>/<dataset>/{train,validation}.jsonl`.
package enum MiniSuite {
  /// How many rows each file has.
  package static func rowCount(of split: WorldSplit) -> Int { split == .train ? 256 : 128 }

  /// The splits that have files.
  package static let splits: [WorldSplit] = [.train, .validation]

  /// The bytes of one file.
  package static func file(of dataset: any MiniDataset, _ split: WorldSplit, seed: Int) -> [UInt8] {
    dataset.rows(split, count: rowCount(of: split), seed: seed).flatMap(\.line)
  }

  /// Writes the files of a dataset; each appears whole or not at all.
  ///
  /// - Returns: The paths.
  /// - Throws: `FileError`.
  package static func write(_ dataset: any MiniDataset, to folder: String, seed: Int) throws -> [String] {
    let own = folder + "/" + dataset.name
    try OutputFolder(own, .dataset).claim()
    var paths: [String] = []
    for split in splits {
      let path = "\(own)/\(split.rawValue).jsonl"
      try AtomicFile.write(file(of: dataset, split, seed: seed), to: path)
      paths.append(path)
    }
    return paths
  }
}

extension PretrainingDocument {
  /// The document as a line of JSONL: `{"text": …}` or `{"messages": […]}`.
  package var json: JSONValue {
    switch self {
    case .prose(let text): ["text": .string(text)]
    case .conversation(let messages):
      [
        "messages": .array(messages.map { ["role": .string($0.role), "content": .string($0.content)] })
      ]
    }
  }
}
