import PEFTCore
import TableFiles

extension DocumentValue {
  /// The value as a prompt shows it: text as it is, numbers and truth values as JSON spells them (1.0 stays 1.0); nil
  /// for what has no plain text, which is null, a list or an object.
  var plainText: String? {
    switch content {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .bool(let truth): truth ? "true" : "false"
    case .null, .array, .object: nil
    }
  }
}

/// What becomes of a null in a column of the prompt.
package enum NullPolicy: String, Sendable, CaseIterable {
  /// It is an empty text, and counted.
  case empty
  /// Its row is refused.
  case error
}

extension SourceRow {
  /// What is at `path` for a prompt: text exactly as it is, white space included.
  ///
  /// A null and an empty text are the same, an empty text that is counted, unless nulls are errors.
  func promptText(_ path: ColumnPath) throws(TableError) -> String {
    guard let value = try path.value(in: row) else { return try emptyText(path.name) }
    guard let text = value.plainText else {
      let hint = value.array == nil ? ".\(value.object?.keys.first ?? "name")" : "[0]"
      throw row.error(
        "column \"\(path.name)\": expected text or a number, found \(value.shown); name a part of it, such as "
          + "\(path.name)\(hint)")
    }
    return text.isEmpty ? try emptyText(path.name) : text
  }

  /// The empty text that a null in `column` stands for.
  func emptyText(_ column: String) throws(TableError) -> String {
    guard reading.nulls == .empty else {
      throw row.error("column \"\(column)\" is null or empty here, and data.null is \"error\"")
    }
    reading.note(empty: column)
    return ""
  }

  /// What is at `path` for an answer, which must be there.
  func answerValue(_ path: ColumnPath) throws(TableError) -> DocumentValue {
    guard let value = try path.value(in: row), value.string?.isEmpty != true else {
      throw row.error("column \"\(path.name)\" is null or empty, so this row has no answer")
    }
    return value
  }

  /// The text of an answer at `path`, exactly as it is.
  func answerText(_ path: ColumnPath) throws(TableError) -> String {
    let value = try answerValue(path)
    guard let text = value.plainText else {
      throw row.error("column \"\(path.name)\": expected text or a number, found \(value.shown)")
    }
    return text
  }
}
