/// One step of rewriting a text before it is cut; a sequence of them runs one after the other.
enum Normalizer: Sendable {
  /// One of Unicode's normal forms.
  case form(NormalForm)
  case lowercase
  /// Replaces each occurrence of a text.
  case replace(pattern: [UInt8], by: [UInt8])
  /// Puts a text before what is not empty.
  case prepend([UInt8])
  /// Removes white space from the ends.
  case strip(left: Bool, right: Bool)

  /// Rewrites valid UTF-8 into valid UTF-8.
  func apply(to bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .form(let form): form.apply(to: bytes)
    case .lowercase:
      // Character by character: the reference knows no context such as the final sigma.
      String(decoding: bytes, as: UTF8.self).unicodeScalars.flatMap { Array($0.properties.lowercaseMapping.utf8) }
    case .replace(let pattern, let replacement): Self.replace(pattern, in: bytes, by: replacement)
    case .prepend(let text): bytes.isEmpty ? bytes : text + bytes
    case .strip(let left, let right): strip(bytes, left: left, right: right)
    }
  }

  /// The step for a stretch that continues another one: what it does at the beginning is left out.
  var continuing: Normalizer? {
    switch self {
    case .prepend: nil
    case .strip(_, let right): .strip(left: false, right: right)
    case .form, .lowercase, .replace: self
    }
  }

  static func replace(_ pattern: [UInt8], in bytes: [UInt8], by replacement: [UInt8]) -> [UInt8] {
    guard let first = pattern.first, bytes.contains(first) else { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + bytes.count / 2)
    var position = 0
    while position < bytes.count {
      if bytes[position] == first, bytes[position...].starts(with: pattern) {
        result += replacement
        position += pattern.count
      } else {
        result.append(bytes[position])
        position += 1
      }
    }
    return result
  }

  private func strip(_ bytes: [UInt8], left: Bool, right: Bool) -> [UInt8] {
    var scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)[...]
    if left { scalars = scalars.drop { $0.properties.isWhitespace } }
    if right { while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() } }
    return scalars.flatMap { Array(String(Character($0)).utf8) }
  }
}
