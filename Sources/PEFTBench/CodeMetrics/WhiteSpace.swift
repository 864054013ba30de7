extension Unicode.Scalar {
  /// White space as Python's `str.strip` and `str.split` have it: Unicode's, and the four information separators.
  package var isPythonWhiteSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

extension String {
  /// The text without white space at its ends.
  package func trimmingWhiteSpace() -> String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isPythonWhiteSpace }),
      let last = scalars.lastIndex(where: { !$0.isPythonWhiteSpace })
    else { return "" }
    return String(scalars[first...last])
  }

  /// The words between white space.
  package func wordsBetweenWhiteSpace() -> [String] {
    unicodeScalars.split(whereSeparator: \.isPythonWhiteSpace).map { String($0) }
  }

  /// Where `part` is last, found byte by byte.
  package func lastRange(of part: String) -> Range<String.Index>? {
    let bytes = Array(utf8)
    let wanted = Array(part.utf8)
    guard !wanted.isEmpty, bytes.count >= wanted.count else { return nil }
    for start in stride(from: bytes.count - wanted.count, through: 0, by: -1)
    where bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
      return utf8.index(startIndex, offsetBy: start)..<utf8.index(startIndex, offsetBy: start + wanted.count)
    }
    return nil
  }
}
