import PEFTCore
import Testing

@testable import PEFTBench

@Suite("YAML") struct YAMLParserTests {
  func parse(_ text: String) throws -> DocumentValue {
    try YAMLParser.parse(DocumentText(name: "x.yaml", bytes: Array(text.utf8)))
  }

  /// Texts with the values that PyYAML 6.0.3 reads from them when its resolver is set to YAML 1.2's core schema.
  static let samples: [(yaml: String, json: String)] = [
    (
      "name: sst2-lora\nmodel:\n  path: models/mini\n  dtype: auto\nseeds: [42, 123]\n",
      #"{"name": "sst2-lora", "model": {"path": "models/mini", "dtype": "auto"}, "seeds": [42, 123]}"#
    ),
    (
      "methods:\n- name: lora\n  rank: 16\n  target_modules: [k_proj, v_proj]\n- ia3\n- name: bitfit\nseeds:\n  - 1\n  - 2\n",
      #"{"methods": [{"name": "lora", "rank": 16, "target_modules": ["k_proj", "v_proj"]}, "ia3", {"name": "bitfit"}], "seeds": [1, 2]}"#
    ),
    (
      "# comment\n---\na: 1e-4 # rate\nb: -2.5E+3\nc: 010\nd: 1_000\ne: yes\nf: ~\ng:\nh: True\ni: .5\nj: 3.\n...\n",
      #"{"a": 0.0001, "b": -2500.0, "c": 10, "d": "1_000", "e": "yes", "f": null, "g": null, "h": true, "i": 0.5, "j": 3.0}"#
    ),
    (
      "flow: {a: [1, 2,\n  3], \"b\": {c: d e, 'f': null},\n  # inside\n  g: x:y, url: http://a/b#c}\nnext: [ ]\nlast: {}\n",
      #"{"flow": {"a": [1, 2, 3], "b": {"c": "d e", "f": null}, "g": "x:y", "url": "http://a/b#c"}, "next": [], "last": {}}"#
    ),
    (
      "literal: |\n  one\n    two\n\n  three\n\n\nfolded: >\n  one\n  two\n\n  three\n    four\n  five\nstrip: |-\n  x\n\nkeep: |+\n  x\n\nend: 1\n",
      #"{"literal": "one\n  two\n\nthree\n", "folded": "one two\nthree\n  four\nfive\n", "strip": "x", "keep": "x\n\n", "end": 1}"#
    ),
    (
      "a: |2\n    two\n  x\nb: >-\n\n  first\n\n\n  second\n   more\n  last\nc: |\n\nd: >+\n\n\n",
      #"{"a": "  two\nx\n", "b": "\nfirst\n\nsecond\n more\nlast", "c": "", "d": "\n\n"}"#
    ),
    (
      "a: one\n  two\n\n  three # c\nb: 'it''s\n  folded'\nc: \"tab\\t\\x41\\u00e9 \\\n   joined\\n\n  and folded\"\n",
      #"{"a": "one two\nthree", "b": "it's folded", "c": "tab\tAé joined\n and folded"}"#
    ),
    (
      "- - 1\n  - 2\n-\n  - 3\n- a: 1\n  b:\n  - x\n  - y: z\n    w:\n      - 4\n-\n- q\n",
      #"[[1, 2], [3], {"a": 1, "b": ["x", {"y": "z", "w": [4]}]}, null, "q"]"#
    ),
    (
      "plain top level\n  text\n",
      #""plain top level text""#
    ),
    (
      "",
      #"null"#
    ),
    (
      "# only a comment\n",
      #"null"#
    ),
    (
      "[1, [2, {a: b}], \"c\"]\n",
      #"[1, [2, {"a": "b"}], "c"]"#
    ),
    (
      "'quoted key': 1\n\"two words\" : 2\nkey with spaces: 3\n8: 4\nurl: http://x:80/y\ntime: a:b\nhash: a#b\nc: 'x' # y\n",
      #"{"quoted key": 1, "two words": 2, "key with spaces": 3, "8": 4, "url": "http://x:80/y", "time": "a:b", "hash": "a#b", "c": "x"}"#
    ),
    (
      "a\nb\n",
      #""a b""#
    ),
    (
      "a: |\n x\n  y\n z",
      #"{"a": "x\n y\nz"}"#
    ),
    (
      "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: [1,\r\n 2]\r\n",
      #"{"a": 1, "b": "x\ny\n", "c": [1, 2]}"#
    ),
    (
      "a: >\n  x\n # less\n\nb: 1\n",
      #"{"a": "x\n", "b": 1}"#
    ),
    (
      "- -1\n- --x\n- -\n",
      #"[-1, "--x", [null]]"#
    ),
    (
      "k: [a\n b,\n c]\n",
      #"{"k": ["a b", "c"]}"#
    ),
    (
      "a: {x: y,}\n",
      #"{"a": {"x": "y"}}"#
    ),
    (
      "a : 1\n",
      #"{"a": 1}"#
    ),
    (
      "a:1\n",
      #""a:1""#
    ),
    (
      "a: [\n1,\n2\n]\nb: 2\n",
      #"{"a": [1, 2], "b": 2}"#
    ),
    (
      "a: {}\nb: []\nc: ''\nd: \"\"\n",
      #"{"a": {}, "b": [], "c": "", "d": ""}"#
    ),
    (
      "a: \"${HOME}/x\"\nb: ${HOME}\nc: {p: ${X:-y}}\n",
      #"{"a": "${HOME}/x", "b": "${HOME}", "c": {"p": "${X:-y}"}}"#
    ),
    (
      "a: #c\n  b: 1\n",
      #"{"a": {"b": 1}}"#
    ),
    (
      "- # c\n  a: 1\n",
      #"[{"a": 1}]"#
    ),
    (
      "--- # c\na: 1\n",
      #"{"a": 1}"#
    ),
    (
      "a:  \n   - 1\n\n   - 2\n\nb: 1\n",
      #"{"a": [1, 2], "b": 1}"#
    ),
    (
      "--- text\n  and more\n...\n",
      #""text and more""#
    ),
    (
      "--- |\n one\n  two\n...\n",
      #""one\n two\n""#
    ),
    (
      "--- [1,\n2]\n",
      "[1, 2]"
    ),
    (
      "a: |\n    \n\nb: |\n  x\n",
      #"{"a": "", "b": "x\n"}"#
    ),
    (
      "a: .\nb: 1.e5\nc: +.5\nd: 1e5\n",
      #"{"a": ".", "b": 100000.0, "c": 0.5, "d": 100000.0}"#
    ),
  ]

