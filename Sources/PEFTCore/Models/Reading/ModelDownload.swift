import Foundation

/// Whether a model's folder has all of its weights, or what an interrupted download left of them.
enum ModelDownload {
  /// Refuses a folder without safetensors, or without some that its index names.
  ///
  /// - Throws: `FileError` that names what is missing and what is there instead.
  static func requireComplete(_ folder: String) throws {
    if try FilePath.exists(folder + "/" + SafetensorsCheckpoint.fileName) { return }
    let index = folder + "/" + SafetensorsCheckpoint.indexName
    guard try FilePath.exists(index) else {
      throw FileError(
        path: folder, "has no weights (\(SafetensorsCheckpoint.fileName))\(others(in: folder))\(remains(in: folder))")
    }
    let document = try JSONParser.parse(file: index).value
    var known: Set<String> = []
    let shards = (document["weight_map"]?.object?.members ?? []).compactMap(\.value.string)
      .filter { known.insert($0).inserted }
    let missing = shards.filter { !FileManager.default.fileExists(atPath: folder + "/" + $0) }
    guard let first = missing.first else { return }
    let more = missing.count > 1 ? " and \(missing.count - 1) more" : ""
    throw FileError(
      path: folder,
      "is half-downloaded: of \(shards.count) files of weights \(first)\(more) is missing\(remains(in: folder)); fetch it again"
    )
  }

  /// The names in a folder, sorted.
  static func entries(of folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// Names the parts of files that an interrupted download left, if there are any: beside the files, and where the
  /// Hub's tools keep them (the cache's `blobs`, or `.cache/huggingface/download` in a folder of its own).
  static func remains(in folder: String) -> String {
    let blobs = FilePath.joined(FilePath.folder(of: FilePath.folder(of: folder)), "blobs")
    for place in [folder, folder + "/.cache/huggingface/download", blobs] {
      let parts = entries(of: place).filter { $0.hasSuffix(".incomplete") }
      if let part = parts.first { return "; an interrupted download left \(place)/\(part)" }
    }
    return ""
  }

  /// Names weights in formats that are not read.
  private static func others(in folder: String) -> String {
    let entries = entries(of: folder)
    let isOther = { (name: String) in
      name.hasPrefix("pytorch_model") || name.hasSuffix(".pth") || name.hasSuffix(".h5") || name.hasSuffix(".msgpack")
    }
    if let other = entries.first(where: isOther) {
      return "; \(other) is not read, convert the model to safetensors"
    }
    return ""
  }
}
