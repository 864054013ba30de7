import PEFTCore

/// Replaces `${NAME}` and `${NAME:-default}` in the strings of a config by values of the environment.
///
/// As in a shell, the default stands for a variable that is unset or empty, and may hold references itself.
/// `$$` is a dollar sign; a dollar before anything else stays as it is. Keys are not expanded.
package struct EnvironmentExpansion {
  /// Deepest nesting of references in defaults.
  static let maximumDepth = 16

  private let text: DocumentText
  private let environment: [String: String]
  private let isIncluded: (Int) -> Bool

  /// Returns `value` with its references replaced.
  ///
  /// - Parameters:
  ///   - value: What to expand.
  ///   - text: The text that it was read from.
  ///   - environment: The variables.
  ///   - isIncluded: Whether to expand the string at this offset; all of them unless told otherwise.
  /// - Throws: `DocumentError` with the place of a string that names an unset variable without a default.
  package static func expand(
    _ value: DocumentValue, of text: DocumentText, environment: [String: String],
    where isIncluded: @escaping (Int) -> Bool = { _ in true }
  ) throws(DocumentError) -> DocumentValue {
    let expansion = EnvironmentExpansion(text: text, environment: environment, isIncluded: isIncluded)
    return try expansion.expand(value)
  }

  private func expand(_ value: DocumentValue) throws(DocumentError) -> DocumentValue {
    switch value.content {
    case .string(let string) where isIncluded(value.offset) && string.utf8.contains(UInt8(ascii: "$")):
      return DocumentValue(
        .string(try expand(Array(string.utf8)[...], at: value.offset, depth: 0)), offset: value.offset)
    case .array(let values):
      var result: [DocumentValue] = []
      for value in values { result.append(try expand(value)) }
      return DocumentValue(.array(result), offset: value.offset)
    case .object(let object):
      var members: [DocumentObject.Member] = []
      for member in object.members {
        members.append(.init(key: member.key, keyOffset: member.keyOffset, value: try expand(member.value)))
      }
      return DocumentValue(.object(DocumentObject(members)), offset: value.offset)
    default: return value
    }
  }

  private func expand(_ bytes: ArraySlice<UInt8>, at offset: Int, depth: Int) throws(DocumentError) -> String {
    guard depth <= Self.maximumDepth else {
      throw DocumentError("references to the environment are nested too deeply", at: offset, of: text)
    }
    var result: [UInt8] = []
    var rest = bytes
    while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
      result += rest[..<dollar]
      rest = rest[(dollar + 1)...]
      if rest.first == UInt8(ascii: "$") {
        result.append(UInt8(ascii: "$"))
        rest = rest.dropFirst()
      } else if rest.first == UInt8(ascii: "{") {
        let inner = try reference(rest.dropFirst(), at: offset)
        result += Array(try replacement(inner, at: offset, depth: depth).utf8)
        rest = rest[(inner.endIndex + 1)...]
      } else {
        result.append(UInt8(ascii: "$"))
      }
    }
    return String(decoding: result + rest, as: UTF8.self)
  }

  /// What comes between the braces of the reference whose text begins `bytes`.
  private func reference(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(DocumentError) -> ArraySlice<UInt8> {
    var depth = 0
    for (index, byte) in zip(bytes.indices, bytes) {
      if byte == UInt8(ascii: "{"), index > bytes.startIndex, bytes[index - 1] == UInt8(ascii: "$") { depth += 1 }
      if byte == UInt8(ascii: "}") {
        if depth == 0 { return bytes[..<index] }
        depth -= 1
      }
    }
    throw DocumentError("a '${' without its '}'; write '$$' for a dollar sign", at: offset, of: text)
  }

  private func replacement(_ inner: ArraySlice<UInt8>, at offset: Int, depth: Int) throws(DocumentError) -> String {
    let end = inner.firstIndex { !$0.isNameByte } ?? inner.endIndex
    let name = String(decoding: inner[..<end], as: UTF8.self)
    guard let first = inner.first, first.isNameByte, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else {
      throw DocumentError("expected ${NAME} or ${NAME:-default}; write '$$' for a dollar sign", at: offset, of: text)
    }
    let rest = inner[end...]
    if rest.isEmpty {
      if let value = environment[name] { return value }
      throw DocumentError(
        "the environment variable \(name) is not set; set it, or write ${\(name):-default}", at: offset, of: text)
    }
    guard rest.starts(with: ":-".utf8) else {
      throw DocumentError("expected ${NAME} or ${NAME:-default}; write '$$' for a dollar sign", at: offset, of: text)
    }
    if let value = environment[name], !value.isEmpty { return value }
    return try expand(rest.dropFirst(2), at: offset, depth: depth + 1)
  }
}

extension UInt8 {
  fileprivate var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
