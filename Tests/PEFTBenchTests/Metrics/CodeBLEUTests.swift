import PEFTCore
import Testing

@testable import CodeMetrics
@testable import PEFTBench

@Suite("CodeBLEU") struct CodeBLEUTests {
  @Test("Total and parts equal the codebleu package's") func package() throws {
    let fixture = try MetricFixture("codebleu.json")
    var pairs: [(reference: String, prediction: String)] = []
    for test in try fixture.cases("pairs") {
      let pair = try (reference: test.text("reference"), prediction: test.text("prediction"))
      pairs.append(pair)
      let expected = try test.numbers("expected")
      for (actual, wanted) in zip(CodeBLEU.parts([pair]).values, expected) {
        #expect(isClose(actual, wanted), "\(pair)")
      }
    }
    #expect(pairs.count == 62)
    for (actual, wanted) in zip(CodeBLEU.parts(pairs).values, try fixture.document.numbers("corpus")) {
      #expect(isClose(actual, wanted))
    }
  }

  func tree(_ code: String) -> String { PythonParser.parse(Array(code.utf8)).root.expression }

  @Test("Trees have tree-sitter's node types and nesting") func trees() {
    #expect(
      tree("def f(a, *b):\n  return a[1:] if b else -a") == """
        (module (function_definition name: (identifier) parameters: (parameters (identifier) (list_splat_pattern \
        (identifier))) body: (block (return_statement (conditional_expression (subscript value: (identifier) \
        subscript: (slice (integer))) (identifier) (unary_operator argument: (identifier)))))))
        """)
    #expect(
      tree("x = f'{a!r:>{w}}{{' \"b\\n\"") == """
        (module (expression_statement (assignment left: (identifier) right: (concatenated_string (string (string_start) \
        (interpolation expression: (identifier) type_conversion: (type_conversion) format_specifier: (format_specifier \
        (format_expression expression: (identifier)))) (string_content (escape_interpolation)) (string_end)) (string \
        (string_start) (string_content (escape_sequence)) (string_end))))))
        """)
  }

  @Test("A line that is no Python is an error node; the other lines keep their trees") func errors() {
    let result = PythonParser.parse(Array("a = 1\nb = = 2 3\nc = 3".utf8))
    #expect(result.hasErrors)
    #expect(result.root.children.map(\.kind) == [.expressionStatement, .error, .expressionStatement])
    #expect(!PythonParser.parse(Array("a = 1\n\n# only a comment\n".utf8)).hasErrors)
  }

  @Test(
    "No text makes it crash, and every part stays within 0...1",
    arguments: [
      "", " ", "\u{0}", "(", ")", "'", "\"\"\"", "f'{", "f'{x", "f'{x:", "\\", "if", "if x:", "class", "@", "def f(",
      "x[", "lambda",
      "\t\tx\n y\nz", "match x:\n case", "for in in in", "é = 'ü'; 漢字", "\u{FEFF}x = 1", "x = 1\r\ny = 2\r\n", "0x",
      "1e", "1__0", "a b c",
      "try:\n  x", "`", "else:\n", "elif x:\n  y", "x: int =", "print >>", "{**}", "[*]", "f'{{}'", "b'\\N{'", "'\\",
      "a\\\n", "$?!",
      "async", "await", "with (a as", "*", "x = *", "del", "type X", "...", "x = [\n'a',\n'b'\n]", "if a:\nb\nelse:\nc",
    ]) func hostile(text: String)
  {
    for pair in [(text, "x = 1"), ("x = 1", text), (text, text)] {
      let parts = CodeBLEU.parts([pair])
      #expect(parts.values.allSatisfy { $0 >= 0 && $0 <= 1 + 1e-12 }, "\(text)")
    }
  }

  @Test("Deep and long code is bounded") func deep() {
    let count = 4_000
    for text in [
      String(repeating: "(", count: count), String(repeating: "[", count: count) + String(repeating: "]", count: count),
      String(repeating: "-", count: count) + "1", "x" + String(repeating: " + x", count: count),
      "x" + String(repeating: ".x", count: count), String(repeating: "not ", count: count) + "x",
      String(repeating: "lambda: ", count: count) + "x", String(repeating: "f'{", count: count),
      "x = " + String(repeating: "y = ", count: count) + "1",
    ] {
      #expect(PythonParser.parse(Array(text.utf8)).hasErrors)
      #expect(CodeBLEU.parts([(text, text)]).syntax >= 0)
    }
    let blocks = (0..<200).map { String(repeating: " ", count: $0) + "if x:" }.joined(separator: "\n")
    #expect(PythonParser.parse(Array(blocks.utf8)).hasErrors)
    let loops = (0..<20).map { String(repeating: " ", count: $0) + "for x in y:" }.joined(separator: "\n") + " z = x"
    #expect(CodeBLEU.parts([(loops, loops)]).syntax == 1)
  }

  @Test("Mistakes behind nested blocks do not make it go back over them") func nestedMistakes() {
    let levels = 0..<60
    func indented(_ line: (Int) -> String) -> String {
      levels.map { String(repeating: " ", count: $0) + line($0) }.joined(separator: "\n")
    }
    let ends = { (word: String) in levels.reversed().map { String(repeating: " ", count: $0) + word } }
    for text in [
      indented { _ in "if x:" } + "\n" + ends("elif").joined(separator: "\n"), indented { _ in "try:" } + " x",
      indented { $0 % 2 == 0 ? "match x:" : "case 1:" } + "\n" + ends("case").joined(separator: "\n"),
      indented { _ in "if x:" } + " y" + String(repeating: " + y", count: 290),
    ] {
      #expect(CodeBLEU.parts([(text, text)]).syntax == 1)
    }
  }

  @Test("Names of merged edges come in the order of CPython's sets under hash seed 0") func setOrder() {
    // python -c "print(list(set(...)))" with PYTHONHASHSEED=0, Python 3.11.
    for (names, order) in CPythonSetOrders.all { #expect(CPythonSet.listed(names) == order) }
  }

  @Test("Code keeps its case under the strict protocol and loses it under the published one") func letterCase() throws {
    let metric = try #require(DatasetMetric.for(dataset: "conala"))
    let answers = [
      ScoredAnswer(predict: "x = none", label: "x = None"), ScoredAnswer(predict: "x = (", label: "x = 1"),
    ]
    let strict = try metric.score(answers)
    let published = try metric.score(answers, under: .peftBench)
    #expect(strict.value < published.value)
    #expect(strict.invalidRate == 0.5)
    #expect(strict.rowCredits.count == 2)
    #expect(isClose(strict.rowCredits[0], CodeBLEU.parts([("x = None", "x = none")]).codeBLEU))
  }
}
