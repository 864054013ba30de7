/// A Parquet file taken apart into its pages and its footer, and put together again with offsets, lengths and checksums
/// that fit, so that damage to a page reaches what decodes it.
struct ParquetPages {
  /// A page: its header and what stands after it.
  private struct Page {
    var header: CompactThrift
    var body: [UInt8]
    /// Whether the header's size of the body is left as it is.
    var statesOwnSize = false
  }

  /// The pages of a column in a row group.
  private struct Chunk {
    let group: Int
    let column: Int
    let isPacked: Bool
    var pages: [Page]
  }

  /// Numbers of the fields, as in parquet.thrift.
  private enum Name {
    static let (rowGroups, columns, description) = (4, 1, 3)
    static let (codec, size, data, dictionary) = (4, 7, 9, 11)
    static let (unpackedSize, bodySize, checksum) = (2, 3, 4)
  }

  private static let mark = Array("PAR1".utf8)
  private var footer: CompactThrift
  private var chunks: [Chunk] = []

  /// Takes a file apart; nil for one that cannot be followed.
  init?(_ bytes: [UInt8]) {
    guard let length = ByteMutation.number(bytes, width: 4, at: bytes.count - 8), length + 12 <= bytes.count else {
      return nil
    }
    var position = bytes.count - 8 - Int(length)
    guard let footer = CompactThrift.structure(bytes, at: &position) else { return nil }
    self.footer = footer
    for (group, rows) in (footer[Name.rowGroups]?.elements ?? []).enumerated() {
      for (column, chunk) in (rows[Name.columns]?.elements ?? []).enumerated() {
        guard let description = chunk[Name.description], let size = description[Name.size]?.integer,
          let data = description[Name.data]?.integer
        else { return nil }
        let dictionary = description[Name.dictionary]?.integer ?? 0
        let start = dictionary > 0 && dictionary < data ? dictionary : data
        guard start >= 0, size >= 0, start < bytes.count, size <= Int64(bytes.count) - start else { return nil }
        var pages: [Page] = []
        var place = Int(start)
        let end = place + Int(size)
        while place < end {
          guard let header = CompactThrift.structure(bytes, at: &place), let size = header[Name.bodySize]?.integer,
            size >= 0, size <= end - place
          else { return nil }
          pages.append(Page(header: header, body: Array(bytes[place..<place + Int(size)])))
          place += Int(size)
        }
        let isPacked = description[Name.codec]?.integer != 0
        chunks.append(Chunk(group: group, column: column, isPacked: isPacked, pages: pages))
      }
    }
    guard chunks.contains(where: { !$0.pages.isEmpty }) else { return nil }
  }

  /// The file.
  var bytes: [UInt8] {
    var footer = footer
    var bytes = Self.mark
    for chunk in chunks {
      let start = bytes.count
      var dataStart: Int?
      for page in chunk.pages {
        // A dictionary's page is of kind 2.
        if dataStart == nil, page.header[1]?.integer != 2 { dataStart = bytes.count }
        var header = page.header
        if !page.statesOwnSize { header[Name.bodySize] = header[Name.bodySize]?.changed(to: Int64(page.body.count)) }
        let checksum = Int64(Int32(bitPattern: Self.checksum(of: page.body)))
        header[Name.checksum] = header[Name.checksum]?.changed(to: checksum)
        header.write(to: &bytes)
        bytes += page.body
      }
      var groups = footer[Name.rowGroups]?.elements ?? []
      var columns = groups[chunk.group][Name.columns]?.elements ?? []
      var description = columns[chunk.column][Name.description]
      func set(_ field: Int, _ value: Int) {
        let changed = description?[field]?.changed(to: Int64(value))
        description?[field] = changed
      }
      if let dataStart { set(Name.data, dataStart) }
      set(Name.dictionary, start)
      set(Name.size, bytes.count - start)
      columns[chunk.column][Name.description] = description
      groups[chunk.group][Name.columns]?.elements = columns
      footer[Name.rowGroups]?.elements = groups
    }
    let start = bytes.count
    footer.write(to: &bytes)
    let length = UInt32(bytes.count - start)
    return bytes + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Self.mark
  }

  /// Damages a page: bytes of its body, an integer of its header, or which pages there are.
  mutating func damage(_ random: inout CaseRandom) {
    let index = random.pick(chunks.indices.filter { !chunks[$0].pages.isEmpty })
    var chunk = chunks[index]
    let place = random.below(chunk.pages.count)
    switch random.below(12) {
    case 0: chunk.pages.remove(at: place)
    case 1: chunk.pages.insert(chunk.pages[random.below(chunk.pages.count)], at: place)
    case 2:
      let other = chunks[random.pick(chunks.indices.filter { !chunks[$0].pages.isEmpty })].pages
      chunk.pages[place].body = other[random.below(other.count)].body
    case 3, 4, 5:
      let before = chunk.pages[place].header[Name.bodySize]?.integer
      let number = random.below(max(1, chunk.pages[place].header.integerCount))
      let extreme = Int64(truncatingIfNeeded: random.pick(ByteMutation.extremes))
      let step: Int64 = random.oneIn(2) ? 1 : -1
      let isNear = random.oneIn(2)
      chunk.pages[place].header.changeInteger(number) { isNear ? $0 &+ step : extreme }
      chunk.pages[place].statesOwnSize = chunk.pages[place].header[Name.bodySize]?.integer != before
    default:
      ByteMutation.apply(to: &chunk.pages[place].body, &random)
      if !chunk.isPacked {
        let size = Int64(chunk.pages[place].body.count)
        chunk.pages[place].header[Name.unpackedSize] = chunk.pages[place].header[Name.unpackedSize]?.changed(to: size)
      }
    }
    chunks[index] = chunk
  }

  /// CRC-32 as in gzip (ISO 3309), bit by bit: independent of the program's own.
  private static func checksum(of bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { remainder, byte in
      (0..<8).reduce(remainder ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
  }
}
