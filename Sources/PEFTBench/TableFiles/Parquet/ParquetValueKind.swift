import Foundation
import PEFTCore

/// How stored values of a Parquet column become document values.
///
/// What JSON has no exact form for is given as the text that people write for it: dates, times and timestamps
/// (`CalendarText`), decimals with all their places (`12.50`), and integers beyond a signed 64-bit one. Fractions of
/// single and half precision are read by their shortest spelling, so that 3.8 is 3.8.
enum ParquetValueKind: Sendable, Equatable {
  case boolean
  case int32, uint32, int64, uint64
  case float, double, float16
  /// A number without fraction in 4 or 8 bytes, over ten to this power.
  case decimal32(Int), decimal64(Int)
  /// The same in big-endian bytes, of fixed length or each with its own.
  case decimalBytes(Int)
  case text, uuid
  case date, time(ParquetTimeUnit), timestamp(ParquetTimeUnit, isUTC: Bool)

  /// The kind of a leaf's values, or a sentence on why it is not read.
  static func of(_ leaf: ParquetSchema.Leaf) -> (kind: ParquetValueKind?, refusal: String) {
    let kind: ParquetValueKind? =
      switch (leaf.type, leaf.annotation) {
      case (.boolean, _): .boolean
      case (.int32, .decimal(let scale)): .decimal32(scale)
      case (.int64, .decimal(let scale)): .decimal64(scale)
      case (.byteArray, .decimal(let scale)), (.fixedByteArray, .decimal(let scale)): .decimalBytes(scale)
      case (.int32, .unsigned(32)): .uint32
      case (.int32, .date): .date
      case (.int32, .time(let unit)), (.int64, .time(let unit)): .time(unit)
      case (.int64, .timestamp(let unit, let isUTC)): .timestamp(unit, isUTC: isUTC)
      case (.int32, _): .int32
      case (.int64, .unsigned(64)): .uint64
      case (.int64, _): .int64
      case (.float, _): .float
      case (.double, _): .double
      case (.fixedByteArray, .float16): leaf.typeLength == 2 ? .float16 : nil
      case (.fixedByteArray, .uuid): leaf.typeLength == 16 ? .uuid : nil
      case (.fixedByteArray, .interval): nil
      case (.byteArray, _), (.fixedByteArray, _): .text
      case (.int96, _): nil
      }
    if case .decimal(let scale) = leaf.annotation, !(0...400 ~= scale) {
      return (nil, "its decimal scale, \(scale), is out of range")
    }
    switch (leaf.type, leaf.annotation) {
    case (.int96, _): return (nil, "INT96 timestamps are not read; write the column as TIMESTAMP")
    case (_, .interval): return (nil, "INTERVAL values are not read")
    default: return (kind, "its values of \(leaf.typeLength) bytes do not fit their logical type")
    }
  }

  /// The value of a stored integer.
  @inline(__always)
  func value(_ integer: Int64) -> DocumentValue {
    switch self {
    case .uint32: return DocumentValue(.integer(Int(UInt32(truncatingIfNeeded: integer))))
    case .uint64:
      let unsigned = UInt64(bitPattern: integer)
      return DocumentValue(Int(exactly: unsigned).map { .integer($0) } ?? .string("\(unsigned)"))
    case .decimal32(let scale), .decimal64(let scale):
      return Self.decimal(digits: String(integer.magnitude), isNegative: integer < 0, scale: scale)
    case .date: return DocumentValue(.string(CalendarText.date(day: integer)))
    case .time(let unit):
      guard let text = CalendarText.time(integer, perSecond: unit.perSecond) else { break }
      return DocumentValue(.string(text))
    case .timestamp(let unit, let isUTC):
      return DocumentValue(.string(CalendarText.timestamp(integer, perSecond: unit.perSecond, isUTC: isUTC)))
    default: break
    }
    return DocumentValue(.integer(Int(integer)))
  }

  /// The number of single precision, by its shortest spelling.
  static func value(_ single: Float) -> DocumentValue {
    DocumentValue(.number(number(Double(single), spelled: "\(single)")))
  }

  /// The number that a spelling of lower precision stands for; whole numbers keep all their digits.
  private static func number(_ exact: Double, spelled: String) -> Double {
    guard exact.isFinite, exact != exact.rounded() || exact.magnitude >= 0x1p53 else { return exact }
    return Double(spelled) ?? exact
  }

  /// The value of stored bytes; nil if they are not UTF-8 text where text is expected.
  @inline(__always)
  func value(_ bytes: UnsafeBufferPointer<UInt8>) -> DocumentValue? {
    switch self {
    case .text: return UTF8Text.string(bytes).map { DocumentValue(.string($0)) }
    case .float16:
      guard bytes.count == 2 else { return nil }
      let half = Float16(bitPattern: UInt16(bytes[0]) | UInt16(bytes[1]) << 8)
      return DocumentValue(.number(Self.number(Double(half), spelled: "\(half)")))
    case .uuid:
      let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { range in
        range.map { $0 < digits.count ? digits[$0] : "" }.joined()
      }
      return DocumentValue(.string(groups.joined(separator: "-")))
    case .decimalBytes(let scale): return Self.decimal(bytes, scale: scale)
    default: return nil
    }
  }

  /// Why the bytes of value `index` of a page have no value.
  func mismatch(of index: Int) -> String {
    self == .text
      ? "value \(index) in it is not UTF-8 text, and other bytes are not supported"
      : "value \(index) in it does not fit its type"
  }

  private static func decimal(_ bytes: UnsafeBufferPointer<UInt8>, scale: Int) -> DocumentValue? {
    // Longer than any decimal that writers make (76 digits need 32 bytes).
    guard !bytes.isEmpty, bytes.count <= 64 else { return nil }
    let isNegative = bytes[0] >= 0x80
    var magnitude = Array(bytes)
    if isNegative {
      var carry = 1
      for i in magnitude.indices.reversed() {
        carry += Int(~magnitude[i])
        magnitude[i] = UInt8(carry & 0xFF)
        carry >>= 8
      }
    }
    var digits: [UInt8] = []
    while magnitude.contains(where: { $0 != 0 }) {
      var rest = 0
      for i in magnitude.indices {
        rest = rest << 8 | Int(magnitude[i])
        magnitude[i] = UInt8(rest / 10)
        rest %= 10
      }
      digits.append(UInt8(ascii: "0") + UInt8(rest))
    }
    return decimal(
      digits: digits.isEmpty ? "0" : String(decoding: digits.reversed(), as: UTF8.self), isNegative: isNegative,
      scale: scale)
  }

  /// The number with all its `scale` decimal places.
  private static func decimal(digits: String, isNegative: Bool, scale: Int) -> DocumentValue {
    let padded = String(repeating: "0", count: max(0, scale + 1 - digits.utf8.count)) + digits
    let text = scale == 0 ? padded : "\(padded.dropLast(scale)).\(padded.suffix(scale))"
    return DocumentValue(.string(isNegative ? "-" + text : text))
  }
}