  @Test("Texts read as PyYAML reads them", arguments: samples) func values(yaml: String, json: String) throws {
    let expected = try JSONParser.parse(DocumentText(name: "x.json", bytes: Array(json.utf8)))
    let value = try parse(yaml)
    #expect(value.hasSameContent(as: expected), "\(value)")
  }

  @Test("A block scalar of the whole document may begin at the margin, and ends at a marker") func unindented() throws {
    #expect(try parse("--- |\none\n two\n...\n").string == "one\n two\n")
    #expect(try parse("--- >-\none\ntwo\n\n...\n").string == "one two")
    #expect(throws: DocumentError.self) { try parse("--- |\none\n---\ntwo\n") }
  }

  /// Texts that are refused, with line, column and a part of the message.
  static let mistakes: [(yaml: String, line: Int, column: Int, message: String)] = [
    ("? x", 1, 1, "keys that begin with '?' are not supported"),
    ("a: - b\n", 1, 4, "a list begins on the line below its key, or is written [a, b]"),
    ("a: b: c\n", 1, 4, "a second ': ' on this line; put the value in quotes, or begin a map on the line below"),
    ("a: 1\n  b: 2\n", 2, 4, "this line continues the value above and cannot hold a key; is the indentation right?"),
    ("a: 1\n b: 2\n", 2, 3, "this line continues the value above and cannot hold a key; is the indentation right?"),
    ("a:\n  b: 1\n c: 2\n", 3, 2, "this line stands at column 2, but what it would continue at column 1"),
    ("a:\n\tb: 1\n", 2, 1, "a tab in the indentation; YAML is indented with spaces"),
    ("a: [1, 2\nb: 3\n", 2, 2, "a key inside [ ]"),
    ("a: 'x\n", 1, 4, "this string does not end"),
    ("a: \"x\" y\n", 1, 8, "expected the end of the line after this value, found 'y'"),
    ("a: &x 1\nb: *x\n", 1, 4, "anchors (&) are not supported"),
    ("a: !!str 1\n", 1, 4, "tags (!) are not supported"),
    ("<<: {a: 1}\n", 1, 1, "merge keys (<<) are not supported"),
    ("a: 1\na: 2\n", 2, 1, "duplicate key \"a\" in this map"),
    ("---\na: 1\n---\nb: 2\n", 3, 1, "several documents in one file are not supported"),
    ("a: @x\n", 1, 4, "'@' cannot begin an unquoted value; put it in quotes"),
    ("a: %x\n", 1, 4, "'%' cannot begin an unquoted value; put it in quotes"),
    ("a: {b, c: 1}\n", 1, 6, "expected ': ' and a value after the key \"b\", found ','"),
    ("a: [x: 1]\n", 1, 6, "a key inside [ ]"),
    ("a: {b:1}\n", 1, 8, "expected ': ' and a value after the key \"b:1\", found '}'"),
    ("a: [1,,2]\n", 1, 7, "expected a value between two commas"),
    ("a: ]\n", 1, 4, "expected a value, found ']'"),
    ("a: x\nb\n", 2, 1, "expected a key followed by ': ' at this indentation, found 'b'"),
    ("- 1\n2\n", 2, 1, "expected the end of the file, found '2'; is the indentation right?"),
    ("- 1\n - 2\n", 2, 2, "a list cannot begin below a value; is the indentation right?"),
    ("a:\n- 1\n  - 2\n", 3, 3, "a list cannot begin below a value; is the indentation right?"),
    ("a: |x\n b\n", 1, 5, "expected the end of the line after the block scalar's header, found 'x'"),
    ("a: \"\\q\"\n", 1, 5, "unknown escape in a string"),
    ("{a: 1} x\n", 1, 8, "expected the end of the line after this value, found 'x'"),
    ("[a]: 1\n", 1, 4, "a list cannot be a key"),
    ("a: x\n # comment\n y\n", 3, 2, "this line stands at column 2, but what it would continue at column 1"),
    ("a: -1\nb: - \n", 2, 4, "a list begins on the line below its key, or is written [a, b]"),
    ("a: -\n", 1, 4, "a list begins on the line below its key, or is written [a, b]"),
    ("a: 'b': c\n", 1, 4, "a second ': ' on this line; put the value in quotes, or begin a map on the line below"),
    ("k: [a b, 'c d' , \"e\"   , -1, - 1]\n", 1, 30, "expected a value, found '-'"),
    (": 1\n", 1, 1, "expected a key before ':'"),
    ("a: x #c\nb: 'x'#c\n", 2, 7, "expected the end of the line after this value, found '#'"),
    ("--- a: 1\n", 1, 5, "a map begins on the line below '---'"),
    ("--- - a\n", 1, 5, "a list or map begins on the line below '---'"),
    ("a: 1\n...\nb: 2\n", 3, 1, "several documents in one file are not supported"),
    ("a: 1\n? b\n", 2, 1, "keys that begin with '?' are not supported"),
    ("a: &b: c\n", 1, 4, "anchors (&) are not supported"),
    ("- [-, 1]\n", 1, 4, "expected a value, found '-'"),
    ("a: |\n\t\nb: 1\n", 2, 1, "a tab in the indentation"),
    ("-\t- 1\n", 1, 2, "a tab in the indentation"),
    ("-\ta: 1\n", 1, 2, "a tab in the indentation"),
    ("%YAML 1.2\n---\na: 1\n", 1, 1, "YAML directives (%) are not supported"),
  ]

