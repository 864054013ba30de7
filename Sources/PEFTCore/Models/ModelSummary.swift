import Foundation

/// What a list of models says of one, from headers alone.
public struct ModelSummary: Sendable {
  /// The Hub's id, or the path below the folder that was searched.
  public let name: String
  /// Its folder or file.
  public let path: String
  /// The architecture; nil where the description cannot be read or is not supported.
  public let architecture: String?
  /// Parameters of the model; nil as `architecture`.
  public let parameterCount: Int?
  /// Bytes of its files of weights that are there.
  public let byteCount: Int
  /// Why it cannot be used, in one sentence; nil if it can.
  public let problem: String?

  /// Looks at a model.
  public init(name: String, path: String) {
    self.name = name
    self.path = path
    byteCount = Self.bytes(of: path)
    var architecture: String?
    var parameterCount: Int?
    var problem: String?
    do {
      let files = try ModelFiles.open(path)
      architecture = files.configuration.family
      parameterCount = try files.skeleton().parameterCount
      try files.checkWeights()
    } catch {
      problem = "\(error)"
    }
    self.architecture = architecture
    self.parameterCount = parameterCount
    self.problem = problem
  }

  /// The models in the Hub's cache, at their main branch, sorted by id.
  public static func models(in cache: HubCache) -> [ModelSummary] {
    cache.repositories(kind: .model).compactMap { id in
      guard let folder = try? cache.snapshot(of: id) else { return nil }
      return ModelSummary(name: id, path: folder)
    }
  }

  /// The models in a folder, sorted: its subfolders with a description, and its GGUF files.
  public static func models(inFolder folder: String) -> [ModelSummary] {
    ModelDownload.entries(of: folder).compactMap { entry in
      let path = folder + "/" + entry
      let isModel = entry.hasSuffix(".gguf") || FileManager.default.fileExists(atPath: path + "/config.json")
      return isModel ? ModelSummary(name: entry, path: path) : nil
    }
  }

  /// The sizes of the files of weights at a path; links are followed, as the Hub's cache consists of them.
  private static func bytes(of path: String) -> Int {
    let names = ModelDownload.entries(of: path).filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".gguf") }
    let files = path.hasSuffix(".gguf") ? [path] : names.map { path + "/" + $0 }
    return files.reduce(0) { total, file in
      let resolved = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
      let attributes = try? FileManager.default.attributesOfItem(atPath: resolved)
      return total + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
    }
  }
}
