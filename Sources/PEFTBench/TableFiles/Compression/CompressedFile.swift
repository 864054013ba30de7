/// Files that are compressed as a whole: `train.jsonl.gz`, `train.csv.zst`.
enum CompressedFile {
  /// What such a file may unpack to at most; it is held in memory.
  static let maximumBytes = 4 << 30

  /// The unpacked bytes if `source` begins like a gzip or Zstandard file, else nil.
  static func unpack(_ source: ByteSource) throws(TableError) -> ByteSource? {
    let magic = try source.bytes(at: 0, count: min(4, source.count))
    let isGzip = magic.starts(with: [0x1F, 0x8B])
    guard isGzip || magic == [0x28, 0xB5, 0x2F, 0xFD] else { return nil }
    let packed = try source.bytes(at: 0, count: source.count)
    let limit = min(maximumBytes, UnpackingLimit.bytes(forPacked: packed.count))
    var output = GrowingBytes(capacity: min(packed.count * 4, 1 << 30), limit: limit)
    let input = ByteBuffer(packed)
    do {
      if isGzip {
        try Gzip.decompress(input.bytes, into: &output)
      } else {
        try Zstandard.decompress(input.bytes, into: &output)
      }
    } catch {
      let isTooMuch = output.limit - output.count < 1 << 17
      let advice = isTooMuch ? "; unpack a file of that size first" : ""
      throw TableError(
        "\(error.format): \(error.message)\(advice)", at: .byte(file: source.name, offset: error.offset))
    }
    return ByteSource(name: source.name, bytes: output.finish())
  }
}
