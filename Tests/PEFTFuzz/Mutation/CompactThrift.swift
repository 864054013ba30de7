/// A value in Thrift's compact protocol, in which Parquet writes its footer and its page headers: read whole, so that it
/// can be changed and written again.
///
/// Only what Parquet uses: no maps, and lists of anything but booleans.
enum CompactThrift {
  case boolean(Bool)
  case integer(kind: UInt8, Int64)
  case double([UInt8])
  case binary([UInt8])
  case list(element: UInt8, [CompactThrift])
  case structure([Field])

  /// A member of a structure.
  struct Field {
    let number: Int
    var value: CompactThrift
  }

  /// The member of a structure that has a number; nil where there is none.
  ///
  /// A new value takes the place of one that is there.
  subscript(number: Int) -> CompactThrift? {
    get {
      guard case .structure(let fields) = self else { return nil }
      return fields.first { $0.number == number }?.value
    }
    set {
      guard case .structure(var fields) = self, let newValue,
        let place = fields.firstIndex(where: { $0.number == number })
      else { return }
      fields[place].value = newValue
      self = .structure(fields)
    }
  }

  /// The value of an integer.
  var integer: Int64? {
    if case .integer(_, let value) = self { value } else { nil }
  }

  /// The same kind of integer with another value.
  func changed(to value: Int64) -> CompactThrift {
    if case .integer(let kind, _) = self { .integer(kind: kind, value) } else { self }
  }

  /// Elements of a list.
  var elements: [CompactThrift] {
    get { if case .list(_, let elements) = self { elements } else { [] } }
    set { if case .list(let element, _) = self { self = .list(element: element, newValue) } }
  }

  /// How many integers there are, at any depth.
  var integerCount: Int {
    switch self {
    case .integer: 1
    case .list(_, let elements): elements.reduce(0) { $0 + $1.integerCount }
    case .structure(let fields): fields.reduce(0) { $0 + $1.value.integerCount }
    default: 0
    }
  }

  /// Changes one of the integers, counted in the order in which they are written.
  mutating func changeInteger(_ number: Int, _ change: (Int64) -> Int64) {
    var left = number
    self = changed(&left, change)
  }

  private func changed(_ left: inout Int, _ change: (Int64) -> Int64) -> CompactThrift {
    switch self {
    case .integer(let kind, let value):
      defer { left -= 1 }
      return left == 0 ? .integer(kind: kind, change(value)) : self
    case .list(let element, let elements): return .list(element: element, elements.map { $0.changed(&left, change) })
    case .structure(let fields):
      return .structure(fields.map { Field(number: $0.number, value: $0.value.changed(&left, change)) })
    default: return self
    }
  }

  // MARK: - Reading

  private enum Kind {
    static let (isTrue, isFalse, byte, int16, int32, int64): (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) =
      (1, 2, 3, 4, 5, 6)
    static let (double, binary, list, set, structure): (UInt8, UInt8, UInt8, UInt8, UInt8) = (7, 8, 9, 10, 12)
  }

  /// Reads a structure; nil for what cannot be followed.
  ///
  /// - Parameter position: Where it begins; then after its last byte.
  static func structure(_ bytes: [UInt8], at position: inout Int, depth: Int = 0) -> CompactThrift? {
    var fields: [Field] = []
    var number = 0
    while let header = byte(bytes, &position), depth < 16 {
      if header == 0 { return .structure(fields) }
      if header >> 4 > 0 {
        number += Int(header >> 4)
      } else {
        guard let value = zigzag(bytes, &position), let exact = Int(exactly: value) else { return nil }
        number = exact
      }
      let kind = header & 15
      if kind == Kind.isTrue || kind == Kind.isFalse {
        fields.append(Field(number: number, value: .boolean(kind == Kind.isTrue)))
      } else if let value = value(bytes, &position, kind, depth) {
        fields.append(Field(number: number, value: value))
      } else {
        return nil
      }
    }
    return nil
  }

  private static func value(_ bytes: [UInt8], _ position: inout Int, _ kind: UInt8, _ depth: Int) -> CompactThrift? {
    switch kind {
    case Kind.byte: return byte(bytes, &position).map { .integer(kind: kind, Int64(Int8(bitPattern: $0))) }
    case Kind.int16, Kind.int32, Kind.int64: return zigzag(bytes, &position).map { .integer(kind: kind, $0) }
    case Kind.double: return take(8, bytes, &position).map { .double($0) }
    case Kind.binary:
      guard let length = varint(bytes, &position), length <= UInt64(bytes.count) else { return nil }
      return take(Int(length), bytes, &position).map { .binary($0) }
    case Kind.list, Kind.set:
      guard let header = byte(bytes, &position) else { return nil }
      guard let count = header >> 4 == 15 ? varint(bytes, &position) : UInt64(header >> 4),
        count <= UInt64(bytes.count)
      else { return nil }
      var elements: [CompactThrift] = []
      for _ in 0..<count {
        guard let element = value(bytes, &position, header & 15, depth + 1) else { return nil }
        elements.append(element)
      }
      return .list(element: header & 15, elements)
    case Kind.structure: return structure(bytes, at: &position, depth: depth + 1)
    default: return nil
    }
  }

  private static func byte(_ bytes: [UInt8], _ position: inout Int) -> UInt8? {
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  private static func take(_ count: Int, _ bytes: [UInt8], _ position: inout Int) -> [UInt8]? {
    guard count <= bytes.count - position else { return nil }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  private static func varint(_ bytes: [UInt8], _ position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let next = byte(bytes, &position) else { return nil }
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
    }
    return nil
  }

  private static func zigzag(_ bytes: [UInt8], _ position: inout Int) -> Int64? {
    varint(bytes, &position).map { Int64(bitPattern: $0 >> 1) ^ -Int64($0 & 1) }
  }

  // MARK: - Writing

  /// Puts the value after `bytes`.
  func write(to bytes: inout [UInt8]) {
    switch self {
    case .boolean(let value): bytes.append(value ? Kind.isTrue : Kind.isFalse)
    case .integer(Kind.byte, let value): bytes.append(UInt8(truncatingIfNeeded: value))
    case .integer(_, let value): Self.write(UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
    case .double(let value): bytes += value
    case .binary(let value):
      Self.write(UInt64(value.count), to: &bytes)
      bytes += value
    case .list(let element, let elements):
      bytes.append(UInt8(min(elements.count, 15)) << 4 | element)
      if elements.count >= 15 { Self.write(UInt64(elements.count), to: &bytes) }
      for element in elements { element.write(to: &bytes) }
    case .structure(let fields):
      var last = 0
      for field in fields {
        let step = field.number - last
        let kind = field.value.kind
        bytes.append((1...15 ~= step ? UInt8(step) << 4 : 0) | kind)
        if !(1...15 ~= step) { Self.write(UInt64(truncatingIfNeeded: field.number << 1), to: &bytes) }
        last = field.number
        // A boolean member is its kind.
        if case .boolean = field.value { continue }
        field.value.write(to: &bytes)
      }
      bytes.append(0)
    }
  }

  private var kind: UInt8 {
    switch self {
    case .boolean(let value): value ? Kind.isTrue : Kind.isFalse
    case .integer(let kind, _): kind
    case .double: Kind.double
    case .binary: Kind.binary
    case .list: Kind.list
    case .structure: Kind.structure
    }
  }

  private static func write(_ value: UInt64, to bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
