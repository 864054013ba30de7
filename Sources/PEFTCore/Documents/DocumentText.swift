/// A text with a name, kept beside the values read from it so that offsets can be shown as line and column.
public struct DocumentText: Sendable {
  /// The file as the user named it.
  public let name: String
  /// The whole text, UTF-8.
  public let bytes: [UInt8]
  /// Further texts whose values were put among this one's, each with the offset at which it begins.
  private var additions: [(start: Int, text: DocumentText)] = []

  /// Whether the text is its own name, an argument of the command line, so that a line would say nothing.
  private let isArgument: Bool
  /// The number of the text's first line in what `name` is.
  private let firstLine: Int

  /// Creates a text.
  ///
  /// - Parameters:
  ///   - name: What messages call it.
  ///   - bytes: The text, UTF-8.
  ///   - isArgument: Whether it is its own name, an argument of the command line.
  ///   - firstLine: The number of its first line, where it is a part of what `name` is.
  public init(name: String, bytes: [UInt8], isArgument: Bool = false, firstLine: Int = 1) {
    self.firstLine = firstLine
    self.name = name
    self.bytes = bytes
    self.isArgument = isArgument
  }

  /// Adds a text, such as the value of a command-line option, after this one.
  ///
  /// - Returns: What to add to offsets in `text` (`DocumentValue.shifted(by:)`) so that `location(of:)` names
  ///   `text` for them.
  public mutating func append(_ text: DocumentText) -> Int {
    // One offset past the end still belongs to a text: that is where it misses something.
    let start = additions.last.map { $0.start + $0.text.bytes.count + 1 } ?? bytes.count + 1
    additions.append((start, text))
    return start
  }

  /// The text that the byte at `offset` belongs to, and the offset within it.
  public func source(of offset: Int) -> (text: DocumentText, offset: Int) {
    guard let addition = additions.last(where: { $0.start <= offset }) else { return (self, offset) }
    return (addition.text, offset - addition.start)
  }

  /// Line and column of the byte at `offset`.
  public func location(of offset: Int) -> SourceLocation {
    let source = source(of: offset)
    return source.text.ownLocation(of: source.offset)
  }

  private func ownLocation(of offset: Int) -> SourceLocation {
    guard !isArgument else { return SourceLocation(file: name, line: 0, column: 0) }
    var line = firstLine
    var column = 1
    for byte in bytes[..<min(max(offset, 0), bytes.count)] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return SourceLocation(file: name, line: line, column: column)
  }
}

/// An error about a place in a text: `file:line:column: message`.
public struct DocumentError: InputError, Equatable {
  /// Where.
  public let location: SourceLocation
  /// What is wrong and what was expected.
  public let message: String

  /// Creates an error about the byte at `offset` of `text`.
  public init(_ message: String, at offset: Int, of text: DocumentText) {
    self.message = message
    location = text.location(of: offset)
  }

  /// `file:line:column: message`.
  public var description: String { "\(location): \(message)" }
}
