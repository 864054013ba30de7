import Foundation

/// Unicode's normal forms (Unicode Standard Annex 15) for whole texts.
///
/// Foundation's conversions of whole strings compose some supplementary characters wrongly, so only its
/// answers for single scalars are used, to fill the tables; combining classes come from the standard library.
/// Both are cut back to Unicode 9, the version of the reference's tables: later characters stay as they are.
enum NormalForm: String, Sendable {
  case nfc, nfd, nfkc, nfkd

  private var composes: Bool { self == .nfc || self == .nfkc }
  private var isCompatible: Bool { self == .nfkc || self == .nfkd }

  /// Rewrites valid UTF-8 into this form.
  func apply(to bytes: [UInt8]) -> [UInt8] {
    // ASCII is in every form, and nothing below U+0300 changes in NFC (UTF-8 from 0xCC).
    let limit: UInt8 = self == .nfc ? 0xCC : 0x80
    if bytes.allSatisfy({ $0 < limit }) { return bytes }
    var scalars: [Ordered] = []
    scalars.reserveCapacity(bytes.count)
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars { decompose(scalar.value, into: &scalars) }
    Self.order(&scalars)
    if composes { Self.compose(&scalars) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for scalar in scalars {
      guard let scalar = Unicode.Scalar(scalar.value) else { continue }
      result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
    return result
  }

  /// A scalar with its combining class, by which marks are ordered.
  private struct Ordered {
    var value: UInt32
    var combiningClass: UInt8
  }

  // MARK: - Decomposition

  private func decompose(_ value: UInt32, into scalars: inout [Ordered]) {
    if value < 0x80 { return scalars.append(Ordered(value: value, combiningClass: 0)) }
    if Hangul.syllables ~= value {
      let index = value - Hangul.syllables.lowerBound
      scalars.append(Ordered(value: Hangul.lead + index / Hangul.blockSize, combiningClass: 0))
      let vowel = index % Hangul.blockSize / Hangul.trailCount
      scalars.append(Ordered(value: Hangul.vowel + vowel, combiningClass: 0))
      let trail = index % Hangul.trailCount
      if trail > 0 { scalars.append(Ordered(value: Hangul.trail + trail, combiningClass: 0)) }
      return
    }
    let table = isCompatible ? Self.compatible : Self.canonical
    guard let parts = table[value] else {
      return scalars.append(Ordered(value: value, combiningClass: Self.combiningClass(value)))
    }
    for part in parts { scalars.append(Ordered(value: part, combiningClass: Self.combiningClass(part))) }
  }

  private static func combiningClass(_ value: UInt32) -> UInt8 {
    guard value >= 0x300, let scalar = Unicode.Scalar(value) else { return 0 }
    let combiningClass = scalar.properties.canonicalCombiningClass.rawValue
    return combiningClass != 0 && isKnown(scalar) ? combiningClass : 0
  }

  /// Whether the reference's tables have the scalar.
  private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.age.map { $0.major <= 9 } ?? false
  }

  /// Sorts each run of marks by class; marks of one class keep their order.
  private static func order(_ scalars: inout [Ordered]) {
    for index in scalars.indices.dropFirst() {
      let mark = scalars[index]
      guard mark.combiningClass != 0 else { continue }
      var position = index
      while position > 0, scalars[position - 1].combiningClass > mark.combiningClass {
        scalars[position] = scalars[position - 1]
        position -= 1
      }
      scalars[position] = mark
    }
  }

  // MARK: - Composition

  private static func compose(_ scalars: inout [Ordered]) {
    var kept: [Ordered] = []
    kept.reserveCapacity(scalars.count)
    var starter: Int?
    for scalar in scalars {
      if let starter {
        // A mark reaches the starter unless one of its class or higher, or another starter, stands between.
        let last = kept[kept.count - 1]
        let isNext = kept.count - 1 == starter
        let isBlocked = !isNext && (last.combiningClass == 0 || last.combiningClass >= scalar.combiningClass)
        if !isBlocked, let composed = composition(kept[starter].value, scalar.value) {
          kept[starter].value = composed
          continue
        }
      }
      kept.append(scalar)
      if scalar.combiningClass == 0 { starter = kept.count - 1 }
    }
    scalars = kept
  }

  private static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if Hangul.leads ~= first, Hangul.vowels ~= second {
      let block = (first - Hangul.lead) * Hangul.blockSize + (second - Hangul.vowel) * Hangul.trailCount
      return Hangul.syllables.lowerBound + block
    }
    if Hangul.syllables ~= first, (first - Hangul.syllables.lowerBound) % Hangul.trailCount == 0,
      Hangul.trails ~= second
    {
      return first + second - Hangul.trail
    }
    return compositions[UInt64(first) << 32 | UInt64(second)]
  }

