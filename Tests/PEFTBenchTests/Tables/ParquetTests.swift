import Foundation
import PEFTBench
import PEFTCore
import PEFTTestSupport
import TableFiles
import Testing

/// Files written by `scripts/golden/make_parquet.py`, by name.
enum ParquetFixtures {
  static let folder = GoldenFixture("parquet").folder.path

  static let names: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { $0.hasSuffix(".parquet") }.map { String($0.dropLast(8)) }.sorted()

  static func path(_ name: String) -> String { "\(folder)/\(name).parquet" }

  /// The rows of a file: beside it, or shared by all files whose names begin alike; nil for one that must be refused.
  static func rowsPath(_ name: String) -> String? {
    [name, String(name.split(separator: "-")[0])].map { "\(folder)/\($0).jsonl" }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }
}

@Suite("Parquet") struct ParquetTests {
  static let refused = ["codec-brotli", "int96"]

  @Test("Every encoding, codec, type and nesting reads as pyarrow wrote it", arguments: ParquetFixtures.names)
  func fixtures(name: String) throws {
    guard !Self.refused.contains(name) else { return }
    let rows = try #require(ParquetFixtures.rowsPath(name))
    try expectSameRows(ParquetFixtures.path(name), asJSONL: rows)
  }

  @Test("All fixtures are there") func fixtureCount() { #expect(ParquetFixtures.names.count >= 39) }

  @Test("What is not read is refused by its name")
  func refusals() throws {
    let brotli = #expect(throws: TableError.self) {
      try TableFile.open(path: ParquetFixtures.path("codec-brotli")).allRows()
    }
    #expect(brotli?.message.contains("BROTLI") == true)
    let int96 = #expect(throws: TableError.self) {
      try TableFile.open(path: ParquetFixtures.path("int96")).allRows()
    }
    #expect(int96?.message.contains("INT96") == true)
  }

  @Test("Only the wanted columns are read, in the wanted order") func projection() throws {
    // The file has its label column's chunk last; without the others' bytes only that one can be read.
    var bytes = try ParquetFixtures.bytes("codec-snappy-v2")
    for i in 4..<200 { bytes[i] = 0xFF }
    let scratch = try TableScratch()
    let path = try scratch.write(bytes, as: "t.parquet")
    let labels = try TableFile.open(path: path, columns: ["label"]).allRows()
    let whole = try TableFile.open(path: ParquetFixtures.path("codec-snappy-v2"), columns: ["label", "premise"])
      .allRows()
    #expect(labels.count == 60)
    #expect(labels.map { $0["label"]?.integer } == whole.map { $0["label"]?.integer })
    #expect(whole[0].columns.names == ["label", "premise"])
    #expect(throws: TableError.self) { try TableFile.open(path: path).allRows() }
    let error = #expect(throws: TableError.self) { try TableFile.open(path: path, columns: ["lable"]) }
    #expect(error?.message.contains("did you mean \"label\"?") == true)
  }

  @Test("Names of classes come from the footer") func classLabels() throws {
    let table = try TableFile.open(path: ParquetFixtures.path("class-labels"))
    #expect(table.classLabels(of: "label") == ["entailment", "neutral", "contradiction"])
    #expect(table.classLabels(of: "premise") == nil)
    #expect(table.rowCount == 3)
    #expect(table.format == .parquet)
  }

  @Test("Shards read as one table with its number of rows") func shards() throws {
    let paths = ["groups", "class-labels", "codec-gzip-v1"].map(ParquetFixtures.path)
    let table = try TableFile.open(paths: paths)
    #expect(table.rowCount == 83)
    let rows = try table.allRows()
    #expect(rows.map(\.index) == Array(0..<83))
    #expect(rows[22].location.description == "\(paths[1]) row 2")
    #expect(table.classLabels(of: "label")?.count == 3)
  }

  @Test(
    "Files compressed as a whole are unpacked", arguments: ["rows.jsonl.gz", "rows-1.jsonl.zst", "rows-19.jsonl.zst"])
  func compressedFiles(name: String) throws {
    let folder = ParquetFixtures.folder
    let table = try TableFile.open(path: "\(folder)/\(name)")
    #expect(table.format == .jsonl)
    let found = try table.allRows()
    let expected = try TableFile.open(path: "\(folder)/rows.jsonl").allRows()
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) {
      #expect(isSame(DocumentValue(.object(a.object)), DocumentValue(.object(b.object))))
    }
  }
}

