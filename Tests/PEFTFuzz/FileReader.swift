import Foundation
import PEFTBench
import PEFTCore
import TableFiles

/// Reads files that were written elsewhere, such as the suites of other projects, by the reader of a kind.
enum FileReader {
  static let kinds = ["json", "yaml", "yaml-suite", "parquet", "safetensors"]

  /// Reads one file, and says how that ends: `read`, or `refused` with the message, each with the path.
  ///
  /// A file of yaml-test-suite has the value beside it that it should have, in `in.json`; where that is another one than
  /// what was read, it `differs`.
  ///
  /// Every file is read in this process; a crash ends it, and the last line tells after which file.
  static func report(_ path: String, as kind: String) -> String {
    do {
      switch kind {
      case "json": _ = try JSONParser.parse(text(of: path))
      case "yaml": _ = try YAMLParser.parse(text(of: path))
      case "yaml-suite":
        let value = try YAMLParser.parse(text(of: path))
        let expected = (path as NSString).deletingLastPathComponent + "/in.json"
        if FileManager.default.fileExists(atPath: expected) {
          // Nothing stands there for a stream without a document, which is null to us as an empty document is.
          let text = try text(of: expected)
          let other = text.bytes.isEmpty ? DocumentValue(.null) : try JSONParser.parse(text)
          guard isSame(value, other) else { return "differs\t\(path)\t\(value.content)" }
        }
      case "parquet":
        let rows = try TableFile.open(path: path).rows()
        var count = 0
        while count < 100_000, try rows.next() != nil { count += 1 }
      default: try SafetensorsFormat.readAll(SafetensorsCheckpoint.open(file: path))
      }
      return "read\t\(path)"
    } catch let error as any InputError {
      let message = error.description.split(separator: "\n").first.map(String.init) ?? ""
      return "refused\t\(path)\t\(message)"
    } catch { return "failed\t\(path)\t\(error)" }
  }

  /// An empty file is a text too, although no mapping of one exists.
  private static func text(of path: String) throws -> DocumentText {
    DocumentText(name: path, bytes: [UInt8](try Data(contentsOf: URL(filePath: path))))
  }

  /// Whether both hold the same; the order of members has no meaning.
  private static func isSame(_ value: DocumentValue, _ other: DocumentValue) -> Bool {
    switch (value.content, other.content) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number):
      value.number == other.number
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(isSame)
    case (.object(let a), .object(let b)):
      a.members.count == b.members.count
        && a.members.allSatisfy { member in b[member.key].map { isSame(member.value, $0) } ?? false }
    default: false
    }
  }
}
