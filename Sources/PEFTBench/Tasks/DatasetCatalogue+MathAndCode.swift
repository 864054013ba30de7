import CodeMetrics
import PEFTCore
import TableFiles

extension DatasetCatalogue {
  /// Three tasks of arithmetic.
  static let mathematics: [DatasetDescription] = [
    .classification(
      "math_qa", .math, "MathQA", DatasetSource("allenai/math_qa"), testSplits: ["test"],
      columns: [["Problem"], ["options"], ["correct"]],
      instruction: "Solve the problem and choose the right option. Reply with a, b, c, d or e."
    ) { row in
      let fields = [
        Example.Field("Problem", try row.text("Problem")),
        Example.Field("Options", optionLine(try row.text("options")), isQuestion: true),
      ]
      return [row.example(fields, label: try row.label("correct"))]
    },
    DatasetDescription(
      id: "gsm8k", group: .math, title: "GSM8K", source: DatasetSource("openai/gsm8k", "main"),
      evaluationSplits: ["test", "validation"], columns: [["question"], ["answer"]],
      layout: .lines(
        instruction: "Solve the problem step by step. End with a line of #### and the final number."),
      metric: metric("gsm8k"), maximumNewTokens: 256
    ) { row in
      [Example(fields: [.init(nil, try row.text("question"))], answer: try row.answer("answer"))]
    },
    DatasetDescription(
      id: "svamp", group: .math, title: "SVAMP", source: DatasetSource("ChilleD/SVAMP"),
      evaluationSplits: ["test", "validation"],
      columns: [["question_concat"], ["Body"], ["Question"], ["Equation"], ["Answer"]],
      layout: .lines(
        instruction: "Write the calculation that solves the problem, and its result, like ( 3.0 + 4.0 ) = 7.0"),
      metric: metric("svamp"), maximumNewTokens: 32
    ) { row in
      let problem =
        row.row["question_concat"] == nil
        ? "\(try row.text("Body")) \(try row.text("Question"))" : try row.text("question_concat")
      // Publishers spell the answer as "51", "51.0" or a number; the equations have decimals.
      let answer = try row.number(of: try row.value(["Answer"]), "column \"Answer\"")
      return [Example(fields: [.init(nil, problem)], answer: "\(try row.answer("Equation")) = \(answer)")]
    },
  ]

  /// Three tasks of writing Python.
  static let code: [DatasetDescription] = [
    DatasetDescription(
      id: "conala", group: .code, title: "CoNaLa", source: DatasetSource("neulab/conala", "curated"),
      evaluationSplits: ["test", "validation"], columns: [["rewritten_intent"], ["intent"], ["snippet"]],
      layout: .lines(instruction: "Write a short piece of Python for this task. Reply with the code only."),
      metric: metric("conala"), maximumNewTokens: 256
    ) { row in
      // Few rows have no rewritten intent; the original question is then all there is.
      let task = try row.text(of: try row.value(["rewritten_intent", "intent"]), "column \"rewritten_intent\"")
      return [Example(fields: [.init(nil, task)], answer: try row.code(row.row["snippet"], "column \"snippet\""))]
    },
    DatasetDescription(
      id: "codealpacapy", group: .code, title: "CodeAlpaca Python", source: DatasetSource("Abzu/CodeAlpacaPython"),
      evaluationSplits: ["test", "validation"], columns: [["prompt"], ["response"]],
      layout: .lines(instruction: "Write Python for this task. Reply with the code only."),
      metric: metric("codealpacapy"), maximumNewTokens: 256
    ) { row in
      [
        Example(
          fields: [.init(nil, try row.text("prompt"))],
          answer: try row.code(row.row["response"], "column \"response\""))
      ]
    },
    DatasetDescription(
      id: "apps", group: .code, title: "APPS", source: DatasetSource("codeparrot/apps"),
      evaluationSplits: ["test", "validation"], columns: [["question"], ["solutions"], ["starter_code"]],
      layout: .lines(
        instruction:
          "Write a Python program that solves this problem, going on from the starting code if there is any. "
          + "Reply with the code only."),
      metric: metric("apps"), maximumNewTokens: 256
    ) { row in
      var fields = [Example.Field("Problem", try row.text("question"))]
      if let start = row.row["starter_code"] {
        let code = try row.code(start, "column \"starter_code\"")
        if !code.trimmingWhiteSpace().isEmpty { fields.append(.init("Starting code", "\n" + code, isQuestion: true)) }
      }
      return [Example(fields: fields, answer: try firstSolution(row))]
    },
  ]

  /// The first of a problem's solutions, which are a list, or a list written as JSON into a text.
  private static func firstSolution(_ row: SourceRow) throws -> String {
    guard let value = row.row["solutions"], value.string?.trimmingWhiteSpace().isEmpty != true else {
      throw SkippedRow(reason: "without a solution")
    }
    let place = "column \"solutions\""
    var list = value
    if let text = value.string {
      do {
        list = try JSONParser.parse(DocumentText(name: place, bytes: withoutLoneSurrogates(text)))
      } catch {
        throw row.row.error("\(error)")
      }
    }
    guard let solutions = list.array else {
      throw row.row.error("\(place): expected a list of strings, found \(list.shown)")
    }
    guard let first = solutions.first else { throw SkippedRow(reason: "without a solution") }
    return try row.code(first, place)
  }

  /// The bytes of a JSON text without escapes that are half of a surrogate pair.
  ///
  /// Some solutions in APPS hold such halves, which no text can; the published preparation leaves them out too.
  private static func withoutLoneSurrogates(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    /// The number of the escape `\uXXXX` at `index`.
    func escape(_ index: Int) -> Int? {
      guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
        return nil
      }
      return Int(String(decoding: bytes[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16)
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      var length = 1
      if let code = escape(index) {
        length = 6
        if (0xD800..<0xDC00).contains(code), let low = escape(index + 6), (0xDC00..<0xE000).contains(low) {
          length = 12
        } else if (0xD800..<0xE000).contains(code) {
          index += 6
          continue
        }
      } else if bytes[index] == UInt8(ascii: "\\") {
        // Another escape, such as a backslash before a `u`.
        length = 2
      }
      result += bytes[index..<min(index + length, bytes.count)]
      index += length
    }
    return result
  }

  /// MathQA's options as one line; some rows have them as a Python list in a text.
  private static func optionLine(_ text: String) -> String {
    guard text.hasPrefix("["), text.hasSuffix("]") else { return text }
    let options = text.dropFirst().dropLast().replacing("\", '", with: "', '").replacing("', \"", with: "', '")
    return options.split(separator: "', '").map { option in
      option.trimmingPrefix { $0 == "'" || $0 == "\"" || $0 == " " }
    }.map { option in
      var option = option
      while let last = option.last, last == "'" || last == "\"" || last == " " { option = option.dropLast() }
      return String(option)
    }.joined(separator: " , ")
  }
}

extension SourceRow {
  /// The code that `value` is: its indentation stays, empty lines around it and white space after it go.
  func code(_ value: DocumentValue?, _ place: String) throws(TableError) -> String {
    guard let text = value?.string else {
      throw row.error("\(place): expected a string, found \(value?.shown ?? "nothing")")
    }
    var lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let first = lines.first, String(first).trimmingWhiteSpace().isEmpty { lines = lines.dropFirst() }
    var code = lines.joined(separator: "\n").unicodeScalars[...]
    while let last = code.last, last.isPythonWhiteSpace { code = code.dropLast() }
    return String(code)
  }
}
