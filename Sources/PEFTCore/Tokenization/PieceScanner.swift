/// The regular expressions with which published byte-level models cut text, as hand-written scanners.
///
/// Each piece starts where the last one ended, so a scanner only answers where the piece at a position ends.
/// The expressions' `\s` is White_Space, `\p{L}` and `\p{N}` are general categories.
enum PieceScanner: Sendable, Equatable {
  /// GPT-2's expression: case-sensitive contractions, one space may lead a word, a number or other signs.
  case gpt2
  /// Llama 3's and Qwen's: any one sign may lead a word, numbers of at most that many digits, line ends with what
  /// precedes.
  case words(maximumDigits: Int)
  /// OpenAI's o200k, as Phi-4-mini and GPT-4o have it: as before, but a word ends before a capital in its middle, and a
  /// contraction stays with it.
  case casedWords

  /// The expression of GPT-2.
  static let gpt2Expression =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The scanner for an expression as tokenizer.json files spell it, or nil for one that is not known.
  init?(expression: String) {
    switch expression {
    case Self.gpt2Expression, #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#:
      self = .gpt2
    case Self.wordsExpression(digits: #"\p{N}{1,3}"#), Self.possessiveExpression(digits: #"\p{N}{1,3}"#):
      self = .words(maximumDigits: 3)
    case Self.wordsExpression(digits: #"\p{N}"#), Self.possessiveExpression(digits: #"\p{N}"#):
      self = .words(maximumDigits: 1)
    case Self.casedWordsExpression: self = .casedWords
    default: return nil
    }
  }

  private static let casedWordsExpression: String = {
    let before = #"[^\r\n\p{L}\p{N}]?"#
    let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    return "\(before)\(upper)*\(lower)+\(contraction)|\(before)\(upper)+\(lower)*\(contraction)"
      + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }()

  /// The expression as tokenizer.json files spell it.
  var expression: String {
    switch self {
    case .gpt2: Self.gpt2Expression
    case .casedWords: Self.casedWordsExpression
    case .words(let maximumDigits):
      Self.wordsExpression(digits: maximumDigits == 1 ? #"\p{N}"# : #"\p{N}{1,\#(maximumDigits)}"#)
    }
  }

  private static func wordsExpression(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// The same language in the spelling of OpenAI's cl100k, with possessive quantifiers.
  private static func possessiveExpression(digits: String) -> String {
    #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
  }

  /// The end of the piece that starts at `position`.
  ///
  /// - Precondition: `bytes[position..<end]` is not empty and is valid UTF-8.
  @inline(__always)
  func endOfPiece(at position: Int, end: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let scan = Scan(bytes: bytes, end: end)
    return switch self {
    case .gpt2: scan.gpt2Piece(at: position)
    case .words(let maximumDigits): scan.wordsPiece(at: position, maximumDigits: maximumDigits)
    case .casedWords: scan.casedWordsPiece(at: position)
    }
  }
}

/// One text under a scanner.
private struct Scan {
  let bytes: UnsafeBufferPointer<UInt8>
  let end: Int

  private static let space = UInt8(ascii: " ")
  private static let apostrophe = UInt8(ascii: "'")

  @inline(__always)
  private func scalar(at position: Int) -> (kind: ScalarClass, after: Int) {
    let (value, length) = UTF8Step.scalar(at: position, of: bytes)
    return (ScalarClass.of(value), position + length)
  }

  /// The end of the run of `kind` that starts at `position`.
  @inline(__always)
  private func run(of kind: ScalarClass, from position: Int) -> Int {
    var position = position
    while position < end {
      let next = scalar(at: position)
      guard next.kind == kind else { break }
      position = next.after
    }
    return position
  }

  @inline(__always)
  private func isLineEnd(_ position: Int) -> Bool { bytes[position] == 0x0A || bytes[position] == 0x0D }

  func gpt2Piece(at position: Int) -> Int {
    if bytes[position] == Self.apostrophe, let after = contraction(at: position + 1, folds: false) { return after }
    let first = scalar(at: position)
    guard first.kind == .space else { return run(of: first.kind, from: first.after) }
    if bytes[position] == Self.space, first.after < end {
      let second = scalar(at: first.after)
      if second.kind != .space { return run(of: second.kind, from: second.after) }
    }
    return whiteSpace(from: position, run: run(of: .space, from: first.after), firstEnds: first.after)
  }

  func wordsPiece(at position: Int, maximumDigits: Int) -> Int {
    if bytes[position] == Self.apostrophe, let after = contraction(at: position + 1, folds: true) { return after }
    let first = scalar(at: position)
    if first.kind == .letter { return run(of: .letter, from: first.after) }
    if first.kind == .number { return number(at: position, maximumDigits: maximumDigits) }
    if !isLineEnd(position), first.after < end, scalar(at: first.after).kind == .letter {
      return run(of: .letter, from: first.after)
    }
    return signsOrSpace(at: position, first, takesSlashes: false)
  }

  /// `[^\r\n\p{L}\p{N}]?U*L+'s?|[^\r\n\p{L}\p{N}]?U+L*'s?|…` with U for what begins a word and L for what goes on.
  func casedWordsPiece(at position: Int) -> Int {
    let first = scalar(at: position)
    // Where a word could begin: after a sign or space that may lead it, or at once.
    let starts =
      first.kind == .letter || first.kind == .number || isLineEnd(position)
      ? [position] : [first.after, position]
    if first.kind != .number {
      for start in starts { if let after = wordWithEnd(at: start) { return contracted(after) } }
      for start in starts {
        let after = run(from: start, while: \.begins)
        if after > start { return contracted(run(from: after, while: \.goesOn)) }
      }
    }
    if first.kind == .number { return number(at: position, maximumDigits: 3) }
    return signsOrSpace(at: position, first, takesSlashes: true)
  }

  /// The end of `U*L+` at a position, or nil.
  private func wordWithEnd(at start: Int) -> Int? {
    let capitals = run(from: start, while: \.begins)
    let after = run(from: capitals, while: \.goesOn)
    if after > capitals { return after }
    // The first part gives back what the second one needs: from its last letter that can continue with a word.
    var position = capitals
    while position > start {
      position = UTF8Step.start(before: position, of: bytes)
      if wordPart(at: position).part.goesOn { return run(from: position, while: \.goesOn) }
    }
    return nil
  }

  /// The end of a contraction at `position`, or the position itself.
  private func contracted(_ position: Int) -> Int {
    guard position < end, bytes[position] == Self.apostrophe else { return position }
    return contraction(at: position + 1, folds: true) ?? position
  }

  private func wordPart(at position: Int) -> (part: WordPart, after: Int) {
    let (value, length) = UTF8Step.scalar(at: position, of: bytes)
    return (WordPart.of(value), position + length)
  }

  private func run(from position: Int, while isWanted: (WordPart) -> Bool) -> Int {
    var position = position
    while position < end {
      let next = wordPart(at: position)
      guard isWanted(next.part) else { break }
      position = next.after
    }
    return position
  }

  @inline(__always)
  private func number(at position: Int, maximumDigits: Int) -> Int {
    var after = scalar(at: position).after
    var digits = 1
    while digits < maximumDigits, after < end {
      let next = scalar(at: after)
      guard next.kind == .number else { break }
      after = next.after
      digits += 1
    }
    return after
  }

  /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, the slash among the line ends if wanted.
  @inline(__always)
  private func signsOrSpace(at position: Int, _ first: (kind: ScalarClass, after: Int), takesSlashes: Bool) -> Int {
    var signs = first.kind == .other ? first.after : position
    if bytes[position] == Self.space, first.after < end {
      let second = scalar(at: first.after)
      if second.kind == .other { signs = second.after }
    }
    if signs > position {
      var after = run(of: .other, from: signs)
      while after < end, isLineEnd(after) || (takesSlashes && bytes[after] == UInt8(ascii: "/")) { after += 1 }
      return after
    }
    let runEnd = run(of: .space, from: first.after)
    var lastLineEnd = runEnd
    while lastLineEnd > position, !isLineEnd(lastLineEnd - 1) { lastLineEnd -= 1 }
    if lastLineEnd > position { return lastLineEnd }
    return whiteSpace(from: position, run: runEnd, firstEnds: first.after)
  }

  /// `\s+(?!\S)|\s+`: all of the run but its last character, if something follows it and more than one is there.
  @inline(__always)
  private func whiteSpace(from position: Int, run runEnd: Int, firstEnds: Int) -> Int {
    if runEnd == end || runEnd == firstEnds { return runEnd }
    return UTF8Step.start(before: runEnd, of: bytes)
  }

  /// The end of one of s t m d re ve ll at `position`, or nil; `folds` ignores case.
  @inline(__always)
  private func contraction(at position: Int, folds: Bool) -> Int? {
    guard position < end else { return nil }
    let fold: UInt8 = folds ? 0x20 : 0
    switch bytes[position] | fold {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return position + 1
    // U+017F, the long s, folds to s.
    case 0xC5 | fold where folds && bytes[position] == 0xC5 && position + 1 < end && bytes[position + 1] == 0xBF:
      return position + 2
    default: break
    }
    guard position + 1 < end else { return nil }
    switch (bytes[position] | fold, bytes[position + 1] | fold) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return position + 2
    default: return nil
    }
  }
}