  @Test("Mistakes and what is not supported are named with their place", arguments: mistakes)
  func refusals(yaml: String, line: Int, column: Int, message: String) {
    let error = #expect(throws: DocumentError.self) { try parse(yaml) }
    #expect(error?.location == SourceLocation(file: "x.yaml", line: line, column: column))
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test("Values and keys keep their offsets") func offsets() throws {
    let text = DocumentText(name: "x.yaml", bytes: Array("é: 1\nlist:\n  - {a: 'b'}\n".utf8))
    let value = try YAMLParser.parse(text)
    let list = try #require(value.object?.members.last)
    #expect(text.location(of: list.keyOffset).line == 2)
    let inner = try #require(list.value.array?.first?.object?.members.first)
    #expect(text.location(of: inner.keyOffset) == SourceLocation(file: "x.yaml", line: 3, column: 6))
    #expect(text.location(of: inner.value.offset) == SourceLocation(file: "x.yaml", line: 3, column: 9))
  }

  @Test("Deep nesting and control characters are errors, not crashes") func hostile() {
    let texts = [
      String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000),
      (0..<3000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(), "a: \u{1}", "a: b\rc",
    ]
    for text in texts { #expect(throws: DocumentError.self) { try parse(text) } }
  }

  @Test("Bytes that are not UTF-8 are located") func encoding() {
    let error = #expect(throws: DocumentError.self) {
      try YAMLParser.parse(DocumentText(name: "x.yaml", bytes: [0x61, 0x3A, 0x20, 0xFF]))
    }
    #expect(error?.location.column == 4)
  }

  @Test("Cutting or disturbing a text never crashes the reader") func disturbed() throws {
    for (yaml, _) in Self.samples {
      let bytes = Array(yaml.utf8)
      for cut in 0...bytes.count {
        _ = try? YAMLParser.parse(DocumentText(name: "x", bytes: Array(bytes[..<cut])))
        for byte in Array(" \n:-[]{}'\"#|\t&$".utf8) where cut < bytes.count {
          var other = bytes
          other[cut] = byte
          _ = try? YAMLParser.parse(DocumentText(name: "x", bytes: other))
        }
      }
    }
  }
}

extension DocumentValue {
  /// Whether the two hold the same values, wherever they stood.
  func hasSameContent(as other: DocumentValue) -> Bool {
    switch (content, other.content) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number, .number), (.integer, .number), (.number, .integer): number == other.number
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.hasSameContent(as: $1) }
    case (.object(let a), .object(let b)):
      a.keys == b.keys && zip(a.members, b.members).allSatisfy { $0.value.hasSameContent(as: $1.value) }
    default: false
    }
  }
}
