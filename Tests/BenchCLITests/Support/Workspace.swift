import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// A temporary folder with two small datasets and a config for a tiny model of the fixtures.
///
/// `data/sst2` has the columns of the Hub; `tones` is described by the config and short enough for the model's context.
final class Workspace {
  let folder: URL
  /// The tiny Llama of the fixtures, with its tokenizer and its chat template inside.
  static let model = GoldenFixture("gguf_models").url("llama-q8_0.gguf").path

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "peft-bench-\(UUID().uuidString)")
    for name in ["train", "validation"] {
      try write((0..<(name == "train" ? 22 : 9)).map(Self.row).joined(), to: "data/sst2/\(name).jsonl")
    }
    try write(Self.configuration(), to: "config.json")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  static func row(_ index: Int) -> String {
    let praise = ["a warm and funny film", "moving, smart", "one of the best"]
    let blame = ["a dull mess", "lifeless and loud", "painful to sit through"]
    let isGood = index * 7 % 5 < 3
    let text = (isGood ? praise : blame)[index % 3] + (index % 4 == 0 ? " of this year" : "")
    return #"{"sentence": "\#(text)", "label": \#(isGood ? 1 : 0), "idx": \#(index)}"# + "\n"
  }

  /// The config, with members of its objects replaced.
  static func configuration(
    model: String = model, methods: String = #"[{"name": "lora", "rank": 4, "dropout": 0.1}, "full"]"#,
    datasets: String? = nil, data: String = "", training: String = "", evaluation: String = "", more: String = ""
  ) -> String {
    let tones = """
      {"name": "tones", "files": {"train": "data/sst2/train.jsonl", "validation": "data/sst2/validation.jsonl"},
           "prompt": "{sentence}?", "answer": "label", "labels": {"0": "bad", "1": "good"}}
      """
    return """
      {
        "name": "tiny",
        "model": {"path": "\(model)"},
        "data": {"suite": "full", "root": "data", "datasets": \(datasets ?? "[\"sst2\", \(tones)]")\(data)},
        "methods": \(methods),
        "training": {"epochs": 3, "batch_size": 3, "learning_rate": 0.01, "logging_steps": 2\(training)},
        "evaluation": {"batch_size": 4\(evaluation)}\(more)
      }
      """
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  /// Runs the program in the folder.
  func run(_ arguments: String..., input: String = "") throws -> SpawnedProgram.Result {
    try run(arguments: arguments, input: input)
  }

  func run(arguments: [String], input: String = "") throws -> SpawnedProgram.Result {
    let quoted = arguments.map { "'\($0.replacing("'", with: "'\\''"))'" }.joined(separator: " ")
    return try SpawnedProgram.run([], shell: "cd '\(folder.path)' && exec \"$PROGRAM\" \(quoted)", input: input)
  }

  /// Every file below a folder that a run's numbers determine: its path there, and its bytes.
  func results(_ name: String) throws -> [String: Data] {
    let root = folder.appending(path: name)
    var files: [String: Data] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
      let isOfRun =
        ["predictions.jsonl", "history.jsonl"].contains { entry.hasSuffix($0) } || entry.contains("/adapter/")
      if isOfRun, FileManager.default.isReadableFile(atPath: root.appending(path: entry).path),
        let data = FileManager.default.contents(atPath: root.appending(path: entry).path)
      {
        files[entry] = data
      }
    }
    return files
  }

  /// The records below a results folder, by `dataset/method`.
  func records(_ name: String) throws -> [String: DocumentValue] {
    var records: [String: DocumentValue] = [:]
    // A run that failed has none.
    for id in try FileManager.default.contentsOfDirectory(atPath: path("\(name)/runs"))
    where FileManager.default.fileExists(atPath: path("\(name)/runs/\(id)/record.json")) {
      let record = try json(file: "\(name)/runs/\(id)/record.json")
      #expect(record["id"]?.string == id)
      records["\(record["dataset"]?.string ?? "")/\(record["method"]?["name"]?.string ?? "")"] = record
    }
    return records
  }

  func json(file: String) throws -> DocumentValue {
    try JSONParser.parse(
      DocumentText(name: file, bytes: [UInt8](try #require(FileManager.default.contents(atPath: path(file))))))
  }

  func lines(file: String) throws -> [DocumentValue] {
    try Self.lines(String(decoding: try #require(FileManager.default.contents(atPath: path(file))), as: UTF8.self))
  }

  static func lines(_ text: String) throws -> [DocumentValue] {
    try text.split(separator: "\n").map { try JSONParser.parse(DocumentText(name: "line", bytes: Array($0.utf8))) }
  }

  static func json(_ text: String) throws -> DocumentValue {
    try JSONParser.parse(DocumentText(name: "output", bytes: Array(text.utf8)))
  }
}

extension DocumentValue {
  /// The keys of an object.
  var keys: [String] { object?.members.map(\.key) ?? [] }
}
