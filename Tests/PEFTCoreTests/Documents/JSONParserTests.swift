import PEFTCore
import Testing

@Suite("JSON") struct JSONParserTests {
  func parse(_ text: String, comments: Bool = false) throws -> DocumentValue {
    try JSONParser.parse(DocumentText(name: "x.json", bytes: Array(text.utf8)), allowsComments: comments)
  }

  @Test("Values of every kind keep their content") func values() throws {
    let value = try parse(#"{"a": [1, -2.5e3, true, null, "x\n\u00e9\ud83d\ude00"], "b": {}}"#)
    #expect(value.object?.keys == ["a", "b"])
    let list = try #require(value["a"]?.array)
    #expect(list[0].integer == 1)
    #expect(list[1].number == -2500)
    #expect(list[2].bool == true)
    #expect(list[3].isNull)
    #expect(list[4].string == "x\né😀")
  }

  @Test(
    "A mistake is reported with its line and column",
    arguments: [
      ("{\"a\": 1,\n \"a\": 2}", 2, 2), ("[1,]", 1, 4), ("[01]", 1, 2), ("{\"a\" 1}", 1, 6), ("\"\\x\"", 1, 2),
      ("[1] 2", 1, 5), ("nul", 1, 1), ("\"abc", 1, 1), ("", 1, 1), ("\"\\ud800\"", 1, 2), ("[1e999]", 1, 2),
    ]) func mistakes(text: String, line: Int, column: Int)
  {
    let error = #expect(throws: DocumentError.self) { try parse(text) }
    #expect(error?.location == SourceLocation(file: "x.json", line: line, column: column))
  }

  @Test("Comments and trailing commas are taken only where asked for") func comments() throws {
    let text = "{ // one\n \"a\": [1, 2,], /* two */ }"
    #expect(try parse(text, comments: true)["a"]?.array?.count == 2)
    #expect(throws: DocumentError.self) { try parse(text) }
  }

  @Test("Two spellings of one character are two keys") func equivalentKeys() throws {
    let value = try parse("{\"\\u00e9\": 1, \"e\\u0301\": 2}")
    #expect(value.object?.members.map(\.value.integer) == [1, 2])
  }

  @Test("Deep nesting is an error, not a crash") func depth() {
    #expect(throws: DocumentError.self) { try parse(String(repeating: "[", count: 100_000)) }
  }
}
