import Foundation
import PEFTBench
import PEFTCore
import TableFiles
import Testing

/// Rows and files made up for tests.
enum TaskRows {
  /// The row that a JSON object is, at line 7 of `made-up.jsonl`.
  static func row(_ json: String) throws -> TableRow {
    let value = try JSONParser.parse(DocumentText(name: "made-up.jsonl", bytes: Array(json.utf8)))
    let object = try #require(value.object)
    return TableRow(
      index: 0, location: .line(file: "made-up.jsonl", line: 7), columns: TableColumns(object.keys),
      values: object.members.map(\.value))
  }

  /// The dataset called `id`.
  static func dataset(_ id: String) throws -> DatasetDescription { try #require(DatasetCatalogue.dataset(id)) }

  /// The examples of a JSON row of the dataset called `id`.
  static func examples(_ id: String, _ json: String) throws -> [Example] {
    try dataset(id).examples(of: row(json))
  }

  /// The one example of a JSON row.
  static func example(_ id: String, _ json: String) throws -> Example {
    let examples = try examples(id, json)
    try #require(examples.count == 1)
    return examples[0]
  }

  /// Calls `body` with the path of a folder that holds `files` and is removed afterwards.
  static func withFolder<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("tasks-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    for (path, content) in files {
      let url = URL(fileURLWithPath: root).appendingPathComponent(path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(content.utf8).write(to: url)
    }
    return try body(root)
  }
}
