import Foundation
import PEFTBench
import PEFTCore

/// Reads files that were written elsewhere, such as the suites of other projects, by the reader of a kind.
enum FileReader {
  static let kinds = ["json", "yaml", "parquet", "safetensors"]

  /// Reads one file, and says how that ends: `read`, or `refused` with the message, each with the path.
  ///
  /// Every file is read in this process; a crash ends it, and the last line tells behind which file.
  static func report(_ path: String, as kind: String) -> String {
    do {
      switch kind {
      case "json": _ = try JSONParser.parse(text(of: path))
      case "yaml": _ = try YAMLParser.parse(text(of: path))
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
}
