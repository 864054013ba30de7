import PEFTCore
import Testing

@Suite("JSON writer") struct JSONWriterTests {
  @Test("Members keep their order, and setting one again keeps its place") func order() {
    var value: JSONValue = ["b": 1, "a": [true, nil, "x"]]
    value["c"] = ["d": 0.5]
    value["b"] = 2
    #expect(value.compactText == #"{"b":2,"a":[true,null,"x"],"c":{"d":0.5}}"#)
    value["a"] = nil
    #expect(value.compactText == #"{"b":2,"c":{"d":0.5}}"#)
    #expect(value.line.last == 0x0A)
  }

  @Test(
    "Numbers have the fewest digits that read back, and NaN is null",
    arguments: [
      (0.1, "0.1"), (1e-4, "0.0001"), (1e-7, "1e-07"), (84.0, "84.0"), (1e300, "1e+300"), (-0.0, "-0.0"),
      (.nan, "null"), (.infinity, "null"), (0.1 + 0.2, "0.30000000000000004"),
    ]) func numbers(value: Double, text: String) throws
  {
    #expect(JSONValue(value).compactText == text)
    guard value.isFinite else { return }
    #expect(try JSONParser.parse(DocumentText(name: "x", bytes: Array(text.utf8))).number == value)
  }

  @Test("A Float is written as the decimal that a Float reads back") func floats() {
    #expect(JSONValue(Float(0.1)).compactText == "0.1")
    #expect(JSONValue(Float.nan).compactText == "null")
  }

  @Test("Every string survives being written and read") func strings() throws {
    let text = "\"\\/\u{0}\u{1F}\u{7F}\n\r\t\u{8}\u{C}é\u{2028}😀"
    let written = JSONValue(text).compactText
    #expect(written.hasPrefix(#""\"\\/\u0000\u001f"# + "\u{7F}" + #"\n\r\t\b\f"#))
    #expect(try JSONParser.parse(DocumentText(name: "x", bytes: Array(written.utf8))).string == text)
  }

  @Test("Pretty text puts lists of scalars on one line") func pretty() {
    let value: JSONValue = ["a": [1, 2], "b": [["c": []]], "d": [:]]
    #expect(
      value.prettyText == """
        {
          "a": [1, 2],
          "b": [
            {
              "c": []
            }
          ],
          "d": {}
        }

        """)
  }

  @Test("A document read and written again is the same") func document() throws {
    let text = #"{"z":[1,-2.5,true,null,"x"],"a":{"b":{}}}"#
    let value = try JSONParser.parse(DocumentText(name: "x", bytes: Array(text.utf8)))
    #expect(JSONValue(value).compactText == text)
  }
}
