import PEFTCore

/// A linear form: a number and named vectors with their factors, in the order in which they come first.
struct LinearForm {
  /// What a factor belongs to.
  enum Symbol: Equatable {
    case adapter(String)
    case origin(AdapterExpression.Origin)
  }

  var constant = 0.0
  var weights: [(symbol: Symbol, weight: Double)] = []

  /// Adds a multiple of another form.
  mutating func add(_ other: LinearForm, times factor: Double) {
    constant += factor * other.constant
    for (symbol, weight) in other.weights {
      if let index = weights.firstIndex(where: { $0.symbol == symbol }) {
        weights[index].weight += factor * weight
      } else {
        weights.append((symbol, factor * weight))
      }
    }
  }

  func multiplied(by factor: Double) -> LinearForm {
    LinearForm(constant: constant * factor, weights: weights.map { ($0.symbol, $0.weight * factor) })
  }
}

/// Reads `sum := ± product (± product)*`, `product := value (* value | / value)*`,
/// `value := number | name | origin | origin(name) | ± value | (sum)`.
struct ExpressionParser {
  private let text: DocumentText
  private let adapters: [String]
  private let numbers: [String: Double]
  private var place = 0
  private var depth = 0

  private static let deepest = 64
  /// Longest text that is read, in bytes.
  private static let longest = 65_536

  init(_ text: DocumentText, adapters: [String], numbers: [String: Double]) {
    (self.text, self.adapters, self.numbers) = (text, adapters, numbers)
  }

  mutating func parse() throws(DocumentError) -> LinearForm {
    guard text.bytes.count <= Self.longest else {
      throw DocumentError("the expression is longer than \(Self.longest) bytes", at: 0, of: text)
    }
    let result = try sum()
    guard next() == nil else { throw error("expected +, -, * or the end", at: place) }
    return result
  }

  private mutating func sum() throws(DocumentError) -> LinearForm {
    var result = LinearForm()
    var sign = 1.0
    if take("-") { sign = -1 } else { _ = take("+") }
    while true {
      result.add(try product(), times: sign)
      if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return result }
    }
  }

  private mutating func product() throws(DocumentError) -> LinearForm {
    var result = try value()
    while true {
      _ = next()
      let start = place
      if take("*") {
        let other = try value()
        guard result.weights.isEmpty || other.weights.isEmpty else {
          throw error("multiplies adapters by adapters; only a number can be a factor", at: start)
        }
        result =
          result.weights.isEmpty ? other.multiplied(by: result.constant) : result.multiplied(by: other.constant)
      } else if take("/") {
        let other = try value()
        guard other.weights.isEmpty, other.constant != 0 else {
          throw error("expected a number other than 0 to divide by", at: start)
        }
        result = result.multiplied(by: 1 / other.constant)
      } else {
        return result
      }
    }
  }

  private mutating func value() throws(DocumentError) -> LinearForm {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw error("too many parentheses and signs inside one another", at: place) }
    if take("-") { return try value().multiplied(by: -1) }
    if take("+") { return try value() }
    if take("(") {
      let result = try sum()
      guard take(")") else { throw error("expected )", at: place) }
      return result
    }
    guard let byte = next() else { throw error("expected a number, a name or (, found the end", at: place) }
    if Self.isDigit(byte) || byte == UInt8(ascii: ".") { return LinearForm(constant: try number()) }
    guard Self.isLetter(byte) else { throw error("expected a number, a name or (", at: place) }
    return try named()
  }

  private mutating func named() throws(DocumentError) -> LinearForm {
    let start = place
    let name = word()
    if name == "origin" {
      guard take("(") else { return LinearForm(weights: [(.origin(.common), 1)]) }
      _ = next()
      let inner = place
      let owner = word()
      guard adapters.contains(owner) else { throw unknown(owner, at: inner) }
      guard take(")") else { throw error("expected )", at: place) }
      return LinearForm(weights: [(.origin(.of(owner)), 1)])
    }
    if let number = numbers[name] { return LinearForm(constant: number) }
    guard adapters.contains(name) else { throw unknown(name, at: start) }
    return LinearForm(weights: [(.adapter(name), 1)])
  }

  private mutating func number() throws(DocumentError) -> Double {
    let start = place
    while place < text.bytes.count {
      let byte = text.bytes[place]
      let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
      let followsExponent = place > start && Self.isExponent(text.bytes[place - 1])
      guard
        Self.isDigit(byte) || byte == UInt8(ascii: ".") || place > start && Self.isExponent(byte)
          || isSign && followsExponent
      else { break }
      place += 1
    }
    let shown = String(decoding: text.bytes[start..<place], as: UTF8.self)
    guard let number = Double(shown), number.isFinite else { throw error("\(shown) is not a number", at: start) }
    return number
  }

  private func unknown(_ name: String, at place: Int) -> DocumentError {
    let known = adapters + numbers.keys.sorted()
    let guess = NearestName.of(name, among: known + ["origin"]).map { ", did you mean \($0)?" } ?? ""
    let list = known.isEmpty ? "none is given" : known.joined(separator: ", ")
    return error("\"\(name)\" is not one of the adapters (\(list))\(guess)", at: place)
  }

  // MARK: - Text

  /// The next byte that is not white space.
  private mutating func next() -> UInt8? {
    while place < text.bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(text.bytes[place]) { place += 1 }
    return place < text.bytes.count ? text.bytes[place] : nil
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func word() -> String {
    let start = place
    while place < text.bytes.count, Self.isLetter(text.bytes[place]) || Self.isDigit(text.bytes[place]) { place += 1 }
    return String(decoding: text.bytes[start..<place], as: UTF8.self)
  }

  private func error(_ message: String, at place: Int) -> DocumentError {
    let shown = String(decoding: text.bytes, as: UTF8.self)
    return DocumentError(
      "\(message), at character \(min(place, text.bytes.count) + 1) of \"\(shown)\"", at: place, of: text)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  private static func isExponent(_ byte: UInt8) -> Bool { byte | 0x20 == UInt8(ascii: "e") }
}
