import CodeMetrics
import PEFTCore

/// Reads a dataset that a config describes itself.
///
///     {"name": "tickets", "files": {"train": "tickets/train.jsonl", "validation": "tickets/dev.jsonl"},
///      "prompt": "Which team handles this ticket?\n{subject}\n{body}", "answer": "team",
///      "labels": {"0": "billing", "1": "network"}, "evaluate_on": {"typos": "tickets/typos.jsonl"}}
///
/// In place of `prompt`, an `instruction` and the `columns` that follow it, one per line, do as well; in place of both
/// and of `answer`, `messages`, the column with a chat.
package enum CustomDataset {
  /// Reads a description.
  ///
  /// - Parameters:
  ///   - value: The object in the config.
  ///   - text: The config's text.
  ///   - place: Its dotted path, such as `data.datasets[1]`.
  ///   - resolve: Turns a path as the config has it into one from here.
  /// - Throws: `DocumentError` that names the key.
  package static func read(
    _ value: DocumentValue, of text: DocumentText, at place: String, resolve: (String) -> String = { $0 }
  ) throws(DocumentError) -> DatasetDescription {
    var reader = try OptionReader(value: value, text: text, what: "dataset", path: place)
    let keys = try CustomDatasetKeys(reading: &reader)
    let name = keys.name
    guard isName(name) else {
      throw reader.error("name", "expected letters, digits, \"_\", \"-\" and \".\", found \"\(name)\"")
    }
    // Those of other studies came into the catalogue when configs that describe them were there.
    guard DatasetCatalogue.dataset(name).map({ $0.group == .studies }) ?? true else {
      throw reader.error("name", "\"\(name)\" is a dataset of the catalogue; choose another name")
    }
    guard var filesReader = keys.files else {
      throw reader.error("files", "missing; expected {\"train\": file, \"validation\": file}")
    }
    let (training, evaluation, test) = try CustomDatasetKeys.files(&filesReader)
    try filesReader.finish()
    guard !training.isEmpty, !evaluation.isEmpty else {
      throw reader.error("files", "expected \"train\" and \"validation\", each \(CustomDatasetKeys.filesText)")
    }
    let furtherSets = try self.furtherSets(keys.furtherSets, reader, resolve: resolve)
    let labels = try LabelWords(keys.labels, reader)
    try reader.finish()

    let scoring = try self.metric(of: name, by: keys.metric, labels, positive: keys.positive, range: keys.range, reader)
    let prompt = try CustomPrompt(
      template: keys.prompt, instruction: keys.instruction, columns: keys.columns, messages: keys.messages,
      answer: keys.answer, reader)
    let rows = CustomRows(
      prompt: prompt, labels: labels, family: scoring.family, group: keys.group.map { ColumnPath($0) })
    var files: [DatasetPart: [String]] = [.training: training.map(resolve), .evaluation: evaluation.map(resolve)]
    if !test.isEmpty { files[.test] = test.map(resolve) }
    var dataset = DatasetDescription(
      id: name, group: .custom, title: keys.title ?? name, source: nil, testSplits: test.isEmpty ? [] : ["test"],
      files: files,
      columns: rows.columns, layout: prompt.layout, metric: scoring,
      maximumNewTokens: keys.maximumNewTokens ?? (labels.words.isEmpty ? 256 : 8),
      isMaximumGiven: keys.maximumNewTokens != nil,
      labelColumn: rows.labelColumn, answerColumn: prompt.answer.name, read: rows.examples)
    dataset.furtherSets = furtherSets
    return dataset
  }

  /// Names that mean a split, or the rows that are scored anyway.
  static let splitNames: Set<String> = ["train", "training", "validation", "eval", "test", "scored"]

  /// Reads `evaluate_on`: sets of rows that are answered and scored after those of the splits.
  private static func furtherSets(
    _ value: DocumentValue?, _ reader: OptionReader, resolve: (String) -> String
  ) throws(DocumentError) -> [NamedRowFiles] {
    guard let value else { return [] }
    let place = reader.path(of: "evaluate_on")
    var sets = try OptionReader(value: value, text: reader.text, what: "evaluate_on", path: place)
    var result: [NamedRowFiles] = []
    for member in value.object?.members ?? [] {
      guard isName(member.key), !splitNames.contains(member.key.lowercased()) else {
        throw DocumentError(
          "\(place): \"\(member.key)\" cannot be the name of a set; expected letters, digits, \"_\", \"-\" and \".\", and "
            + "not the name of a split", at: member.keyOffset, of: reader.text)
      }
      let files = try sets.optionalFilePaths(member.key) ?? []
      guard !files.isEmpty else { throw sets.error(member.key, "expected \(CustomDatasetKeys.filesText)") }
      result.append(NamedRowFiles(name: member.key, files: files.map(resolve)))
    }
    return result
  }

  /// Whether a name can be that of a file and of a column.
  static func isName(_ name: String) -> Bool {
    name.first != "." && name.count <= 100
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20) || "_-.".utf8.contains(byte)
      }
  }

  private static func metric(
    of name: String, by choice: MetricChoice?, _ labels: LabelWords, positive: String?, range: [Double],
    _ reader: OptionReader
  ) throws(DocumentError) -> DatasetMetric {
    do {
      return try MetricChoice.metric(of: name, by: choice, labels: labels.words, positive: positive, range: range)
    } catch {
      throw reader.error(error.key, error.message)
    }
  }
}

/// The label words of a description, and the values that it lists for them.
struct LabelWords: Sendable {
  private(set) var words: [String] = []
  /// The values with the positions of their words; nil where the description has a list of words.
  private(set) var listed: [(value: String, index: Int)]?

  /// Reads a list of words, or an object from values to words.
  ///
  /// White space around a word is dropped; a number or a truth value is the word that it is spelled as.
  init(_ value: DocumentValue?, _ reader: OptionReader) throws(DocumentError) {
    guard let value else { return }
    func word(_ value: DocumentValue) throws(DocumentError) -> String {
      guard let word = value.plainText?.trimmingWhiteSpace(), !word.isEmpty else {
        throw DocumentError(
          "\(reader.path(of: "labels")): expected words, found \(value.shown)", at: value.offset, of: reader.text)
      }
      return word
    }
    if let list = value.array {
      for element in list { words.append(try word(element)) }
    } else if let object = value.object {
      var listed: [(value: String, index: Int)] = []
      for member in object.members {
        let label = try word(member.value)
        // Several values may mean the same word.
        let index = words.firstIndex(of: label) ?? words.count
        if index == words.count { words.append(label) }
        let value = member.key.trimmingWhiteSpace()
        guard listed.allSatisfy({ $0.value != value || $0.index == index }) else {
          throw DocumentError(
            "\(reader.path(of: "labels")): \"\(value)\" is given twice, with different words (white space around a value "
              + "does not count)", at: member.keyOffset, of: reader.text)
        }
        listed.append((value, index))
      }
      self.listed = listed
    } else {
      throw reader.error("labels", "expected a list of words or an object from values to words, found \(value.shown)")
    }
    guard Set(words.map { $0.lowercased() }).count == words.count else {
      throw reader.error("labels", "a word is given twice (letter case does not tell words apart)")
    }
    // A word that an answer of exactly this word would not be read as could never be right.
    let parser = AnswerParser(labels: words)
    if let lost = words.indices.first(where: { parser.label(words[$0]) != $0 }) {
      throw reader.error(
        "labels", "an answer \"\(words[lost])\" is not read as this label, since what precedes </think> is no answer")
    }
  }
}
