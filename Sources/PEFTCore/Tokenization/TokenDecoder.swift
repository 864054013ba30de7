/// One step from tokens back to text; a sequence of them runs one after the other.
enum TokenDecoder: Sendable {
  /// Turns the byte alphabet back into bytes and joins them.
  case byteLevel
  /// Replaces each occurrence of a text in each token.
  case replace(pattern: [UInt8], by: [UInt8])
  /// Turns runs of `<0x..>` tokens into the characters that they spell.
  case byteFallback
  /// Joins all tokens into one.
  case fuse
  /// Removes up to that many copies of a character from the ends of each token.
  case strip(content: [UInt8], start: Int, stop: Int)
  /// Turns marks into spaces, but drops those of the first token if they were added.
  case metaspace(mark: [UInt8], dropsFirst: Bool)

  /// U+FFFD, which stands for what is not UTF-8.
  private static let replacementCharacter: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// Rewrites the tokens' texts, given as bytes.
  func apply(to tokens: [[UInt8]]) -> [[UInt8]] {
    switch self {
    case .byteLevel:
      var bytes: [UInt8] = []
      for token in tokens {
        bytes += ByteAlphabet.bytes(of: String(decoding: token, as: UTF8.self)) ?? token
      }
      return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
    case .replace(let pattern, let replacement):
      return tokens.map { Normalizer.replace(pattern, in: $0, by: replacement) }
    case .byteFallback: return Self.joinBytes(of: tokens)
    case .fuse: return [Array(tokens.joined())]
    case .strip(let content, let start, let stop):
      return tokens.map { Self.strip($0, of: content, start: start, stop: stop) }
    case .metaspace(let mark, let dropsFirst):
      return tokens.enumerated().map { index, token in
        Normalizer.replace(mark, in: token, by: index == 0 && dropsFirst ? [] : [0x20])
      }
    }
  }

  private static func joinBytes(of tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var pending: [UInt8] = []
    func flush() {
      guard !pending.isEmpty else { return }
      if String(validating: pending, as: UTF8.self) != nil {
        result.append(pending)
      } else {
        result += pending.map { _ in replacementCharacter }
      }
      pending = []
    }
    for token in tokens {
      if let byte = byteOfFallback(token) {
        pending.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  /// The byte that a token of the form `<0x0A>` stands for.
  static func byteOfFallback(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }

  private static func strip(_ token: [UInt8], of content: [UInt8], start: Int, stop: Int) -> [UInt8] {
    var rest = token[...]
    var left = start
    while left > 0, !content.isEmpty, rest.starts(with: content) {
      rest = rest.dropFirst(content.count)
      left -= 1
    }
    left = stop
    while left > 0, !content.isEmpty, rest.suffix(content.count).elementsEqual(content) {
      rest = rest.dropLast(content.count)
      left -= 1
    }
    return Array(rest)
  }
}
