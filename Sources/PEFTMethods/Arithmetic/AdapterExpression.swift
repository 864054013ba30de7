public import PEFTCore

/// A weighted sum of adapters, such as `origin + 0.4*mnli + 0.6*(qnli - sst2)`, understood as what it adds up to.
///
/// Terms of one adapter are added before any of its values is touched, so that `a + b - b` is `a` to the bit. `origin`
/// stands for the values that all adapters started from, `origin(a)` for those that `a` started from. Numbers may have
/// names, whose values are given beside the text.
public struct AdapterExpression: Sendable, Equatable {
  /// One adapter with its factor.
  public struct Term: Sendable, Equatable {
    /// The adapter's name.
    public let name: String
    /// What it is multiplied by.
    public let weight: Double

    /// Creates the term.
    public init(_ name: String, weight: Double) { (self.name, self.weight) = (name, weight) }
  }

  /// What is added to.
  public enum Origin: Sendable, Equatable {
    /// What all adapters started from.
    case common
    /// What one of them started from.
    case of(String)
  }

  /// The adapters in the order in which they are first named, also those that cancel out.
  public let terms: [Term]
  /// What is added to; nil for nothing.
  public let origin: Origin?

  /// Creates the sum of terms.
  public init(terms: [Term], origin: Origin? = nil) { (self.terms, self.origin) = (terms, origin) }

  /// Reads an expression.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - adapters: The names that it may have.
  ///   - numbers: Named numbers.
  /// - Throws: `DocumentError` with the place of what is not understood.
  public init(
    parsing text: DocumentText, adapters: [String], numbers: [String: Double] = [:]
  ) throws(DocumentError) {
    var parser = ExpressionParser(text, adapters: adapters, numbers: numbers)
    let sum = try parser.parse()
    func error(_ message: String) -> DocumentError { DocumentError(message, at: 0, of: text) }
    guard sum.constant == 0 else { throw error("adds the number \(sum.constant) to adapters") }
    var terms: [Term] = []
    var origin: Origin?
    for (symbol, weight) in sum.weights {
      guard weight.isFinite else { throw error("a factor is not finite") }
      switch symbol {
      case .adapter(let name): terms.append(Term(name, weight: weight))
      case .origin(let which) where weight != 0:
        guard weight == 1, origin == nil else {
          throw error("expected one origin at most, taken once: it is what vectors are added to")
        }
        origin = which
      case .origin: break
      }
    }
    guard !terms.isEmpty || origin != nil else {
      throw error("names no adapter; expected such as origin + 0.5*a + 0.5*b")
    }
    self.init(terms: terms, origin: origin)
  }

  /// The text of an expression in pieces, its names apart from all else; together they are the text again.
  ///
  /// What begins with a digit is a number, such as the 1e of 1e-3; `origin` is a name here too.
  public static func pieces(of text: String) -> [(text: String, isName: Bool)] {
    var pieces: [(text: String, isName: Bool)] = []
    var word = ""
    func endWord() {
      if let first = word.first { pieces.append((word, !first.isNumber)) }
      word = ""
    }
    for character in text {
      if character.isASCII, character.isLetter || character.isNumber || character == "_" {
        word.append(character)
      } else {
        endWord()
        pieces.append((String(character), false))
      }
    }
    endWord()
    return pieces
  }

  /// Whether a text can be the name of an adapter or a number: a letter or underscore, then letters, digits and
  /// underscores; and not `origin`.
  public static func isName(_ text: String) -> Bool {
    let isLetter = { (character: Character) in character.isASCII && (character.isLetter || character == "_") }
    guard let first = text.first, isLetter(first), text != "origin" else { return false }
    return text.allSatisfy { isLetter($0) || $0.isASCII && $0.isNumber }
  }
}
