import Foundation
import PEFTBench
import PEFTCore
import TableFiles
import Testing

/// A folder that is removed with the value.
final class TableScratch {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tables-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ text: String, as name: String = "table") throws -> String { try write(Array(text.utf8), as: name) }

  func write(_ bytes: [UInt8], as name: String) throws -> String {
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file.path
  }
}

/// Strings of the rows by column, `nil` where there is no value.
private func strings(_ table: any TableReader) throws -> [[String?]] {
  try table.allRows().map { row in table.columns.map { row[$0]?.string } }
}

/// The message of the error that `body` throws, without the folder of the file.
private func complaint(_ body: () throws -> Void) -> String? {
  let error = #expect(throws: TableError.self, performing: body)
  return error.map { $0.description.components(separatedBy: "/").last ?? "" }
}

@Suite("JSON tables") struct JSONTableTests {
  @Test("Rows of a JSONL file keep values, line numbers and missing keys") func lines() throws {
    let scratch = try TableScratch()
    let path = try scratch.write(
      "\u{FEFF}{\"a\": 1, \"b\": [\"x\"]}\n\n  \r\n{\"b\": null, \"c\": {\"d\": 2.5}}\r\n{}", as: "t.jsonl")
    let table = try TableFile.open(path: path)
    #expect(table.format == .jsonl)
    #expect(table.columns == ["a", "b"])
    let rows = try table.allRows()
    #expect(rows.map(\.index) == [0, 1, 2])
    #expect(rows.map(\.location.description) == ["\(path):1", "\(path):4", "\(path):5"])
    #expect(rows[0]["a"]?.integer == 1)
    #expect(rows[0]["b"]?.array?.first?.string == "x")
    #expect(rows[1]["a"] == nil)
    #expect(rows[1]["b"] == nil)
    #expect(rows[1]["c"]?["d"]?.number == 2.5)
    #expect(rows[2].values.isEmpty)
    #expect(
      complaint { _ = try rows[1].required("B") }
        == "t.jsonl:4: there is no column \"B\"; did you mean \"b\"? (columns: \"b\", \"c\")")
    #expect(complaint { _ = try rows[1].required("b") } == "t.jsonl:4: column \"b\" is null here")
  }

  @Test("A mistake in a JSONL line is reported at its line and column, or dropped if asked") func badLine() throws {
    let scratch = try TableScratch()
    let path = try scratch.write("{\"a\": 1}\n\n{\"a\": x}\n[1]\n{\"a\": 2}\n", as: "t.jsonl")
    #expect(complaint { _ = try TableFile.open(path: path).allRows() } == "t.jsonl:3:7: expected a value, found 'x'")
    let rows = try TableFile.open(path: path, options: TableOptions(badRows: .drop)).rows()
    var values: [Int?] = []
    while let row = try rows.next() { values.append(row["a"]?.integer) }
    #expect(values == [1, 2])
    #expect(rows.droppedRows.count == 2)
    #expect(rows.droppedRows.last?.message == "expected an object for each row, found a list")
  }

  @Test("A JSON list gives its elements one by one") func list() throws {
    let scratch = try TableScratch()
    let text = " [\n{\"a\": \"}]\\\"{\"},\n  {\"a\": [[1], {\"b\": 2}]} , {\"a\": 3}\n]\n"
    let table = try TableFile.open(path: try scratch.write(text, as: "t.json"))
    let rows = try table.allRows()
    #expect(table.format == .json)
    #expect(rows[0]["a"]?.string == "}]\"{")
    #expect(rows[1]["a"]?.array?.last?["b"]?.integer == 2)
    #expect(rows.map(\.location.description).last?.hasSuffix("t.json:3") == true)
    #expect(try TableFile.open(path: try scratch.write("[]", as: "e.json")).allRows().isEmpty)
  }

  @Test(
    "Mistakes in a JSON list are reported at their place",
    arguments: [
      ("[{\"a\": 1},\n {\"a\": y}]", "t.json:2:8: expected a value, found 'y'"),
      ("[{\"a\": 1} {}]", "t.json:1:11: expected ',', found '{'"),
      ("[{\"a\": 1},]", "t.json:1:11: expected an object for each row, found ']'"),
      ("[1]", "t.json:1:2: expected an object for each row, found '1'"),
      ("[{\"a\": 1}] x", "t.json:1:12: expected the end of the file after the list, found 'x'"),
      ("[{\"a\": 1},\n{\"a\": [", "t.json:2:8: expected a value, found the end of the file"),
      ("[{\"a\": 1}", "t.json:1:10: expected ',', found the end of the file"),
    ]) func badList(text: String, expected: String) throws
  {
    let scratch = try TableScratch()
    let path = try scratch.write(text, as: "t.json")
    #expect(complaint { _ = try TableFile.open(path: path).allRows() } == expected)
  }

  @Test(
    "Records longer than a read and files longer than a window come back whole", arguments: ["jsonl", "json", "csv"])
  func windows(kind: String) throws {
    let scratch = try TableScratch()
    let texts = (0..<900).map { String(repeating: "line \($0) ", count: $0 == 450 ? 200_000 : $0 % 97) }
    let text: String
    switch kind {
    case "jsonl": text = texts.map { "{\"a\": \"\($0)\"}\n" }.joined()
    case "json": text = "[" + texts.map { "{\"a\": \"\($0)\"}" }.joined(separator: ",\n") + "]"
    default: text = "a,b\n" + texts.map { "\"\($0)\n\"\"\",1\r\n" }.joined()
    }
    let table = try TableFile.open(path: try scratch.write(text, as: "t.\(kind)"))
    let found = try table.allRows().map { $0["a"]?.string }
    #expect(found == texts.map { kind == "csv" ? $0 + "\n\"" : $0 })
  }

  @Test("Projected rows have the wanted columns in the wanted order") func projection() throws {
    let scratch = try TableScratch()
    let path = try scratch.write("{\"a\": 1, \"b\": 2, \"c\": 3}\n{\"a\": 4}\n", as: "t.jsonl")
    let table = try TableFile.open(path: path, columns: ["c", "a"])
    #expect(table.columns == ["c", "a"])
    let rows = try table.allRows()
    #expect(rows[0].values.map(\.integer) == [3, 1])
    #expect(rows[1].values.map(\.integer) == [nil, 4])
  }

  @Test("A wanted column that no row has is an error, one that a later row has is not", arguments: ["jsonl", "json"])
  func missingColumn(_ kind: String) throws {
    let scratch = try TableScratch()
    let rows = ["{\"a\": 1}", "{\"a\": 2, \"label\": \"x\"}"]
    let path = try scratch.write(
      kind == "json" ? "[\(rows.joined(separator: ","))]" : rows.joined(separator: "\n"), as: "t.\(kind)")
    #expect(try TableFile.open(path: path, columns: ["label"]).allRows().map { $0["label"]?.string } == [nil, "x"])
    #expect(
      complaint { _ = try TableFile.open(path: path, columns: ["lable"]) }
        == "t.\(kind): there is no column \"lable\"; did you mean \"label\"? (columns: \"a\", \"label\")")
    #expect(
      complaint { _ = try TableFile.open(path: path, columns: ["a", "a"]) }
        == "t.\(kind): column \"a\" is asked for twice")
  }
}

