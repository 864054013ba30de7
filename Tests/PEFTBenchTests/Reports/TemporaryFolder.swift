import Foundation

/// A folder that goes away with its owner.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appending(path: "peft-bench-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: url) }
}
