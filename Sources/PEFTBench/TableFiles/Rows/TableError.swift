import PEFTCore

/// Where something is in a table's file, as precisely as its format allows.
package enum TablePlace: Sendable, Equatable, CustomStringConvertible {
  /// A whole file.
  case file(String)
  /// A line and column of a text file.
  case text(SourceLocation)
  /// A line of a text file, from 1.
  case line(file: String, line: Int)
  /// A row of a file without lines, from 0.
  case row(file: String, row: Int)
  /// A byte of a binary file, from 0.
  case byte(file: String, offset: Int)

  /// The file's name.
  package var file: String {
    switch self {
    case .file(let file), .line(let file, _), .row(let file, _), .byte(let file, _): file
    case .text(let location): location.file
    }
  }

  /// `file`, `file:line:column`, `file:line`, `file row N` or `file, byte N`.
  package var description: String {
    switch self {
    case .file(let file): file
    case .text(let location): location.description
    case .line(let file, let line): "\(file):\(line)"
    case .row(let file, let row): "\(file) row \(row)"
    case .byte(let file, let offset): "\(file), byte \(offset)"
    }
  }
}

/// An error about a table's file or one of its rows.
package struct TableError: InputError, Equatable {
  /// Where.
  package let place: TablePlace
  /// What is wrong and what was expected.
  package let message: String

  /// Creates an error.
  package init(_ message: String, at place: TablePlace) {
    self.message = message
    self.place = place
  }

  /// `place: message`.
  package var description: String { "\(place): \(message)" }
}
