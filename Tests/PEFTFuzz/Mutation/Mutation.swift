/// How the bytes of a format are damaged.
enum Mutation {
  /// Nothing is known of the bytes.
  case bytes
  /// Words, numbers, strings and signs, and pieces of the format that mean trouble.
  case text(pieces: [String])
  /// A safetensors file: a length, a JSON header, data.
  case safetensors
  /// A GGUF file: integer fields and texts with their lengths, then data.
  case gguf
  /// A Parquet file: pages, a footer, the footer's length.
  case parquet
  /// The pages of a Parquet file, with checksums, lengths and offsets that fit what was done to them.
  case parquetPages
  /// A compressed adapter, mostly with a checksum that fits what was done to it.
  case compressedTensors
  /// The arguments of a command, each ended by a zero byte.
  case arguments(ArgumentMutation)

  /// Damages `bytes` in one to six places.
  func apply(to bytes: [UInt8], _ random: inout CaseRandom) -> [UInt8] {
    var bytes = bytes
    repeat { once(&bytes, &random) } while random.below(5) < 2
    // A file need not grow without end to be hostile.
    if bytes.count > 1 << 18 { bytes.removeLast(bytes.count - 1 << 18) }
    return bytes
  }

  private func once(_ bytes: inout [UInt8], _ random: inout CaseRandom) {
    switch self {
    case .bytes: ByteMutation.apply(to: &bytes, &random)
    case .text(let pieces):
      if random.oneIn(8) {
        ByteMutation.apply(to: &bytes, &random)
      } else {
        TextMutation.apply(to: &bytes, pieces: pieces, &random)
      }
    case .safetensors: BinaryMutation.safetensors(&bytes, &random)
    case .compressedTensors: BinaryMutation.compressedTensors(&bytes, &random)
    case .gguf: BinaryMutation.gguf(&bytes, &random)
    case .parquet: BinaryMutation.parquet(&bytes, &random)
    case .parquetPages:
      guard var pages = ParquetPages(bytes) else { return ByteMutation.apply(to: &bytes, &random) }
      pages.damage(&random)
      bytes = pages.bytes
    case .arguments(let words): words.apply(to: &bytes, &random)
    }
  }
}
