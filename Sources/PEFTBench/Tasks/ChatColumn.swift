import PEFTCore
import TableFiles

/// A chat in one column: a question and its answer.
///
/// Turns are objects with `role` and `content`, as chat templates take them, or with `from` and `value` (ShareGPT). The
/// content of a turn is text, or a list of parts `{"type": "text", "text": …}`.
struct ChatColumn {
  /// What the user says.
  let question: String
  /// What the assistant answers.
  let answer: String

  /// Reads the chat at `path` of a row.
  ///
  /// - Throws: `TableError` for what is not a chat of one question and its answer.
  init(_ path: ColumnPath, of row: TableRow) throws(TableError) {
    let place = "column \"\(path.name)\""
    guard let value = try path.value(in: row) else {
      throw row.error("\(place) is null, so this row has no chat")
    }
    guard let turns = value.array else {
      throw row.error("\(place): expected a list of turns {\"role\", \"content\"}, found \(value.shown)")
    }
    var texts: [(role: Role, text: String)] = []
    for (index, turn) in turns.enumerated() {
      texts.append(try Self.turn(turn, "\(place), turn \(index + 1)", of: row))
    }
    guard let last = texts.last, last.role == .assistant else {
      throw row.error(
        "\(place) \(texts.isEmpty ? "has no turns" : "ends with a turn of the \(texts[texts.count - 1].role.rawValue)"); "
          + "expected one of the assistant at the end, which is the answer")
    }
    guard texts.count == 2, texts[0].role == .user else {
      let roles = texts.map(\.role.rawValue).prefix(6).joined(separator: ", ")
      throw row.error(
        "\(place): only a user's turn with the assistant's answer is read, found \(texts.count) turns (\(roles)); cut "
          + "the chat to two turns, or put what precedes the question into it")
    }
    guard !last.text.isEmpty else { throw row.error("\(place): the last turn is empty, so this row has no answer") }
    (question, answer) = (texts[0].text, last.text)
  }

  private enum Role: String { case user, assistant, system }

  private static func turn(
    _ turn: DocumentValue, _ place: String, of row: TableRow
  ) throws(TableError) -> (Role, String) {
    guard let name = (turn["role"] ?? turn["from"])?.string else {
      throw row.error("\(place): expected \"role\" and \"content\", or \"from\" and \"value\", found \(turn.shown)")
    }
    let role: Role
    switch name.lowercased() {
    case "user", "human": role = .user
    case "assistant", "gpt", "model": role = .assistant
    case "system": role = .system
    default:
      throw row.error(
        "\(place): the role \"\(name)\" is not read; roles are system, user (human) and assistant (gpt)")
    }
    for key in ["tool_calls", "function_call"] where turn[key].map({ $0.array?.isEmpty != true }) ?? false {
      throw row.error("\(place) has \"\(key)\"; only what a turn says as text is read")
    }
    let content = turn["content"] ?? turn["value"]
    if let text = content?.string { return (role, text) }
    var text = ""
    for part in content?.array ?? [DocumentValue(.null)] {
      guard let piece = part["text"]?.string, part["type"]?.string ?? "text" == "text" else {
        throw row.error("\(place): expected text, found \(part["type"]?.string ?? content?.shown ?? "nothing")")
      }
      text += piece
    }
    return (role, text)
  }
}
