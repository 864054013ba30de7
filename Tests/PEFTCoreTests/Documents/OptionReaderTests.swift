import PEFTCore
import Testing

@Suite("Option reader") struct OptionReaderTests {
  enum Schedule: String, CaseIterable { case constant, linear, cosine }

  func reader(_ json: String, path: String = "methods[0]") throws -> OptionReader {
    let text = DocumentText(name: "run.json", bytes: Array(json.utf8))
    return try OptionReader(
      value: JSONParser.parse(text, allowsComments: true), text: text, what: "method lora", path: path)
  }

  func message(_ json: String, _ read: (inout OptionReader) throws -> Void) -> String? {
    #expect(throws: DocumentError.self) {
      var reader = try reader(json)
      try read(&reader)
      try reader.finish()
    }?.description
  }

  @Test("Members are read with their types, and missing or null ones take the default") func values() throws {
    var reader = try reader(
      #"""
      {"rank": 16, "alpha": 2, "rate": 1e-4, "bias": null, "on": true, "targets": "k_proj",
       "layers": [0, 2], "beta": [1, 0.5, 2], "schedule": "linear", "name": "x", "r2": 4.0}
      """#)
    #expect(try reader.integer("rank", default: 8, in: 1...) == 16)
    #expect(try reader.number("alpha", default: 8, in: 0...) == 2)
    #expect(try reader.number("rate", in: Double.leastNonzeroMagnitude...) == 1e-4)
    #expect(try reader.string("bias", default: "none") == "none")
    #expect(try reader.bool("on", default: false))
    #expect(try reader.strings("targets", default: []) == ["k_proj"])
    #expect(try reader.optionalIntegers("layers", in: 0...) == [0, 2])
    #expect(try reader.numbers("beta", default: [1, 1, 1], count: 3, in: 0...) == [1, 0.5, 2])
    #expect(try reader.choice("schedule", default: Schedule.cosine) == .linear)
    #expect(try reader.optionalString("absent") == nil)
    #expect(try reader.optionalNumber("gone", in: 0...1) == nil)
    #expect(try reader.string("name") == "x")
    #expect(try reader.integer("r2") == 4)
    #expect(!reader.has("bias") && reader.has("on"))
    try reader.finish()
  }

  @Test("A wrong type or value is named with its place, what was expected and what was found") func mismatches() {
    #expect(
      message("{\n  \"rank\": \"8\"}") { _ = try $0.integer("rank", default: 1, in: 1...) }
        == "run.json:2:11: methods[0].rank: expected an integer ≥ 1, found a string (\"8\")")
    #expect(
      message(#"{"rank": 0}"#) { _ = try $0.integer("rank", default: 1, in: 1...) }
        == "run.json:1:10: methods[0].rank: expected an integer ≥ 1, found 0")
    #expect(
      message(#"{"dropout": 1}"#) { _ = try $0.number("dropout", default: 0, in: 0..<1) }
        == "run.json:1:13: methods[0].dropout: expected a number ≥ 0 and < 1, found 1")
    #expect(
      message(#"{"rate": 0}"#) { _ = try $0.number("rate", default: 1, in: Double.leastNonzeroMagnitude...) }
        == "run.json:1:10: methods[0].rate: expected a number > 0, found 0")
    #expect(
      message(#"{"alpha": true}"#) { _ = try $0.number("alpha", default: 0) }
        == "run.json:1:11: methods[0].alpha: expected a number, found true")
    #expect(
      message(#"{"rank": 2.5}"#) { _ = try $0.integer("rank", default: 0) }
        == "run.json:1:10: methods[0].rank: expected an integer, found 2.5")
    #expect(
      message(#"{"schedule": "cosin"}"#) { _ = try $0.choice("schedule", default: Schedule.linear) }
        == "run.json:1:14: methods[0].schedule: expected one of constant, linear, cosine, "
        + "found a string (\"cosin\"); did you mean \"cosine\"?")
    #expect(
      message(#"{"targets": ["k", 3]}"#) { _ = try $0.strings("targets", default: []) }
        == "run.json:1:19: methods[0].targets[1]: expected a string, found 3")
    #expect(
      message(#"{"beta": [1]}"#) { _ = try $0.numbers("beta", default: [], count: 3) }
        == "run.json:1:10: methods[0].beta: expected a list of 3 numbers, found 1")
    #expect(
      message("{}") { _ = try $0.string("name") }
        == "run.json:1:1: methods[0].name: missing; method lora needs this key")
    #expect(
      #expect(throws: DocumentError.self) { try reader("[]") }?.description
        == "run.json:1:1: methods[0]: expected an object, found a list")
  }

  @Test("An unknown key is refused with the nearest valid one and the list of all") func unknownKeys() {
    #expect(
      message("{\"rank\": 1,\n \"aplha\": 2}") {
        _ = try $0.integer("rank", default: 1)
        _ = try $0.number("alpha", default: 1)
      }
        == "run.json:2:2: methods[0].aplha: unknown key in method lora; did you mean \"alpha\"? "
        + "Valid keys: rank, alpha")
    #expect(
      message(#"{"zzzzzz": 1}"#) { _ = try $0.integer("rank", default: 1) }
        == "run.json:1:2: methods[0].zzzzzz: unknown key in method lora. Valid keys: rank")
  }

  @Test("Another spelling of a key is taken, but not both") func aliases() throws {
    var one = try reader(#"{"r": 4}"#)
    one.alias("r", of: "rank")
    #expect(try one.integer("rank", default: 8) == 4)
    try one.finish()
    #expect(
      message(#"{"rank": 4, "r": 4}"#) {
        $0.alias("r", of: "rank")
        _ = try $0.integer("rank", default: 8)
      } == "run.json:1:13: methods[0].r: means the same as \"rank\"; give one of them")
  }

  @Test("Objects inside keep the dotted path") func children() throws {
    var outer = try reader(#"{"training": {"epoch": 1}}"#, path: "")
    var inner = try outer.object("training")
    _ = try inner.integer("epochs", default: 1)
    let error = #expect(throws: DocumentError.self) { try inner.finish() }
    #expect(
      error?.description
        == "run.json:1:15: training.epoch: unknown key in training; did you mean \"epochs\"? Valid keys: epochs")
    var missing = try outer.object("evaluation")
    #expect(try missing.integer("batch_size", default: 8) == 8)
  }

  @Test("The same reading code describes its options") func descriptions() throws {
    let options = try OptionReader.describing { reader in
      reader.alias("r", of: "rank")
      _ = try reader.integer("rank", default: 8, in: 1..., about: "inner dimension")
      _ = try reader.string("name")
      _ = try reader.choice("schedule", default: Schedule.cosine)
      _ = try reader.optionalStrings("target_modules")
      try reader.finish()
    }
    #expect(options.map(\.name) == ["rank", "name", "schedule", "target_modules"])
    #expect(options[0].defaultValue == "8" && options[0].range == "≥ 1" && options[0].names == ["rank", "r"])
    #expect(options[0].about == "inner dimension" && options[0].kind == .integer)
    #expect(options[1].isRequired && !options[0].isRequired)
    #expect(options[2].choices == ["constant", "linear", "cosine"])
    #expect(options[3].kind.isList && options[3].defaultValue == nil)
  }

  @Test("A value from an appended text is located there") func appendedTexts() throws {
    var text = DocumentText(name: "run.json", bytes: Array("{}".utf8))
    let addition = DocumentText(name: "--set rank=x", bytes: Array("  \"x\"".utf8))
    let start = text.append(addition)
    let value = try JSONParser.parse(addition).shifted(by: start)
    #expect(text.location(of: value.offset) == SourceLocation(file: "--set rank=x", line: 1, column: 3))
    #expect(text.location(of: 2) == SourceLocation(file: "run.json", line: 1, column: 3))
  }

  @Test(
    "Unquoted words mean what YAML's core schema says",
    arguments: [
      ("1e-4", 1e-4), ("1E5", 1e5), ("-.5", -0.5), ("+2.", 2), ("6.02e+23", 6.02e23), (".5e3", 500), ("1.5e-3", 0.0015),
    ]) func plainNumbers(word: String, value: Double)
  {
    guard case .number(let number) = PlainScalar.content(of: word) else {
      Issue.record("\(word) is no number")
      return
    }
    #expect(number == value)
  }

  @Test(
    "Words that only look like numbers or truth values stay strings",
    arguments: ["1_000", "1:30", "yes", "no", "on", ".", "-", "+", "e5", "1e", "0x10", ".inf", ".nan", "1.2.3", "nul"])
  func plainStrings(word: String) {
    guard case .string(word) = PlainScalar.content(of: word) else {
      Issue.record("\(word) is no string")
      return
    }
  }
}
