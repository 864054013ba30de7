import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Folders of tokenizer files, against what transformers makes of them (scripts/golden/make_tokenizer_folders.py).
@Suite("Tokenizers in several files") struct TokenizerFolderTests {
  private static let fixture = GoldenFixture("tokenizer_folders")

  /// Writes a fixture's files into a folder.
  private func write(_ entry: DocumentValue, of fixture: DocumentValue, to folder: String) throws {
    func save(_ value: JSONValue, _ name: String) throws {
      try value.compactText.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
    }
    for member in entry["files"]?.object?.members ?? [] { try save(JSONValue(member.value), member.key) }
    if let name = entry["base"]?.string {
      var base = JSONValue(try #require(fixture["bases"]?[name]))
      base["added_tokens"] = entry["added_tokens"].map { JSONValue($0) } ?? .array([])
      try save(base, "tokenizer.json")
      return
    }
    let model = try #require(fixture["bases"]?["gpt2"]?["model"])
    try save(JSONValue(try #require(model["vocab"])), "vocab.json")
    let merges = try #require(model["merges"]?.array).map { merge in
      merge.string ?? (merge.array ?? []).compactMap(\.string).joined(separator: " ")
    }
    try ("#version: 0.2\n" + merges.joined(separator: "\n") + "\n")
      .write(toFile: folder + "/merges.txt", atomically: false, encoding: .utf8)
  }

  @Test("Special tokens, added tokens and ids are those of transformers") func folders() throws {
    let fixture = try Self.fixture.json("folders.json")
    let lines = try #require(fixture["lines"]?.array).compactMap(\.string)
    let entries = try #require(fixture["folders"]?.array)
    #expect(entries.count >= 13)
    for entry in entries {
      let name = try #require(entry["name"]?.string)
      try withTemporaryFolder { folder in
        try write(entry, of: fixture, to: folder)
        let modelType = entry["files"]?["config.json"]?["model_type"]?.string
        let files = TokenizerFolder(path: folder, modelType: modelType)
        let (tokenizer, configuration) = (try files.tokenizer(), try files.configuration())
        #expect(configuration.beginningOfText == entry["bos"]?.string, "\(name)")
        #expect(configuration.endOfText == entry["eos"]?.string, "\(name)")
        #expect(configuration.padding == entry["pad"]?.string, "\(name)")
        for (line, ids) in zip(lines, try #require(entry["ids"]?.array)) {
          let expected = try #require(ids.array).compactMap(\.integer)
          #expect(tokenizer.encode(line, addSpecialTokens: false).map(Int.init) == expected, "\(name): \(line)")
        }
        let added = try #require(entry["added"]?.object).members.map { ($0.key, $0.value.integer ?? -1) }
        #expect(tokenizer.addedTokens.count == added.count, "\(name)")
        let special = try #require(entry["special"]?.array).compactMap(\.string)
        for (content, id) in added {
          let token = tokenizer.addedTokens.first { $0.content == content }
          #expect(token.map { Int($0.id) } == id, "\(name): \(content)")
          #expect(token?.isSpecial == special.contains(content), "\(name): \(content)")
        }
        if entry["base"] == nil {
          let framed = try #require(entry["framed"]?.array).compactMap(\.integer)
          #expect(tokenizer.encode("Hello", addSpecialTokens: true).map(Int.init) == framed, "\(name)")
        }
      }
    }
  }

  @Test("A prompt and what follows it have the ids of both as one text") func joints() throws {
    let fixture = try Self.fixture.json("folders.json")
    for entry in try #require(fixture["joints"]?.array) {
      let style = try #require(entry["style"]?.string)
      var json = JSONValue(try TokenizerFixture.json(try #require(entry["base"]?.string)))
      for change in entry["changes"]?.object?.members ?? [] { json[change.key] = JSONValue(change.value) }
      let text = DocumentText(name: "tokenizer.json", bytes: Array(json.compactText.utf8))
      let tokenizer = try Tokenizer.load(tokenizerJSON: JSONParser.parse(text), text: text)
      for pair in try #require(entry["pairs"]?.array) {
        let (prompt, completion) = (try #require(pair["prompt"]?.string), try #require(pair["completion"]?.string))
        let first = tokenizer.encode(prompt, addSpecialTokens: false)
        #expect(first.map(Int.init) == pair["prompt_ids"]?.array?.compactMap(\.integer), "\(style): \(prompt)")
        let second = tokenizer.encode(completion, after: tokenizer.end(of: prompt))
        let whole = pair["ids"]?.array?.compactMap(\.integer)
        #expect((first + second).map(Int.init) == whole, "\(style): \(prompt)|\(completion)")
      }
    }
  }

  @Test("After a text, a byte-level tokenizer gives the ids that it gives a text of its own") func byteLevel() throws {
    for family in ["gpt2", "smollm2", "llama3", "o200k", "qwen2"] {
      let tokenizer = try TokenizerFixture.tokenizer(family)
      for line in try TokenizerFixture.lines() {
        for end in [Tokenizer.TextEnd.nothing, .text, .token(takesSpace: false)] {
          #expect(tokenizer.encode(line, after: end) == tokenizer.encode(line, addSpecialTokens: false), "\(line)")
        }
      }
    }
  }

  /// What loading a tokenizer.json with some members replaced throws, and what lies beside it.
  private func complaint(_ changes: [(String, JSONValue)], beside files: [String: String] = [:]) throws -> String {
    var json = JSONValue(try TokenizerFixture.json("gpt2"))
    for (key, value) in changes { json[key] = value }
    return try withTemporaryFolder { folder in
      try json.compactText.write(toFile: folder + "/tokenizer.json", atomically: false, encoding: .utf8)
      for (name, content) in files {
        try content.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
      }
      do {
        _ = try TokenizerFolder(path: folder).tokenizer()
        return "nothing"
      } catch let error as any InputError { return error.description }
    }
  }

  @Test("A token with an id that transformers would not give it is an error that shows both") func otherID() throws {
    let size = try TokenizerFixture.tokenizer("gpt2").vocabularySize
    let decoder = #"{"added_tokens_decoder": {"\#(size + 3)": {"content": "<new>", "special": true}}}"#
    let text = try complaint([], beside: ["tokenizer_config.json": decoder])
    #expect(text.contains("\"<new>\" has the id \(size + 3) here, but \(size)"), "\(text)")
    let known = try complaint([], beside: ["added_tokens.json": #"{"Ġa": 3}"#])
    #expect(known.contains("added_tokens.json") && known.contains("has the id 3 here, but"), "\(known)")
    #expect(try complaint([], beside: ["added_tokens.json": #"{"<new>": \#(size)}"#]) == "nothing")
    // Tokens may be written as texts alone.
    let plain = #"{"added_tokens_decoder": {"\#(size)": "<new>"}}"#
    #expect(try complaint([], beside: ["tokenizer_config.json": plain]) == "nothing")
    for wrong in [#"{"added_tokens_decoder": 1}"#, #"{"added_tokens_decoder": {"x": "y"}}"#, #"{"eos_token": 1}"#] {
      #expect(try complaint([], beside: ["tokenizer_config.json": wrong]).contains("tokenizer_config.json:1:"))
    }
  }

  @Test("Steps that multiply a text are refused when they are read") func growth() throws {
    func replace(_ pattern: String, _ content: String) -> JSONValue {
      ["type": "Replace", "pattern": ["String": JSONValue(pattern)], "content": JSONValue(content)]
    }
    let long = String(repeating: "a", count: 300)
    let sixteen = String(repeating: "a", count: 16)
    let steps: [(String, JSONValue)] = [
      ("normalizer", replace("a", long)), ("normalizer", ["type": "Prepend", "prepend": JSONValue(long)]),
      ("normalizer", ["type": "Sequence", "normalizers": [replace("a", sixteen), replace("a", sixteen + "a")]]),
      (
        "normalizer",
        ["type": "Sequence", "normalizers": .array([JSONValue](repeating: replace("a", "a"), count: 101))]
      ), ("decoder", replace("a", long)),
      ("decoder", ["type": "Sequence", "decoders": .array([JSONValue](repeating: replace("a", "aa"), count: 9))]),
      ("pre_tokenizer", ["type": "Metaspace", "replacement": JSONValue(long), "prepend_scheme": "always"]),
    ]
    for step in steps {
      let text = try complaint([step])
      #expect(text.contains("times as long") || text.contains("more than 100"), "\(step.0): \(text)")
    }
    let fine = replace("a", String(repeating: "a", count: 256))
    #expect(try complaint([("normalizer", fine), ("decoder", fine)]) == "nothing")
    let ids = JSONValue([Int](repeating: 1, count: 600))
    let template: JSONValue = [
      "type": "TemplateProcessing",
      "single": [
        ["SpecialToken": ["id": "x", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
        ["SpecialToken": ["id": "x", "type_id": 0]],
      ], "pair": [], "special_tokens": ["x": ["id": "x", "ids": ids, "tokens": ["x"]]],
    ]
    #expect(try complaint([("post_processor", template)]).contains("more than 1024 tokens around a text"))
    let token = String(repeating: "x", count: 5000)
    #expect(try complaint([], beside: ["added_tokens.json": #"{"\#(token)": 640}"#]).contains("4096"))
  }

  @Test("Links that lead nowhere, files that are none and files beyond the limit are refused") func oddFiles() throws {
    try withTemporaryFolder { folder in
      let source = TokenizerFixture.folder.appendingPathComponent("gpt2.json").path
      try FileManager.default.copyItem(atPath: source, toPath: folder + "/tokenizer.json")
      let files = TokenizerFolder(path: folder)
      _ = try files.tokenizer()
      for name in ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja"] {
        let link = "\(folder)/\(name)"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../../blobs/none")
        let error = #expect(throws: FileError.self) { try files.configuration() }
        #expect(error?.description.contains("\(name): is a link to ../../blobs/none") == true)
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/zero")
        #expect(throws: FileError.self) { try files.configuration() }
        try FileManager.default.removeItem(atPath: link)
        // A file of holes: nothing of it may be read.
        #expect(FileManager.default.createFile(atPath: link, contents: nil))
        try FileHandle(forWritingTo: URL(fileURLWithPath: link)).truncate(atOffset: 17 << 20)
        let long = #expect(throws: FileError.self) { try files.configuration() }
        #expect(long?.description.contains("more than the 16 MB") == true)
        try FileManager.default.removeItem(atPath: link)
      }
      try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/tokenizer.json")).truncate(atOffset: 257 << 20)
      #expect(throws: FileError.self) { try files.tokenizer() }
    }
  }

  @Test("Templates in files of their own replace those of tokenizer_config.json, each under its name")
  func templates() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/additional_chat_templates", withIntermediateDirectories: false)
      for (name, text) in [
        ("tokenizer_config.json", #"{"chat_template": "old"}"#), ("chat_template.jinja", "new"),
        ("additional_chat_templates/tools.jinja", "with tools"),
      ] {
        try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
      }
      let templates = try TokenizerFolder(path: folder).configuration().chatTemplates
      #expect(templates.map(\.name) == ["default", "tools"] && templates.map(\.source) == ["new", "with tools"])
    }
  }

  @Test("A class that cuts texts in an unknown way, and a merge that is none, are refused") func wrongFiles() throws {
    try withTemporaryFolder { folder throws in
      func complaint(_ config: String, _ merges: String) throws -> String {
        for (name, text) in [
          ("vocab.json", #"{"a": 0, "b": 1, "ab": 2}"#), ("merges.txt", merges), ("tokenizer_config.json", config),
        ] {
          try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
        }
        do {
          _ = try TokenizerFolder(path: folder).tokenizer()
          return "nothing"
        } catch let error as any InputError { return error.description }
      }
      #expect(try complaint("{}", "#version: 0.2\na b") == "nothing")
      #expect(try complaint(#"{"tokenizer_class": "CTRLTokenizer"}"#, "a b\n").contains("CTRLTokenizer"))
      #expect(try complaint("{}", "#version: 0.2\na b c\n").contains("merges.txt:2:1: a merge is two tokens"))
      #expect(try complaint("{}", "a c\n").contains("\"c\" is not in vocab.json"))
    }
  }
}

extension TokenizerFixture {
  static func json(_ family: String) throws -> DocumentValue { try JSONParser.parse(text("\(family).json")) }
}
