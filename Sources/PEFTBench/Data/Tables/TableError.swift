public import PEFTCore

/// Where something stands in a table's file, as precisely as its format allows.
public enum TablePlace: Sendable, Equatable, CustomStringConvertible {
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
  public var file: String {
    switch self {
    case .file(let file), .line(let file, _), .row(let file, _), .byte(let file, _): file
    case .text(let location): location.file
    }
  }

  /// `file`, `file:line:column`, `file:line`, `file row N` or `file, byte N`.
  public var description: String {
    switch self {
    case .file(let file): file
    case .text(let location): location.description
    case .line(let file, let line): "\(file):\(line)"
    case .row(let file, let row): "\(file) row \(row)"
    case .byte(let file, let offset): "\(file), byte \(offset)"
    }
  }
}

/// A complaint about a table's file or one of its rows.
public struct TableError: InputError, Equatable {
  /// Where.
  public let place: TablePlace
  /// What is wrong and what was expected.
  public let message: String

  /// Creates a complaint.
  public init(_ message: String, at place: TablePlace) {
    self.message = message
    self.place = place
  }

  /// `place: message`.
  public var description: String { "\(place): \(message)" }
}
