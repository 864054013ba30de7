/// What an unquoted word in a config means: null, a truth value, a number, or itself.
///
/// Follows YAML 1.2's core schema (section 10.3.2) and not YAML 1.1: `yes`, `no`, `on` and `off` are strings,
/// `1e-4` is a number though it has no dot, `010` is ten, and neither `1_000` nor `1:30` is a number.
/// Hexadecimal and octal spellings, infinities, NaN and numbers so small that they would be 0 mean nothing in a config and
/// stay strings, which a numeric option then refuses.
public enum PlainScalar {
  /// The meaning of `word`.
  public static func content(of word: String) -> DocumentValue.Content {
    switch word {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: return number(word) ?? .string(word)
    }
  }

  /// `[-+]? ( . digits | digits ( . digits* )? ) ( [eE] [-+]? digits )?`, or nil.
  private static func number(_ word: String) -> DocumentValue.Content? {
    let bytes = Array(word.utf8)
    var position = 0
    func digits() -> Int {
      let start = position
      while position < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[position] { position += 1 }
      return position - start
    }
    func take(_ choices: Unicode.Scalar...) -> Bool {
      guard position < bytes.count, choices.contains(where: { $0.value == UInt32(bytes[position]) }) else {
        return false
      }
      position += 1
      return true
    }
    _ = take("-", "+")
    let whole = digits()
    if take(".") {
      guard digits() + whole > 0 else { return nil }
    } else if position == bytes.count, whole > 0, let value = Int(word) {
      return .integer(value)
    } else if whole == 0 {
      return nil
    }
    if take("e", "E") {
      _ = take("-", "+")
      guard digits() > 0 else { return nil }
    }
    // Swift's Double does not read "1." or ".5e3" in every spelling, so the dot gets digits on both sides.
    guard position == bytes.count, let value = Double(padded(word)), value.isFinite,
      value != 0 || !hasOtherDigitThanZero(word)
    else { return nil }
    return .number(value)
  }

  /// Whether a number as it is spelled is another one than 0, though it may be too small for a Double.
  static func hasOtherDigitThanZero(_ spelling: String) -> Bool {
    spelling.utf8.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
      .contains { UInt8(ascii: "1")...UInt8(ascii: "9") ~= $0 }
  }

  private static func padded(_ word: String) -> String {
    guard let dot = word.firstIndex(of: ".") else { return word }
    let before = word[..<dot]
    let after = word[word.index(after: dot)...]
    let whole = before.last?.isNumber == true ? String(before) : before + "0"
    return whole + "." + (after.first?.isNumber == true ? String(after) : "0" + after)
  }
}
