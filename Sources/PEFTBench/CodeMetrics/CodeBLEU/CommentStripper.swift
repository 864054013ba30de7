/// Takes comments and docstrings out of Python code before trees are compared.
///
/// It follows Python 3.11's `tokenize` module, because what counts as a docstring is decided by the kind of the token
/// before: a string is dropped where it follows a line end or an indentation, and also wherever it stands in the first
/// column (a defect of the `codebleu` package: a snippet that starts with a string literal loses it). A backslash at a
/// line end and empty lines go too. Code that `tokenize` refuses is left as it is.
package struct CommentStripper {
  private enum Kind { case indent, newline, string, comment, other }

  private struct Refusal: Error {}

  /// `code` without comments, docstrings and empty lines.
  package static func strip(_ code: String) -> String {
    var stripper = CommentStripper(Array(code.unicodeScalars))
    guard let stripped = try? stripper.run() else { return code }
    return stripped
  }

  private let text: [Unicode.Scalar]
  private var output = String.UnicodeScalarView()
  private var previous = Kind.indent
  private var lastLine = -1
  private var lastColumn = 0

  private init(_ text: [Unicode.Scalar]) { self.text = text }

  private func scalar(_ index: Int) -> Unicode.Scalar { index >= 0 && index < text.count ? text[index] : "\0" }

  /// Writes a token that starts at (line, column), with spaces for the gap before it.
  private mutating func emit(
    _ kind: Kind, _ range: Range<Int>, line: Int, column: Int, endLine: Int, endColumn: Int
  ) {
    if line > lastLine { lastColumn = 0 }
    if column > lastColumn { output.append(contentsOf: repeatElement(" ", count: column - lastColumn)) }
    let isKept: Bool
    switch kind {
    case .comment: isKept = false
    case .string: isKept = previous != .indent && previous != .newline && column > 0
    default: isKept = true
    }
    if isKept { output.append(contentsOf: text[range]) }
    previous = kind
    lastColumn = endColumn
    lastLine = endLine
  }

  private mutating func run() throws(Refusal) -> String {
    var indents = [0]
    var brackets = 0
    var continues = false
    var lineStart = 0
    var line = 0
    var lineEnd = 0
    while lineStart < text.count {
      line += 1
      lineEnd = endOfLine(lineStart)
      var position = lineStart
      if brackets == 0, !continues {
        var column = 0
        while position < lineEnd {
          switch text[position] {
          case " ": column += 1
          case "\t": column = (column / 8 + 1) * 8
          case "\u{0C}": column = 0
          default: break
          }
          guard text[position] == " " || text[position] == "\t" || text[position] == "\u{0C}" else { break }
          position += 1
        }
        if position == lineEnd { break }
        if scalar(position) == "#" || scalar(position) == "\r" || scalar(position) == "\n" {
          let comment = scalar(position) == "#" ? position : nil
          if let comment {
            position = lineEnd
            while position > comment, text[position - 1] == "\n" || text[position - 1] == "\r" { position -= 1 }
            emit(
              .comment, comment..<position, line: line, column: comment - lineStart, endLine: line,
              endColumn: position - lineStart)
          }
          emit(
            .other, position..<lineEnd, line: line, column: position - lineStart, endLine: line,
            endColumn: lineEnd - lineStart)
          lineStart = lineEnd
          continue
        }
        if column > (indents.last ?? 0) {
          indents.append(column)
          emit(
            .indent, lineStart..<position, line: line, column: 0, endLine: line, endColumn: position - lineStart)
        }
        while column < (indents.last ?? 0) {
          guard indents.contains(column) else { throw Refusal() }
          indents.removeLast()
          let place = position - lineStart
          emit(.other, position..<position, line: line, column: place, endLine: line, endColumn: place)
        }
      }
      continues = false
      while position < lineEnd {
        while position < lineEnd, [" ", "\t", "\u{0C}"].contains(text[position]) { position += 1 }
        guard position < lineEnd else { break }
        let start = position
        let column = start - lineStart
        let first = text[start]
        var kind = Kind.other
        if first == "\n" || (first == "\r" && scalar(start + 1) == "\n") {
          position = lineEnd
          kind = brackets > 0 ? .other : .newline
        } else if first == "#" {
          position = lineEnd
          while text[position - 1] == "\n" || text[position - 1] == "\r" { position -= 1 }
          kind = .comment
        } else if first == "\\", scalar(start + 1) == "\n" || (scalar(start + 1) == "\r" && scalar(start + 2) == "\n") {
          continues = true
          position = lineEnd
          continue
        } else if let opening = stringOpening(start) {
          guard let end = try stringEnd(opening, lineEnd: lineEnd) else {
            // A quote that is not closed on its line is a token of its own, after the prefix as a name.
            position = opening.contentStart > start + 1 ? opening.contentStart - 1 : start + 1
            emit(
              .other, start..<position, line: line, column: column, endLine: line, endColumn: position - lineStart)
            continue
          }
          var endLine = line
          var endLineStart = lineStart
          for place in start..<end where text[place] == "\n" {
            endLine += 1
            endLineStart = place + 1
          }
          emit(.string, start..<end, line: line, column: column, endLine: endLine, endColumn: end - endLineStart)
          (line, lineStart, lineEnd, position) = (endLine, endLineStart, endOfLine(endLineStart), end)
          continue
        } else if isWordPart(first) || (first == "." && isDigit(scalar(start + 1))) {
          position = isDigit(first) || first == "." ? endOfNumber(start) : endOfWord(start)
        } else {
          if first == "(" || first == "[" || first == "{" { brackets += 1 }
          if first == ")" || first == "]" || first == "}" { brackets -= 1 }
          position += 1
        }
        emit(kind, start..<position, line: line, column: column, endLine: line, endColumn: position - lineStart)
      }
      lineStart = lineEnd
    }
    // The text may end inside brackets or after a backslash only if nothing is missing.
    guard brackets == 0 && !continues || lineStart < text.count else { throw Refusal() }
    let lines = String(output).split(separator: "\n" as Character, omittingEmptySubsequences: false)
    return lines.filter { !String($0).trimmingWhiteSpace().isEmpty }.joined(separator: "\n")
  }

  private func endOfLine(_ start: Int) -> Int {
    var end = start
    while end < text.count {
      end += 1
      if text[end - 1] == "\n" { break }
    }
    return end
  }

  // MARK: Strings, names and numbers

  private struct Opening {
    let quote: Unicode.Scalar
    let isTriple: Bool
    let contentStart: Int
  }

  private static let prefixes: Set<String> = ["", "b", "r", "u", "f", "br", "rb", "fr", "rf"]

  private func stringOpening(_ start: Int) -> Opening? {
    var position = start
    while position < start + 3, scalar(position) != "'", scalar(position) != "\"" { position += 1 }
    let quote = scalar(position)
    guard quote == "'" || quote == "\"",
      Self.prefixes.contains(String(String.UnicodeScalarView(text[start..<position])).lowercased())
    else { return nil }
    let isTriple = scalar(position + 1) == quote && scalar(position + 2) == quote
    return Opening(quote: quote, isTriple: isTriple, contentStart: position + (isTriple ? 3 : 1))
  }

  /// Behind the closing quotes, or nil where a string of one line is not closed.
  private func stringEnd(_ opening: Opening, lineEnd: Int) throws(Refusal) -> Int? {
    var position = opening.contentStart
    var limit = lineEnd
    while position < text.count {
      if position >= limit {
        guard opening.isTriple || continuesBefore(limit) else { return nil }
        limit = endOfLine(position)
      }
      switch text[position] {
      case "\\": position += 2
      case "\n" where !opening.isTriple: return nil
      case opening.quote:
        if !opening.isTriple { return position + 1 }
        if scalar(position + 1) == opening.quote, scalar(position + 2) == opening.quote { return position + 3 }
        position += 1
      default: position += 1
      }
    }
    // A triple-quoted or continued string that never ends is refused; any other is only a stray quote.
    guard !opening.isTriple, limit == lineEnd else { throw Refusal() }
    return nil
  }

  private func continuesBefore(_ lineStart: Int) -> Bool {
    scalar(lineStart - 2) == "\\" || (scalar(lineStart - 2) == "\r" && scalar(lineStart - 3) == "\\")
  }

  private func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

  private func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || isDigit(scalar) || scalar.properties.isAlphabetic
      || (scalar.value >= 0x80 && scalar.properties.numericType != nil)
  }

  private func endOfWord(_ start: Int) -> Int {
    var end = start
    while end < text.count, isWordPart(text[end]) { end += 1 }
    return end
  }

  /// Behind a number; what follows it, as in `1if`, is a token of its own.
  private func endOfNumber(_ start: Int) -> Int {
    var end = start
    if text[start] == "0", ["x", "X", "o", "O", "b", "B"].contains(scalar(start + 1)) {
      end += 2
      while end < text.count, text[end] == "_" || text[end].properties.isASCIIHexDigit { end += 1 }
      return end
    }
    while end < text.count, text[end] == "_" || text[end] == "." || isDigit(text[end]) { end += 1 }
    if scalar(end) == "e" || scalar(end) == "E" {
      let exponent = scalar(end + 1) == "+" || scalar(end + 1) == "-" ? end + 2 : end + 1
      if isDigit(scalar(exponent)) {
        end = exponent
        while end < text.count, text[end] == "_" || isDigit(text[end]) { end += 1 }
      }
    }
    if scalar(end) == "j" || scalar(end) == "J" { end += 1 }
    return end
  }
}