  /// Korean syllables are composed by arithmetic (The Unicode Standard, section 3.12).
  private enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    static let leads: Range<UInt32> = 0x1100..<0x1113
    static let vowels: Range<UInt32> = 0x1161..<0x1176
    static let trails: Range<UInt32> = 0x11A8..<0x11C3
    static let lead: UInt32 = 0x1100
    static let vowel: UInt32 = 0x1161
    static let trail: UInt32 = 0x11A7
    static let trailCount: UInt32 = 28
    static let blockSize: UInt32 = 588
  }

  // MARK: - Tables

  /// Where characters with canonical decompositions lie, syllables apart.
  private static let canonicalRanges: [Range<UInt32>] = [
    0xC0..<0x3100, 0xF900..<0xFB50, 0x11000..<0x12000, 0x1D100..<0x1D200, 0x2F800..<0x2FA20,
  ]
  private static let compatibleRanges: [Range<UInt32>] = [
    0xA0..<0x3400, 0xA600..<0xAC00, 0xF900..<0x10000, 0x10700..<0x10800, 0x11000..<0x12000, 0x1D000..<0x1E100,
    0x1EE00..<0x1F300, 0x1FB00..<0x1FC00, 0x2F800..<0x2FA20,
  ]

  /// Full canonical decompositions.
  private static let canonical = decompositions(in: canonicalRanges) { $0.decomposedStringWithCanonicalMapping }

  /// Full compatibility decompositions.
  private static let compatible = decompositions(in: compatibleRanges) {
    $0.decomposedStringWithCompatibilityMapping
  }

  private static func decompositions(in ranges: [Range<UInt32>], _ form: (String) -> String) -> [UInt32: [UInt32]] {
    var table: [UInt32: [UInt32]] = [:]
    for value in ranges.joined() {
      guard let scalar = Unicode.Scalar(value), isKnown(scalar) else { continue }
      let parts = form(String(Character(scalar))).unicodeScalars.map(\.value)
      if parts != [value] { table[value] = parts }
    }
    return table
  }

  /// Pairs that compose, and into what: the last mark of a decomposition onto what the rest composes to.
  private static let compositions: [UInt64: UInt32] = {
    var table: [UInt64: UInt32] = [:]
    // Shorter decompositions first: longer ones build on them.
    let entries = canonical.filter { $0.value.count > 1 }
      .sorted { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
    for (value, parts) in entries {
      guard let scalar = Unicode.Scalar(value) else { continue }
      // Some characters never come out of composition; Foundation knows which.
      let composed = String(Character(scalar)).precomposedStringWithCanonicalMapping
      guard composed.unicodeScalars.map(\.value) == [value] else { continue }
      var first: UInt32? = parts[0]
      for part in parts[1..<(parts.count - 1)] { first = first.flatMap { table[UInt64($0) << 32 | UInt64(part)] } }
      if let first { table[UInt64(first) << 32 | UInt64(parts[parts.count - 1])] = value }
    }
    return table
  }()
}
