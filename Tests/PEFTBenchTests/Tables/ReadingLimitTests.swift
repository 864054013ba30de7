import Foundation
import PEFTBench
import PEFTCore
import PEFTTestSupport
import TableFiles
import Testing

/// Files that would cost far more memory or work than their size lets anybody expect.
///
/// The Parquet files are made by `scripts/golden/make_bombs.py`.
@Suite("Reading limits") struct ReadingLimitTests {
  static let folder = GoldenFixture("bombs").folder.path

  static func readFirstRow(_ path: String) throws { _ = try TableFile.open(path: path).rows().next() }

  @Test(
    "A Parquet file of a few kilobytes that unpacks to gigabytes is refused with its place",
    arguments: [
      ("columns", "the pages of the columns that are read together would take more than"),
      ("text", "the pages of the columns that are read together would take more than"),
      ("rows", "it states 16777216 rows in 1813 bytes"),
    ])
  func parquetBombs(name: String, message: String) throws {
    let error = try #require(throws: TableError.self) { try Self.readFirstRow("\(Self.folder)/\(name).parquet") }
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.contains("\(name).parquet, byte "))
  }

  @Test("One column of such a file can be read")
  func oneColumn() throws {
    let table = try TableFile.open(path: "\(Self.folder)/columns.parquet", columns: ["c7"])
    let rows = try table.rows()
    for _ in 0..<3 { #expect(try rows.next()?.values.first?.integer == 7) }
  }

  @Test("A row without an end is refused before it fills the memory", arguments: ["json", "jsonl", "csv"])
  func endlessRow(kind: String) throws {
    let path = NSTemporaryDirectory() + "endless-\(UUID().uuidString).\(kind)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let beginning =
      switch kind {
      case "json": "[{\"a\": \""
      case "jsonl": "{\"a\": \""
      default: "a,b\n\"x"
      }
    #expect(FileManager.default.createFile(atPath: path, contents: Data(beginning.utf8)))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    // Enough text to be taken for some; then a hole, so that 4 GiB take no place.
    try handle.write(contentsOf: Data(repeating: UInt8(ascii: "x"), count: 1 << 17))
    try handle.truncate(atOffset: 4 << 30)
    try handle.close()
    let error = try #require(throws: TableError.self) { try Self.readFirstRow(path) }
    #expect(error.description.contains("does not end within 64 MiB"), "\(error)")
  }

  @Test("Devices are refused, and a pipe without a writer is empty instead of waited for")
  func devicesAndPipes() throws {
    for device in ["/dev/zero", "/dev/null", "/dev/random"] {
      let error = try #require(throws: TableError.self) { try Self.readFirstRow(device) }
      #expect(error.description == "\(device): is a device; expected a file")
    }
    let pipe = NSTemporaryDirectory() + "pipe-\(UUID().uuidString)"
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { try? FileManager.default.removeItem(atPath: pipe) }
    let error = try #require(throws: TableError.self) { try Self.readFirstRow(pipe) }
    #expect(error.description.contains("the file is empty"))
  }
}
