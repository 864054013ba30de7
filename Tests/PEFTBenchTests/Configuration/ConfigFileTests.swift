import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Config file") struct ConfigFileTests {
  func read(_ text: String, name: String = "run.yaml", set: [String] = [], environment: [String: String] = [:]) throws
    -> ConfigFile
  {
    try ConfigFile.read(
      DocumentText(name: name, bytes: Array(text.utf8)), overrides: set, environment: environment)
  }

  func json(_ text: String, set: [String] = [], environment: [String: String] = [:]) throws -> String {
    JSONValue(try read(text, set: set, environment: environment).value).compactText
  }

  func message(_ text: String, set: [String] = [], environment: [String: String] = [:]) -> String? {
    #expect(throws: DocumentError.self) { try read(text, set: set, environment: environment) }?.description
  }

  @Test("JSON with comments and YAML give the same values") func formats() throws {
    let yaml = try read("a: [1, two]\nb: {c: null}\n")
    let json = try read("// x\n{\"a\": [1, \"two\",], \"b\": {\"c\": null}}", name: "run.json")
    let other = try read("{\"a\": [1, \"two\",], \"b\": {\"c\": null}}", name: "run.conf")
    #expect(json.value.hasSameContent(as: yaml.value) && other.value.hasSameContent(as: yaml.value))
  }

  @Test("A config is an object") func notAnObject() {
    #expect(message("") == "run.yaml:1:1: expected a config with keys and values, found nothing")
    #expect(message("- a\n") == "run.yaml:1:1: expected a config with keys and values, found a list")
  }

  @Test(
    "Overrides replace and add members",
    arguments: [
      ("a: 1", "a=2", #"{"a":2}"#), ("a: 1", "b.c=x y", #"{"a":1,"b":{"c":"x y"}}"#),
      ("a: {b: 1, c: 2}", "a.b=[4, 8]", #"{"a":{"b":[4,8],"c":2}}"#), ("a: [1, 2]", "a.1=1e-3", #"{"a":[1,0.001]}"#),
      (
        "methods: [ia3, {name: lora, rank: 4}]", "methods.lora.rank=8", #"{"methods":["ia3",{"name":"lora","rank":8}]}"#
      ),
      ("methods: [ia3]", "methods.ia3.x=true", #"{"methods":[{"name":"ia3","x":true}]}"#),
      (
        "methods: [{name: a}, {name: a, label: b}]", "methods.a.r=1",
        #"{"methods":[{"name":"a","r":1},{"name":"a","label":"b","r":1}]}"#
      ),
      (
        "methods: [{name: a}, {name: a, label: b}]", "methods.b.r=1",
        #"{"methods":[{"name":"a"},{"name":"a","label":"b","r":1}]}"#
      ),
      ("model: x/y", "model.dtype=auto", #"{"model":{"path":"x/y","dtype":"auto"}}"#),
      ("a: null", "a.b=null", #"{"a":{"b":null}}"#), ("a: 1", "a=", #"{"a":null}"#), ("a: 1", "a=\"\"", #"{"a":""}"#),
      ("a: 1", "a=x=${Y}, z", #"{"a":"x=${Y}, z"}"#), ("a: 1", "a={b: [c]}", #"{"a":{"b":["c"]}}"#),
    ]) func overrides(text: String, set: String, expected: String) throws
  {
    #expect(try json(text, set: [set]) == expected)
  }

  @Test("Several overrides apply in order") func overrideOrder() throws {
    #expect(try json("a: 1", set: ["b.c=1", "b.d=2", "b.c=3"]) == #"{"a":1,"b":{"c":3,"d":2}}"#)
  }

  @Test("A mistake in an override is named by the override") func overrideMistakes() {
    #expect(message("a: 1", set: ["a"]) == "--set a: expected KEY=VALUE, such as training.epochs=3")
    #expect(message("a: 1", set: ["a.b=1"]) == "--set a.b=1: a is 1 and has no member \"b\"")
    #expect(message("a: [1]", set: ["a.1=1"]) == "--set a.1=1: a has 1 elements, so no element 1")
    #expect(
      message("methods: [lora, ia3]", set: ["methods.lroa.rank=1"])
        == "--set methods.lroa.rank=1: methods has no element \"lroa\"; did you mean \"lora\"? It has: lora, ia3")
    #expect(
      message("methods: [lora, ia3]", set: ["methods.foo.rank=5"])
        == "--set methods.foo.rank=5: methods has no element \"foo\". It has: lora, ia3")
    #expect(message("a: [[1]]", set: ["a.b=1"]) == "--set a.b=1: a has no element \"b\"")
    #expect(message("a: 1", set: ["a=[1"]) == "--set a=[1: this list does not end")
    #expect(message("a: 1", set: ["a..b=1"]) != nil)
  }

  @Test(
    "References to the environment are replaced",
    arguments: [
      ("a: ${X}/b", #"{"a":"one/b"}"#), ("a: '${X}${X}'", #"{"a":"oneone"}"#), ("a: ${NO:-d e}", #"{"a":"d e"}"#),
      ("a: ${EMPTY:-d}", #"{"a":"d"}"#), ("a: ${EMPTY}", #"{"a":""}"#), ("a: ${NO:-${X}/y}", #"{"a":"one/y"}"#),
      ("a: $$X $X $", #"{"a":"$X $X $"}"#), ("a: [${X}, {b: ${NO:-}}]", #"{"a":["one",{"b":""}]}"#),
      ("a: $${X}", #"{"a":"${X}"}"#),
    ]) func environment(text: String, expected: String) throws
  {
    #expect(try json(text, environment: ["X": "one", "EMPTY": ""]) == expected)
  }

  @Test("An unset variable and a broken reference are located") func environmentMistakes() {
    #expect(
      message("a: 1\nb: ${NO}")
        == "run.yaml:2:4: the environment variable NO is not set; set it, or write ${NO:-default}")
    #expect(message("a: ${X")?.hasPrefix("run.yaml:1:4: a '${' without its '}'") == true)
    #expect(message("a: ${X-y}", environment: ["X": "1"])?.contains("expected ${NAME}") == true)
    #expect(message("a: " + String(repeating: "${A:-", count: 40) + String(repeating: "}", count: 40)) != nil)
  }

  @Test("An overridden reference need not be set") func overriddenReference() throws {
    #expect(try json("a: ${NO}", set: ["a=1"]) == #"{"a":1}"#)
  }

  @Test("A reference stands for a number where one is wanted, and for a string where that is") func referenceTypes()
    throws
  {
    let file = try read("a: ${N}\nb: '${N}'\nc: '8'", environment: ["N": "8"])
    var reader = try file.reader()
    #expect(try reader.integer("a", in: 1...) == 8)
    #expect(try reader.number("b") == 8)
    #expect(try reader.string("a") == "8")
    #expect(throws: DocumentError.self) { try reader.integer("c", in: 1...) }
  }

  @Test("A file that cannot be read is named") func missingFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "config-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("a: 1".utf8).write(to: folder.appending(path: "sst2.yaml"))
    let missing = #expect(throws: ConfigFileError.self) {
      try ConfigFile.load(path: folder.path + "/sts2.yaml")
    }
    #expect(missing?.description.hasSuffix("there is no such file; did you mean \(folder.path)/sst2.yaml?") == true)
    #expect(throws: ConfigFileError.self) { try ConfigFile.load(path: folder.path) }
    let file = try ConfigFile.load(path: folder.path + "/sst2.yaml", environment: ["HOME": "/home/a"])
    #expect(file.resolve("sst2.yaml") == folder.path + "/sst2.yaml")
    #expect(file.resolve("org/model") == "org/model")
    #expect(file.resolve("~/x") == "/home/a/x")
  }
}
