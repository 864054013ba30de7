/// What the user's turn of a prompt says: text that always stays, and fields that may be cut where it is too long.
package struct PromptText: Sendable, Equatable {
  /// A stretch of the prompt.
  package struct Piece: Sendable, Equatable {
    /// The text.
    package var text: String
    /// Whether it is the content of a field, which may be cut.
    package let isField: Bool
    /// Whether it is a question, which is cut only when nothing else is left to cut.
    package let isQuestion: Bool
  }

  /// The stretches in order.
  package private(set) var pieces: [Piece] = []

  /// Creates an empty prompt.
  package init() {}

  /// Adds text that stays as it is.
  mutating func append(_ text: String) {
    guard !text.isEmpty else { return }
    pieces.append(Piece(text: text, isField: false, isQuestion: false))
  }

  /// Adds the content of a field.
  mutating func append(_ field: Example.Field) {
    pieces.append(Piece(text: field.text, isField: true, isQuestion: field.isQuestion))
  }

  /// The same prompt with another text for one piece.
  func replacing(_ index: Int, with text: String) -> PromptText {
    var prompt = self
    prompt.pieces[index].text = text
    return prompt
  }

  /// The whole text.
  package var text: String { pieces.map(\.text).joined() }
}

/// How a prompt is put together from an example's fields.
package enum PromptLayout: Sendable, Equatable {
  /// The instruction, then one line for each field: `Name: text`, or the text alone for a field without a name.
  case lines(instruction: String)
  /// A text with `{column}` where a field stands; `fields` of the example are in the order of the template's places.
  case template([TemplatePart])

  /// A part of a prompt template.
  package enum TemplatePart: Sendable, Equatable {
    case text(String)
    case column(String)
  }

  /// The instruction, if the layout has one.
  package var instruction: String? {
    if case .lines(let instruction) = self { instruction } else { nil }
  }

  /// The prompt of an example.
  package func prompt(for example: Example) -> PromptText {
    var prompt = PromptText()
    switch self {
    case .lines(let instruction):
      prompt.append(instruction)
      for field in example.fields {
        if !prompt.pieces.isEmpty { prompt.append("\n") }
        if let name = field.name { prompt.append("\(name): ") }
        prompt.append(field)
      }
    case .template(let parts):
      var fields = example.fields[...]
      for part in parts {
        switch part {
        case .text(let text): prompt.append(text)
        case .column:
          if let field = fields.popFirst() { prompt.append(field) }
        }
      }
    }
    return prompt
  }
}
