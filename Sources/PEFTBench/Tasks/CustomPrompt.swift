import PEFTCore

/// Where prompt and answer of a described dataset come from: columns, or one column with a chat.
struct CustomPrompt: Sendable {
  /// How the prompt is put together.
  let layout: PromptLayout
  /// The columns of the prompt in the order of their places; with a chat, none.
  let fields: [ColumnPath]
  /// Whether fields have their names before them.
  let isNamed: Bool
  /// The column with the answer; with a chat, the chat's.
  let answer: ColumnPath
  /// Whether `answer` is a chat, whose last turn is the answer and whose others are the prompt.
  let isChat: Bool

  init(
    template: String?, instruction: String, columns: [String], messages: String?, answer: String?,
    _ reader: OptionReader
  ) throws(DocumentError) {
    isChat = messages != nil
    if let messages {
      guard template == nil, instruction.isEmpty, columns.isEmpty, answer == nil else {
        throw reader.error(
          "messages",
          "a chat has prompt and answer in itself; leave out \"prompt\", \"instruction\", \"columns\" and "
            + "\"answer\"")
      }
      layout = .lines(instruction: "")
      (fields, isNamed, self.answer) = ([], false, ColumnPath(messages))
      return
    }
    guard let answer else {
      throw reader.missing("answer", "missing; expected the column with the answer, or \"messages\", one with a chat")
    }
    self.answer = ColumnPath(answer)
    if let template {
      guard instruction.isEmpty, columns.isEmpty else {
        throw reader.error("prompt", "give either \"prompt\", or \"instruction\" and \"columns\"")
      }
      let parts = try Self.parts(of: template, reader)
      layout = .template(parts)
      fields = parts.compactMap { if case .column(let column) = $0 { ColumnPath(column) } else { nil } }
      guard !fields.isEmpty else { throw reader.error("prompt", "expected at least one {column}") }
    } else {
      guard !columns.isEmpty else {
        throw reader.missing("columns", "missing; expected \"columns\", or \"prompt\" with {column} in it")
      }
      layout = .lines(instruction: instruction)
      fields = columns.map { ColumnPath($0) }
    }
    isNamed = template == nil && fields.count > 1
    if let field = fields.first(where: { $0.isPart(of: self.answer) }) {
      let said = field.name == answer ? "which is the answer" : "and the answer is \"\(answer)\""
      throw reader.error(
        template == nil ? "columns" : "prompt",
        "holds the column \"\(field.name)\", \(said), so that every prompt would say it; leave it out")
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
