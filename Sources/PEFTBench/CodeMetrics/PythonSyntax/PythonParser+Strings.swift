extension PythonParser {
  /// One string, or several side by side.
  func strings() throws(Failure) -> SyntaxNode {
    var parts = [try string()]
    while token.kind == .stringStart { parts.append(try string()) }
    return parts.count == 1 ? parts[0] : try node(.concatenatedString, parts)
  }

  /// A string literal with its escapes and, in an f-string, its interpolations.
  func string() throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      guard token.kind == .stringStart else { throw Failure() }
      let opening = StringOpening(lexer, token)
      var parts = [SyntaxNode(.stringStart, token.start, token.end)]
      var position = token.end
      var contentStart = position
      var escapes: [SyntaxNode] = []

      func finishContent() {
        guard position > contentStart else { return }
        parts.append(
          escapes.isEmpty
            ? SyntaxNode(.stringContent, contentStart, position)
            : SyntaxNode(.stringContent, escapes))
        escapes = []
      }

      while true {
        guard position < lexer.bytes.count else { throw Failure() }
        let byte = lexer.bytes[position]
        if byte == opening.quote, opening.closes(lexer, at: position) {
          finishContent()
          let end = position + opening.quoteCount
          parts.append(SyntaxNode(.stringEnd, position, end))
          token = lexer.token(from: end, betweenBrackets: brackets > 0)
          return try node(.string, parts)
        }
        switch byte {
        case UInt8(ascii: "\\"):
          if opening.isRaw {
            position += 2
          } else if let length = escapeLength(at: position, opening) {
            escapes.append(SyntaxNode(.escapeSequence, position, position + length))
            position += length
          } else {
            // A backslash that escapes nothing; in bytes it may stand before a letter of a text escape.
            position += 1
          }
        case UInt8(ascii: "{") where opening.isFormat:
          if lexer.byte(position + 1) == byte {
            escapes.append(SyntaxNode(.escapeInterpolation, position, position + 2))
            position += 2
          } else {
            finishContent()
            parts.append(try interpolation(at: position, .interpolation))
            position = token.end
            contentStart = position
          }
        case UInt8(ascii: "}") where opening.isFormat:
          guard lexer.byte(position + 1) == byte else { throw Failure() }
          escapes.append(SyntaxNode(.escapeInterpolation, position, position + 2))
          position += 2
        case 0x0A where opening.quoteCount == 1:
          throw Failure()
        default:
          position += 1
        }
      }
    }
  }

  /// What is in braces in an f-string; leaves the closing brace as the current token.
  private func interpolation(at start: Int, _ kind: SyntaxNode.Kind) throws(Failure) -> SyntaxNode {
    try nested { () throws(Failure) in
      let outer = brackets
      defer { brackets = outer }
      brackets += 1
      var parts = [SyntaxNode(.token, start, start + 1)]
      token = lexer.token(from: start + 1, betweenBrackets: true)
      parts.append(try (at("yield") ? yield() : expressions()).as(.expression))
      if at("=") { parts.append(take()) }
      if at("!") {
        let letter = lexer.byte(token.end)
        guard (0x61...0x7A).contains(letter) else { throw Failure() }
        parts.append(SyntaxNode(.typeConversion, token.start, token.end + 1).as(.typeConversion))
        token = lexer.token(from: token.end + 1, betweenBrackets: true)
      }
      if token.kind == .operatorSign, lexer.byte(token.start) == UInt8(ascii: ":") {
        parts.append(try formatSpecifier(at: token.start).as(.formatSpecifier))
      }
      guard at("}") else { throw Failure() }
      parts.append(SyntaxNode(.token, token.start, token.end))
      return try node(kind, parts)
    }
  }

  private func formatSpecifier(at start: Int) throws(Failure) -> SyntaxNode {
    var parts = [SyntaxNode(.token, start, start + 1)]
    var position = start + 1
    while true {
      guard position < lexer.bytes.count else { throw Failure() }
      switch lexer.bytes[position] {
      case UInt8(ascii: "{"):
        parts.append(try interpolation(at: position, .formatExpression))
        position = token.end
      case UInt8(ascii: "}"):
        token = PythonLexer.Token(kind: .operatorSign, start: position, end: position + 1)
        return try node(.formatSpecifier, parts)
      default:
        position += 1
      }
    }
  }

  private func escapeLength(at start: Int, _ opening: StringOpening) -> Int? {
    let kind = lexer.byte(start + 1)
    func hexadecimal(_ count: Int) -> Int? {
      (0..<count).allSatisfy { offset in
        let byte = lexer.byte(start + 2 + offset)
        return PythonLexer.isDigit(byte) || (0x61...0x66).contains(byte | 0x20)
      } ? count + 2 : nil
    }
    switch kind {
    case UInt8(ascii: "u"): return opening.isBytes ? nil : hexadecimal(4)
    case UInt8(ascii: "U"): return opening.isBytes ? nil : hexadecimal(8)
    case UInt8(ascii: "x"): return hexadecimal(2)
    case 0x30...0x39:
      // The grammar knows octal escapes of three digits only.
      return PythonLexer.isDigit(lexer.byte(start + 2)) && PythonLexer.isDigit(lexer.byte(start + 3)) ? 4 : nil
    case 0x0A: return 2
    case 0x0D: return lexer.byte(start + 2) == 0x0A ? 3 : nil
    case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "a"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "v"):
      return 2
    case UInt8(ascii: "N"):
      guard !opening.isBytes, lexer.byte(start + 2) == UInt8(ascii: "{") else { return nil }
      var end = start + 3
      while end < lexer.bytes.count, lexer.bytes[end] != UInt8(ascii: "}") { end += 1 }
      return end < lexer.bytes.count && end > start + 3 ? end + 1 - start : nil
    default: return nil
    }
  }
}

/// How a string literal opens: its prefix letters and quotes.
struct StringOpening {
  let quote: UInt8
  let quoteCount: Int
  let isRaw: Bool
  let isBytes: Bool
  let isFormat: Bool

  init(_ lexer: PythonLexer, _ token: PythonLexer.Token) {
    quote = lexer.byte(token.end - 1)
    let isTriple =
      token.end - token.start >= 3 && quote != UInt8(ascii: "`") && lexer.byte(token.end - 2) == quote
      && lexer.byte(token.end - 3) == quote
    quoteCount = isTriple ? 3 : 1
    let prefix = lexer.bytes[token.start..<(token.end - quoteCount)]
    isRaw = prefix.contains { $0 | 0x20 == UInt8(ascii: "r") }
    isBytes = prefix.contains { $0 | 0x20 == UInt8(ascii: "b") }
    isFormat = prefix.contains { $0 | 0x20 == UInt8(ascii: "f") }
  }

  func closes(_ lexer: PythonLexer, at position: Int) -> Bool {
    quoteCount == 1 || (lexer.byte(position + 1) == quote && lexer.byte(position + 2) == quote)
  }
}
