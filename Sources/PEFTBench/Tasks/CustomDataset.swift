public import PEFTCore

/// Reads a dataset that a config describes itself.
///
///     {"name": "tickets", "files": {"train": "tickets/train.jsonl", "validation": "tickets/dev.jsonl"},
///      "prompt": "Which team handles this ticket?\n{subject}\n{body}", "answer": "team",
///      "labels": {"0": "billing", "1": "network"}}
///
/// In place of `prompt`, an `instruction` and the `columns` that follow it, one a line, do as well.
public enum CustomDataset {
  /// Reads a description.
  ///
  /// - Parameters:
  ///   - value: The object in the config.
  ///   - text: The config's text.
  ///   - place: Its dotted path, such as `data.datasets[1]`.
  ///   - resolve: Turns a path as the config has it into one from here.
  /// - Throws: `DocumentError` that names the key.
  public static func read(
    _ value: DocumentValue, of text: DocumentText, at place: String, resolve: (String) -> String = { $0 }
  ) throws(DocumentError) -> DatasetDescription {
    var reader = try OptionReader(value: value, text: text, what: "dataset", path: place)
    let name = try reader.string("name", about: "what results call it")
    guard isName(name) else {
      throw reader.error("name", "expected letters, digits, \"_\", \"-\" and \".\", found \"\(name)\"")
    }
    guard DatasetCatalogue.dataset(name) == nil else {
      throw reader.error("name", "\"\(name)\" is a dataset of the catalogue; choose another name")
    }
    let title = try reader.string("title", default: name, about: "a name for people")

    guard var filesReader = try reader.optionalObject("files", about: "train, validation and test files") else {
      throw reader.error("files", "missing; expected {\"train\": file, \"validation\": file}")
    }
    let training = try filesReader.optionalFilePaths("train", about: "a file, or its shards") ?? []
    let evaluation = try filesReader.optionalFilePaths("validation", about: "a file, or its shards") ?? []
    let test =
      try filesReader.optionalFilePaths("test", about: "a file, or its shards, that nothing is chosen on") ?? []
    try filesReader.finish()
    guard !training.isEmpty, !evaluation.isEmpty else {
      throw reader.error("files", "expected \"train\" and \"validation\", each a file or a list of shards")
    }

    let template = try reader.optionalString("prompt", about: "text with {column} where a column goes")
    let instruction = try reader.string("instruction", default: "", about: "what stands before the columns")
    let columns = try reader.strings("columns", default: [], about: "columns of the prompt, one a line")
    let answer = try reader.string("answer", about: "the column with the answer")
    let labels = try Labels(try reader.value("labels", about: "the label words, or values and their words"), reader)
    let metric = try reader.optionalChoice("metric", as: MetricChoice.self, about: "the headline score")
    let range = try reader.numbers("range", default: [0, 5], count: 2, about: "the least and greatest score")
    let positive = try reader.optionalString("positive", about: "the label that f1 is about")
    let tokens = try reader.integer(
      "max_new_tokens", default: labels.words.isEmpty ? 256 : 8, in: 1...100_000, about: "the longest answer")
    let group = try reader.optionalString("group", about: "a column that ties rows together")
    try reader.finish()

    let layout: PromptLayout
    let fields: [String]
    if let template {
      guard instruction.isEmpty, columns.isEmpty else {
        throw reader.error("prompt", "give either \"prompt\", or \"instruction\" and \"columns\"")
      }
      let parts = try parts(of: template, reader)
      layout = .template(parts)
      fields = parts.compactMap { if case .column(let column) = $0 { column } else { nil } }
      guard !fields.isEmpty else { throw reader.error("prompt", "expected at least one {column}") }
    } else {
      guard !columns.isEmpty else {
        throw reader.error("columns", "missing; expected \"columns\", or \"prompt\" with {column} in it")
      }
      layout = .lines(instruction: instruction)
      fields = columns
    }
    let scoring = try self.metric(of: name, by: metric, labels, positive: positive, range: range, reader)
    let isNamed = template == nil && fields.count > 1
    let read: @Sendable (SourceRow) throws -> [Example] = { row in
      let texts = try fields.map { Example.Field(isNamed ? $0 : nil, try row.plainText($0)) }
      let groupName = try group.map { try row.plainText($0) }
      guard labels.words.isEmpty else {
        return [row.example(texts, label: try labels.index(of: answer, row), group: groupName)]
      }
      return [Example(fields: texts, answer: try row.plainText(answer), group: groupName)]
    }
    var files: [DatasetPart: [String]] = [.training: training.map(resolve), .evaluation: evaluation.map(resolve)]
    if !test.isEmpty { files[.test] = test.map(resolve) }
    return DatasetDescription(
      id: name, group: .custom, title: title, source: nil, testSplits: test.isEmpty ? [] : ["test"], files: files,
      columns: (fields + [answer] + (group.map { [$0] } ?? [])).map { [$0] }, layout: layout,
      metric: scoring, maximumNewTokens: tokens, read: read)
  }

