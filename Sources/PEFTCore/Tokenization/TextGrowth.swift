/// How much larger the steps of a tokenizer can make a text.
///
/// A replacement makes of each byte as many as it has itself, and one after the other multiply. What a file asks for is
/// added up when it is read, so that no text can take more memory than a fixed multiple of its own.
enum TextGrowth {
  /// Most bytes that may become of one.
  static let mostBytes = 256
  /// Most steps of a kind, each of which goes over the whole text.
  static let mostSteps = 100
  /// Most bytes of a token.
  static let longestToken = 4096

  /// What is wrong with the steps before merging, or nil.
  static func fault(normalizers: [Normalizer], preTokenizers: [PreTokenizer]) -> String? {
    guard normalizers.count + preTokenizers.count <= mostSteps else {
      return "the text goes through \(normalizers.count + preTokenizers.count) steps before it is merged, more than "
        + "\(mostSteps)"
    }
    var bytes = 1
    for step in normalizers {
      switch step {
      case .replace(let pattern, let replacement): bytes = product(bytes, factor(replacement, for: pattern))
      case .prepend(let text): bytes = sum(bytes, text.count)
      // The normal forms of Unicode make at most 18 characters of one; that is their own affair and no file's.
      case .form, .lowercase, .strip: break
      }
    }
    for step in preTokenizers {
      switch step {
      case .prefixSpace: bytes = product(bytes, 2)
      case .metaspace(let mark, _, _): bytes = product(bytes, mark.count + 1)
      case .pattern, .digits, .split: break
      }
    }
    return bytes <= mostBytes
      ? nil : "normalizer and pre-tokenizer can make a text more than \(mostBytes) times as long"
  }

  /// What is wrong with the steps from tokens to text, or nil.
  static func fault(decoders: [TokenDecoder]) -> String? {
    guard decoders.count <= mostSteps else {
      return "the decoder has \(decoders.count) steps, more than \(mostSteps)"
    }
    var bytes = 1
    for step in decoders {
      if case .replace(let pattern, let replacement) = step {
        bytes = product(bytes, factor(replacement, for: pattern))
      }
    }
    return bytes <= mostBytes ? nil : "the decoder can make a text more than \(mostBytes) times as long"
  }

  private static func factor(_ replacement: [UInt8], for pattern: [UInt8]) -> Int {
    max(1, (replacement.count + pattern.count - 1) / max(1, pattern.count))
  }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : value
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : value
  }
}