@Suite("Damaged Parquet files") struct DamagedParquetTests {
  /// Reads all of a file; what it throws must be an error about the file.
  private func read(_ bytes: [UInt8], _ scratch: TableScratch, name: String = "t.parquet") throws -> TableError? {
    let path = try scratch.write(bytes, as: name)
    do {
      try TableFile.open(path: path).forEachRow { _ in }
      return nil
    } catch let error as TableError {
      return error
    }
  }

  @Test(
    "A file cut off anywhere is an error with an offset",
    arguments: ["codec-snappy-v1", "nested-v2", "types", "groups"])
  func truncation(name: String) throws {
    let scratch = try TableScratch()
    let bytes = try ParquetFixtures.bytes(name)
    for length in stride(from: 0, to: bytes.count, by: 13) {
      let error = try read(Array(bytes[..<length]), scratch)
      #expect(error != nil, "\(name) cut to \(length) bytes")
    }
    let error = try read(bytes.dropLast(), scratch)
    #expect(error?.message.contains("end mark is missing") == true)
    guard case .byte = error?.place else {
      Issue.record("no offset in \(String(describing: error))")
      return
    }
  }

  @Test("A flipped byte in a page with a checksum is found") func checksum() throws {
    let scratch = try TableScratch()
    let whole = try ParquetFixtures.bytes("checksums")
    // The premises are stored plain, so their first letters stand in the file as they are.
    let needle = Array("the ".utf8)
    let place = try #require(whole.indices.first { whole[$0...].starts(with: needle) })
    var bytes = whole
    bytes[place] = UInt8(ascii: "T")
    let error = try read(bytes, scratch)
    #expect(error?.message.contains("checksum differs") == true)
    guard case .byte(_, let offset) = error?.place else {
      Issue.record("no offset in \(String(describing: error))")
      return
    }
    #expect(offset < place)
  }

  @Test(
    "A page that claims to be of another kind is no crash", arguments: ["nested-tiny-pages", "tiny-pages", "groups"])
  func pageKinds(name: String) throws {
    let scratch = try TableScratch()
    let whole = try ParquetFixtures.bytes(name)
    // A page header begins with field 1, an integer, then field 2: the kind is what comes between.
    let headers = whole.indices.dropLast(2).filter { whole[$0] == 0x15 && whole[$0 + 1] < 8 && whole[$0 + 2] == 0x15 }
    #expect(headers.count > 2)
    for header in headers.prefix(60) {
      for kind in [UInt8(0), 2, 4, 6] where kind != whole[header + 1] {
        var bytes = whole
        bytes[header + 1] = kind
        _ = try read(bytes, scratch)
      }
    }
  }

  @Test("Flipped bytes give rows or an error, never a crash", arguments: ParquetFixtures.names.filter { $0 != "noise" })
  func flips(name: String) throws {
    let scratch = try TableScratch()
    let whole = try ParquetFixtures.bytes(name)
    let random = SeedStream(1).child("flips").child(name)
    for round in 0..<60 {
      var bytes = whole
      let stream = random.child(round)
      for flip in 0..<1 + stream.integer(below: 3, at: 0) {
        let place = 4 + stream.integer(below: bytes.count - 4, at: 1 + 2 * flip)
        bytes[place] = UInt8(stream.integer(below: 256, at: 2 + 2 * flip))
      }
      _ = try read(bytes, scratch)
    }
  }
}
