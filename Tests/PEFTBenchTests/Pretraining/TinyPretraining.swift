import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

/// A toy text and a config that pretrains a very small model on it within a second or two.
final class TinyPretraining {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "pretraining-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(Self.lines.joined(separator: "\n") + "\n", to: "text.txt")
    try write(Self.rows.joined(separator: "\n") + "\n", to: "chats.jsonl")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let people = ["Tom", "Anna", "Ben", "Eva", "Max"]
  private static let animals = ["hen", "dog", "cow", "cat"]

  static let lines = (0..<60).map { index in
    "\(people[index % 5]) feeds the \(animals[index % 4]) and \(people[index * 3 % 5]) sees the \(animals[index / 7 % 4])."
  }

  static let rows = (0..<40).map { index in
    let (a, b) = (index % 7, index % 5)
    return index % 4 == 0
      ? #"{"text": "\#(a) and \#(b) make \#(a + b)."}"#
      : #"{"messages": [{"role": "user", "content": "\#(a) + \#(b)?"}, {"role": "assistant", "content": "\#(a + b)"}]}"#
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }

  /// The config, changed by `change`.
  func configuration(
    _ change: (inout PretrainingConfiguration) -> Void = { _ in }
  ) throws -> PretrainingConfiguration {
    let text = """
      {"name": "tiny",
       "corpus": {"files": ["\(path("text.txt"))", "\(path("chats.jsonl"))"]},
       "tokenizer": {"vocabulary_size": 300},
       "model": {"hidden_size": 16, "layers": 2, "heads": 2, "key_value_heads": 1, "intermediate_size": 24,
                 "max_positions": 64},
       "training": {"tokens": 12000, "batch_tokens": 400, "sequence_length": 20, "shards": 3, "learning_rate": 0.02,
                    "validation_documents": 12, "validation_every": 8, "checkpoint_every": 7, "logging_steps": 5}}
      """
    var configuration = try PretrainingConfiguration(
      ConfigFile.read(DocumentText(name: "tiny.json", bytes: Array(text.utf8))))
    change(&configuration)
    return configuration
  }

  /// Pretrains into the folder `output`.
  @discardableResult func run(
    _ configuration: PretrainingConfiguration, output: String, threads: Int = 1, fresh: Bool = false,
    cancellation: CancellationFlag = CancellationFlag(), watch: @escaping Pretrainer.Watcher = { _ in }
  ) throws -> Pretrainer.Outcome {
    var configuration = configuration
    configuration.output = path(output)
    return try Pretrainer(configuration, context: ComputeContext(threads: threads)).run(
      fresh: fresh, cancellation: cancellation, watch: watch)
  }

  /// The bytes of all files of a folder, by their paths.
  func files(_ name: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: path(name)) {
      if let data = FileManager.default.contents(atPath: path("\(name)/\(entry)")) { files[entry] = data }
    }
    return files
  }
}
