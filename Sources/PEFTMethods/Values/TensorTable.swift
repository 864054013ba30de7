/// Names, shapes and neutral values of an adapter's tensors, in few bytes each.
///
/// Every name is told by one of the sixteen before it: the bytes at its beginning and end that both have, and those
/// between. Names of one map in the next layer differ in a digit, so that a tensor takes some five bytes.
struct TensorTable: Equatable {
  /// One of the tensors.
  struct Entry: Equatable {
    let key: String
    let shape: [Int]
    /// Whether the values are around one; otherwise around zero.
    let isAroundOne: Bool

    var count: Int { shape.reduce(1, *) }
  }

  let entries: [Entry]

  /// Number of elements of all tensors.
  var count: Int { entries.reduce(0) { $0 + $1.count } }

  private static let window = 16
  private static let mostDimensions = 8
  /// Longest name that is read, in bytes.
  private static let longestName = 4096

  init(_ entries: [Entry]) { self.entries = entries }

  func write(to writer: inout ByteWriter) {
    writer.write(varint: entries.count)
    for (index, entry) in entries.enumerated() {
      let name = Array(entry.key.utf8)
      var best = (distance: 0, head: 0, tail: 0)
      var saved = 0
      for distance in stride(from: 1, through: min(index, Self.window), by: 1) {
        let other = Array(entries[index - distance].key.utf8)
        let head = zip(name, other).prefix { $0 == $1 }.count
        let room = min(name.count, other.count) - head
        let tail = min(room, zip(name.reversed(), other.reversed()).prefix { $0 == $1 }.count)
        // A shape that is repeated saves some bytes more.
        let saving = head + tail + (entries[index - distance].shape == entry.shape ? 1 + 2 * entry.shape.count : 0)
        if saving > saved { (best, saved) = ((distance, head, tail), saving) }
      }
      let repeatsShape = best.distance > 0 && entries[index - best.distance].shape == entry.shape
      writer.write(UInt8(best.distance) | (repeatsShape ? 0x20 : 0) | (entry.isAroundOne ? 0x40 : 0))
      if best.distance > 0 {
        writer.write(varint: best.head)
        writer.write(varint: best.tail)
      }
      let middle = name[best.head..<(name.count - best.tail)]
      writer.write(varint: middle.count)
      writer.write(middle)
      if !repeatsShape {
        writer.write(varint: entry.shape.count)
        for size in entry.shape { writer.write(varint: size) }
      }
    }
  }

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - reader: Where it begins.
  ///   - bound: Most elements of all tensors together.
  /// - Throws: `CompressedTensors.Fault` for what `write(to:)` does not write.
  init(_ reader: inout ByteReader, mostElements bound: Int) throws(CompressedTensors.Fault) {
    func damaged(_ what: String) -> CompressedTensors.Fault { .init(offset: reader.offset, what: what) }
    // A tensor takes two bytes at least.
    guard let number = reader.readVarint(), number <= reader.remaining / 2 else {
      throw damaged("the number of tensors is missing or too large")
    }
    var entries: [Entry] = []
    var names: [[UInt8]] = []
    var known: Set<String> = []
    var total = 0
    for index in 0..<number {
      guard let flags = reader.read(UInt8.self), flags & 0x80 == 0 else {
        throw damaged("a tensor's flags are damaged")
      }
      let distance = Int(flags & 0x1F)
      var (head, tail): ([UInt8], [UInt8]) = ([], [])
      guard distance <= min(index, Self.window) else { throw damaged("a name refers to one before the first") }
      if distance > 0 {
        let other = names[index - distance]
        guard let first = reader.readVarint(), let last = reader.readVarint(), first <= other.count,
          last <= other.count - first
        else { throw damaged("a name repeats more than there is") }
        (head, tail) = (Array(other.prefix(first)), Array(other.suffix(last)))
      }
      guard let length = reader.readVarint(), let middle = reader.read(length) else {
        throw damaged("a name is cut short")
      }
      let name = head + middle + tail
      guard !name.isEmpty, name.count <= Self.longestName, let key = String(validating: name, as: UTF8.self),
        known.insert(key).inserted
      else { throw damaged("a name is empty, too long, not UTF-8, or the name of another tensor") }
      var shape: [Int] = []
      if flags & 0x20 != 0 {
        guard distance > 0 else { throw damaged("a shape repeats that of no tensor") }
        shape = entries[index - distance].shape
      } else {
        guard let dimensions = reader.readVarint(), dimensions <= Self.mostDimensions else {
          throw damaged("a tensor has too many dimensions")
        }
        for _ in 0..<dimensions {
          guard let size = reader.readVarint() else { throw damaged("a shape is cut short") }
          shape.append(size)
        }
      }
      var elements = 1
      for size in shape {
        let (product, overflows) = elements.multipliedReportingOverflow(by: size)
        guard !overflows else { throw damaged("a tensor is too large") }
        elements = product
      }
      guard elements <= bound - total else { throw damaged("the tensors have more elements than the file can hold") }
      total += elements
      names.append(name)
      entries.append(Entry(key: key, shape: shape, isAroundOne: flags & 0x40 != 0))
    }
    self.entries = entries
  }
}