  private static func isName(_ name: String) -> Bool {
    name.first != "." && name.count <= 100
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20) || "_-.".utf8.contains(byte)
      }
  }

  private static func metric(
    of name: String, by choice: MetricChoice?, _ labels: Labels, positive: String?, range: [Double],
    _ reader: OptionReader
  ) throws(DocumentError) -> DatasetMetric {
    do {
      return try MetricChoice.metric(of: name, by: choice, labels: labels.words, positive: positive, range: range)
    } catch {
      throw reader.error(error.key, error.message)
    }
  }

  /// Splits a template at its `{column}` places; `{{` and `}}` are braces.
  private static func parts(of template: String, _ reader: OptionReader) throws(DocumentError)
    -> [PromptLayout.TemplatePart]
  {
    var parts: [PromptLayout.TemplatePart] = []
    var text = ""
    var rest = template[...]
    while let character = rest.popFirst() {
      switch character {
      case "{" where rest.first == "{", "}" where rest.first == "}":
        text.append(character)
        rest.removeFirst()
      case "{":
        guard let end = rest.firstIndex(of: "}"), rest[..<end].first != nil else {
          throw reader.error("prompt", "a \"{\" is not closed; write {column}, or {{ for a brace")
        }
        if !text.isEmpty { parts.append(.text(text)) }
        text = ""
        parts.append(.column(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      case "}": throw reader.error("prompt", "a \"}\" stands alone; write }} for a brace")
      default: text.append(character)
      }
    }
    if !text.isEmpty { parts.append(.text(text)) }
    return parts
  }
}

/// The label words of a custom dataset, and which value of the answer column means which.
private struct Labels: Sendable {
  var words: [String] = []
  private var indexOfValue: [String: Int] = [:]

  /// Reads a list of words, or an object from values to words.
  init(_ value: DocumentValue?, _ reader: OptionReader) throws(DocumentError) {
    guard let value else { return }
    func word(_ value: DocumentValue) throws(DocumentError) -> String {
      guard let word = value.string?.trimmingWhiteSpace(), !word.isEmpty else {
        throw DocumentError(
          "\(reader.path(of: "labels")): expected words, found \(value.shown)", at: value.offset, of: reader.text)
      }
      return word
    }
    if let list = value.array {
      for (index, element) in list.enumerated() {
        words.append(try word(element))
        indexOfValue["\(index)"] = index
      }
    } else if let object = value.object {
      for member in object.members {
        let label = try word(member.value)
        // Several values may mean the same word.
        let index = words.firstIndex(of: label) ?? words.count
        if index == words.count { words.append(label) }
        indexOfValue[member.key] = index
      }
    } else {
      throw reader.error("labels", "expected a list of words or an object from values to words, found \(value.shown)")
    }
    guard Set(words.map { $0.lowercased() }).count == words.count else {
      throw reader.error("labels", "a word stands twice (letter case does not tell words apart)")
    }
  }

  /// The position of the label that a row's answer column names: by a value of the object, by word, or by position.
  func index(of column: String, _ row: SourceRow) throws(TableError) -> Int {
    let text = try row.plainText(column)
    if let index = indexOfValue[text] { return index }
    let wanted = text.lowercased()
    if let index = words.firstIndex(where: { $0.lowercased() == wanted }) { return index }
    let nearest = NearestName.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    throw row.row.complaint(
      "column \"\(column)\": \"\(text.prefix(60))\" is none of the labels \(words.joined(separator: ", "))\(nearest)")
  }
}

extension SourceRow {
  /// A column's content as text, numbers and truth values included.
  func plainText(_ column: String) throws(TableError) -> String {
    let value = try row.required(column)
    switch value.content {
    case .string(let text): return text.trimmingWhiteSpace()
    case .integer(let number): return "\(number)"
    case .number(let number): return "\(number)"
    case .bool(let truth): return truth ? "true" : "false"
    case .null, .array, .object:
      throw row.complaint("column \"\(column)\": expected text or a number, found \(value.kindName)")
    }
  }
}
