import PEFTCore
import TableFiles

/// Turns rows of a described dataset into examples.
struct CustomRows: Sendable {
  let prompt: CustomPrompt
  let labels: LabelWords
  let family: MetricFamily
  let group: ColumnPath?

  /// The column that says the label; nil where answers are free text.
  let labelColumn: LabelColumn?

  init(prompt: CustomPrompt, labels: LabelWords, family: MetricFamily, group: ColumnPath?) {
    (self.prompt, self.labels, self.family, self.group) = (prompt, labels, family, group)
    guard !labels.words.isEmpty else {
      labelColumn = nil
      return
    }
    let answer = prompt.answer
    let isChat = prompt.isChat
    labelColumn = LabelColumn(
      words: labels.words, listed: labels.listed, name: answer.name, columns: answer.columns
    ) { row throws(TableError) in
      guard isChat else { return try answer.value(in: row) }
      return DocumentValue(.string(try ChatColumn(answer, of: row).answer))
    }
  }

  /// The columns to be read, each once.
  var columns: [[String]] {
    var seen: Set<String> = []
    return (prompt.fields + [prompt.answer] + (group.map { [$0] } ?? [])).flatMap(\.columns)
      .filter { seen.insert($0).inserted }.map { [$0] }
  }

  /// The example of a row.
  ///
  /// - Throws: `TableError` for a column that is missing or has no text, or a label that is none.
  func examples(_ row: SourceRow) throws -> [Example] {
    let chat = prompt.isChat ? try ChatColumn(prompt.answer, of: row.row) : nil
    let fields =
      if let chat {
        [Example.Field(nil, chat.question)]
      } else {
        try prompt.fields.map { Example.Field(prompt.isNamed ? $0.name : nil, try row.promptText($0)) }
      }
    let group = try group.map { path in
      guard let text = try path.value(in: row.row)?.plainText else {
        throw row.row.error("column \"\(path.name)\": expected text or a number that ties rows together")
      }
      return text
    }
    if let labelColumn {
      return [row.example(fields, label: try labelColumn.index(of: row.row, row.reading), group: group)]
    }
    if let chat { return [Example(fields: fields, answer: chat.answer, group: group)] }
    let value = try row.answerValue(prompt.answer)
    // A list of texts is every accepted answer, as SQuAD has them; the first one is trained.
    if family == .recordSpan, let list = value.array {
      let answers = list.compactMap(\.plainText).filter { !$0.isEmpty }
      guard let first = answers.first, answers.count == list.count else {
        throw row.row.error("column \"\(prompt.answer.name)\": expected a list of answers, none of them empty")
      }
      return [Example(fields: fields, answer: first, group: group, allAnswers: answers)]
    }
    return [Example(fields: fields, answer: try row.answerText(prompt.answer), group: group)]
  }
}
