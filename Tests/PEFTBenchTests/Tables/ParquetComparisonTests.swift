import Foundation
import PEFTBench
import PEFTCore
import TableFiles
import Testing

/// Whether two values are the same: kinds, digits and order of keys.
func isSame(_ a: DocumentValue, _ b: DocumentValue) -> Bool {
  switch (a.content, b.content) {
  case (.null, .null): true
  case (.bool(let x), .bool(let y)): x == y
  case (.integer(let x), .integer(let y)): x == y
  case (.number(let x), .number(let y)): x == y
  case (.string(let x), .string(let y)): x.utf8.elementsEqual(y.utf8)
  case (.array(let x), .array(let y)): x.count == y.count && zip(x, y).allSatisfy { isSame($0, $1) }
  case (.object(let x), .object(let y)):
    x.keys == y.keys && zip(x.members, y.members).allSatisfy { isSame($0.value, $1.value) }
  default: false
  }
}

/// Compares the table at `path` with the rows at `expectedPath`, one by one.
func expectSameRows(
  _ path: String, asJSONL expectedPath: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws {
  let table = try TableFile.open(path: path)
  let rows = try table.rows()
  if table.rowCount == 0 {
    #expect(try rows.next() == nil, sourceLocation: sourceLocation)
    #expect(try Data(contentsOf: URL(fileURLWithPath: expectedPath)).isEmpty, sourceLocation: sourceLocation)
    return
  }
  let expected = try TableFile.open(path: expectedPath)
  var count = 0
  try expected.forEachRow { expectedRow in
    let row = try #require(try rows.next(), "row \(count) of \(path) is missing", sourceLocation: sourceLocation)
    let isEqual = isSame(DocumentValue(.object(row.object)), DocumentValue(.object(expectedRow.object)))
    try #require(isEqual, "row \(count) of \(path) differs", sourceLocation: sourceLocation)
    count += 1
  }
  #expect(try rows.next() == nil, "\(path) has too many rows", sourceLocation: sourceLocation)
  #expect(table.rowCount == count, sourceLocation: sourceLocation)
}

/// Files made by `scripts/golden/compare_parquet.py`, if a folder of them is given.
private let comparisonFolder = ProcessInfo.processInfo.environment["PEFT_BENCH_PARQUET_FOLDER"]

@Suite("Parquet comparison", .enabled(if: comparisonFolder != nil)) struct ParquetComparisonTests {
  @Test("Random files read as pyarrow wrote them") func random() throws {
    let folder = try #require(comparisonFolder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".parquet") }.sorted()
    #expect(!names.isEmpty)
    for name in names {
      let path = "\(folder)/\(name)"
      do {
        try expectSameRows(path, asJSONL: path.replacingOccurrences(of: ".parquet", with: ".jsonl"))
      } catch {
        Issue.record("\(error)")
      }
    }
  }
}
