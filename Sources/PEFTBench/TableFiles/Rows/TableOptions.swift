/// Choices that a table's bytes do not settle by themselves.
package struct TableOptions: Sendable, Equatable {
  /// Whether quote marks group a text table's field.
  package enum Quoting: Sendable, Equatable {
    /// RFC 4180 for commas, none for tabs (GLUE's files have stray quote marks).
    case automatic
    /// RFC 4180: a field in double quotes may hold delimiters, line breaks and doubled quotes.
    case rfc4180
    /// Quote marks are text like any other.
    case none
  }

  /// Whether a text table's first line names the columns.
  package enum Header: Sendable, Equatable {
    /// A header, unless a cell of the first line is empty, a number or very long.
    case automatic
    /// The first line is a header.
    case present
    /// There is none; the columns are `column_1`, `column_2`, …
    case absent
    /// There is none; these are the columns.
    case names([String])
  }

  /// What happens to a row that cannot be read: a text row with too few or too many fields, a JSON line with a mistake.
  package enum BadRowPolicy: Sendable, Equatable {
    /// Reading stops with an error.
    case refuse
    /// The row is left out and listed in `TableRows.droppedRows`.
    case drop
  }

  /// Quote marks in text tables.
  package var quoting: Quoting
  /// The first line of text tables.
  package var header: Header
  /// Rows of a text or JSONL table that cannot be read.
  package var badRows: BadRowPolicy

  /// Creates options; the defaults read all common files.
  package init(quoting: Quoting = .automatic, header: Header = .automatic, badRows: BadRowPolicy = .refuse) {
    self.quoting = quoting
    self.header = header
    self.badRows = badRows
  }
}
