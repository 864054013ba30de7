import Foundation
import PEFTCore

/// Which rows of a run's evaluation were answered right, a bit a row.
///
/// Paired tests between methods and between versions work on these.
package struct AnswerMarks: Sendable, Equatable {
  /// How many rows there are.
  package private(set) var count = 0
  private var bytes: [UInt8] = []

  /// Creates marks.
  package init(_ marks: [Bool]) {
    for mark in marks { append(mark) }
  }

  /// Reads the marks of a predictions.jsonl.
  ///
  /// - Returns: nil where the rows have none, as those of a dataset that is scored by a correlation.
  /// - Throws: `InputError` for a file that is missing or not of that form.
  package init?(predictions path: String) throws {
    let lines = try PredictionLines(path: path)
    for index in 0..<lines.count {
      guard let mark = try lines.isCorrect(index) else { return nil }
      append(mark)
    }
    if count == 0 { return nil }
  }

  /// Reads `{"count": rows, "bits": base64}`; nil for null.
  init?(_ json: JSONValue?) {
    guard case .object(let object)? = json, case .integer(let count)? = object["count"], count > 0,
      case .string(let text)? = object["bits"], let data = Data(base64Encoded: text),
      data.count == count / 8 + (count % 8 > 0 ? 1 : 0)
    else { return nil }
    self.count = count
    bytes = [UInt8](data)
  }

  /// The form that reports keep, so that a comparison needs no predictions.
  var json: JSONValue { ["count": JSONValue(count), "bits": JSONValue(Data(bytes).base64EncodedString())] }

  /// Whether row `index` was answered right.
  package subscript(index: Int) -> Bool { bytes[index >> 3] >> UInt8(index & 7) & 1 == 1 }

  /// All marks in the order of the rows.
  package var values: [Bool] { (0..<count).map { self[$0] } }

  /// The share of rows that were answered right.
  package var share: Double {
    count == 0 ? 0 : Double(bytes.reduce(0) { $0 + $1.nonzeroBitCount }) / Double(count)
  }

  private mutating func append(_ mark: Bool) {
    if count & 7 == 0 { bytes.append(0) }
    if mark { bytes[count >> 3] |= 1 << UInt8(count & 7) }
    count += 1
  }
}

/// The lines of a predictions.jsonl, found without reading what is in them.
///
/// A sweep leaves gigabytes of predictions, of which a report needs the last word of each line and a few whole ones.
struct PredictionLines {
  private let file: MemoryMappedFile
  private let ranges: [Range<Int>]
  private static let yes = Array("\"correct\":true}".utf8)
  private static let no = Array("\"correct\":false}".utf8)
  private static let none = Array("\"correct\":null}".utf8)

  /// One row as it was written.
  struct Row {
    let prompt: String
    let label: String
    let predict: String
  }

  init(path: String) throws {
    let file = try MemoryMappedFile(path: path)
    var ranges: [Range<Int>] = []
    var start = 0
    file.bytes.withMemoryRebound(to: UInt8.self) { bytes in
      while start < bytes.count, let base = bytes.baseAddress {
        let found = memchr(base + start, 0x0A, bytes.count - start)
        let end = found.map { base.distance(to: $0.assumingMemoryBound(to: UInt8.self)) } ?? bytes.count
        if end > start { ranges.append(start..<end) }
        start = end + 1
      }
    }
    self.file = file
    self.ranges = ranges
  }

  var count: Int { ranges.count }

  /// Whether a row is marked right; nil for null.
  func isCorrect(_ index: Int) throws -> Bool? {
    if ends(ranges[index], with: Self.yes) { return true }
    if ends(ranges[index], with: Self.no) { return false }
    if ends(ranges[index], with: Self.none) { return nil }
    let (text, value) = try document(index)
    guard let object = value.object, let mark = object["correct"] else {
      throw DocumentError("expected a prediction with \"correct\"", at: value.offset, of: text)
    }
    return mark.bool
  }

  /// A whole row.
  func row(_ index: Int) throws -> Row {
    let value = try document(index).value
    return Row(
      prompt: value["prompt"]?.string ?? "", label: value["label"]?.string ?? "",
      predict: value["predict"]?.string ?? "")
  }

  private func document(_ index: Int) throws -> (text: DocumentText, value: DocumentValue) {
    let bytes = withExtendedLifetime(file) { [UInt8](file.bytes[ranges[index]]) }
    let text = DocumentText(name: "\(file.path), line \(index + 1)", bytes: bytes)
    return (text, try JSONParser.parse(text))
  }

  private func ends(_ range: Range<Int>, with suffix: [UInt8]) -> Bool {
    guard range.count >= suffix.count else { return false }
    return withExtendedLifetime(file) {
      file.bytes[(range.upperBound - suffix.count)..<range.upperBound].elementsEqual(suffix)
    }
  }
}