@Suite("Delimited tables") struct DelimitedTableTests {
  @Test("CSV fields keep quoted delimiters, line breaks and quote marks") func quoting() throws {
    let scratch = try TableScratch()
    let text = "\u{FEFF}id,text,note\r\n1,\"a, \"\"b\"\"\r\nc\",\r\n\r\n2,it's \"so\",\"\"\n3,é,\"last\""
    let table = try TableFile.open(path: try scratch.write(text, as: "t.csv"))
    #expect(table.format == .csv)
    #expect(table.columns == ["id", "text", "note"])
    #expect(try strings(table) == [["1", "a, \"b\"\r\nc", ""], ["2", "it's \"so\"", ""], ["3", "é", "last"]])
    #expect(
      try table.allRows().map(\.location.description).map { $0.suffix(8) } == ["/t.csv:2", "/t.csv:5", "/t.csv:6"])
  }

  @Test("Quote marks in a TSV file are text") func tabs() throws {
    let scratch = try TableScratch()
    let path = try scratch.write("index\tquestion\tsentence\n0\t\"Who\twas \"\"it\n1\t\tx, y\n", as: "QNLI.tsv")
    #expect(try strings(TableFile.open(path: path)) == [["0", "\"Who", "was \"\"it"], ["1", "", "x, y"]])
    let quoted = try scratch.write("a\tb\n\"x\ty\"\t1\n", as: "q.tsv")
    #expect(try strings(TableFile.open(path: quoted, options: .init(quoting: .rfc4180))) == [["x\ty", "1"]])
  }

  @Test("A file without a header is seen as such, or told") func header() throws {
    let scratch = try TableScratch()
    let path = try scratch.write("gj04\t1\t\tOur friends won't.\ngj05\t0\t*\tThe book.\n", as: "cola.tsv")
    let table = try TableFile.open(path: path)
    #expect(table.columns == ["column_1", "column_2", "column_3", "column_4"])
    #expect(try table.allRows().count == 2)
    let names = TableOptions(header: .names(["source", "label", "mark", "sentence"]))
    let named = try TableFile.open(path: path, columns: ["sentence", "label"], options: names)
    #expect(try strings(named) == [["Our friends won't.", "1"], ["The book.", "0"]])
    #expect(try TableFile.open(path: path, options: .init(header: .present)).allRows().count == 1)
    let plain = try scratch.write("good\tpos\nbad\tneg\n", as: "plain.tsv")
    #expect(try TableFile.open(path: plain, options: .init(header: .absent)).allRows().count == 2)
  }

  @Test("A ragged row is an error with its line and counts, or dropped if asked") func ragged() throws {
    let scratch = try TableScratch()
    let path = try scratch.write("id\tq1\tq2\n1\ta\tb\n2\ta\n3\tc\td\n", as: "qqp.tsv")
    #expect(complaint { _ = try TableFile.open(path: path).allRows() } == "qqp.tsv:3: found 2 fields, expected 3")
    let rows = try TableFile.open(path: path, options: .init(badRows: .drop)).rows()
    #expect(try rows.next()?["id"]?.string == "1")
    #expect(try rows.next()?["id"]?.string == "3")
    #expect(try rows.next() == nil)
    #expect(rows.droppedRows.map(\.message) == ["found 2 fields, expected 3"])
  }

  @Test(
    "Mistakes are reported at their place",
    arguments: [
      ("a,b\n1,\"x\" y\n", "t.csv:2:6: text follows the quote mark that ends this field"),
      ("a,b\n1,\"x\ny", "t.csv:2:3: this quoted field does not end"),
      ("a,a\n1,2\n", "t.csv:1: duplicate column \"a\" in the header"),
      (
        "a,b\rx,y\rz,w\r",
        "t.csv:1: a carriage return stands in the first line; lines end in LF or CR LF, not in CR alone"
      ),
    ]) func mistakes(text: String, expected: String) throws
  {
    let scratch = try TableScratch()
    let path = try scratch.write(text, as: "t.csv")
    #expect(complaint { _ = try TableFile.open(path: path).allRows() } == expected)
  }

  @Test("What is no table, or lacks a column, is refused with what it is") func refusals() throws {
    let scratch = try TableScratch()
    let csv = try scratch.write("sentence,label\nx,1\n", as: "t.csv")
    #expect(
      complaint { _ = try TableFile.open(path: csv, columns: ["sentense"]) }
        == "t.csv: there is no column \"sentense\"; did you mean \"sentence\"? (columns: \"sentence\", \"label\")")
    let arrow = try scratch.write("ARROW1\0\0", as: "t.arrow")
    #expect(complaint { _ = try TableFile.open(path: arrow) }?.contains("an Arrow IPC file") == true)
    let empty = try scratch.write("", as: "e.jsonl")
    #expect(complaint { _ = try TableFile.open(path: empty) }?.contains("empty") == true)
    let latin = try scratch.write([0x61, 0x2C, 0xE9, 0x0A], as: "l.csv")
    #expect(complaint { _ = try TableFile.open(path: latin) }?.contains("UTF-8") == true)
    #expect(complaint { _ = try TableFile.open(path: scratch.folder.path + "/none") }?.contains("No such file") == true)
    #expect(complaint { _ = try TableFile.open(path: scratch.folder.path) }?.contains("is a folder") == true)
  }
}

@Suite("Sharded tables") struct ShardedTableTests {
  @Test("Shards are one table whose rows are numbered on") func shards() throws {
    let scratch = try TableScratch()
    let paths = try (0..<3).map { try scratch.write("a,b\n\($0),x\n\($0),y\n", as: "t-\($0).csv") }
    let table = try TableFile.open(paths: paths)
    let rows = try table.allRows()
    #expect(rows.map(\.index) == Array(0..<6))
    #expect(rows.map { $0["a"]?.string } == ["0", "0", "1", "1", "2", "2"])
    #expect(rows[3].location == .line(file: paths[1], line: 3))
    let other = try scratch.write("a,c\n1,2\n", as: "other.csv")
    let error = #expect(throws: TableError.self) { try TableFile.open(paths: [paths[0], other]) }
    #expect(error?.message == "this shard lacks the column \"b\", unlike \(paths[0])")
  }
}
