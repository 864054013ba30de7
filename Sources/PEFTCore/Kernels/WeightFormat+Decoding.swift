extension WeightFormat {
  /// Widens whole blocks to float32, with the same bits as ggml's decoder.
  ///
  /// - Parameters:
  ///   - source: The first block; need not be aligned.
  ///   - blockCount: Blocks to read.
  ///   - target: Room for `blockCount * blockLength` numbers.
  public func decode(_ source: UnsafeRawPointer, blockCount: Int, into target: UnsafeMutablePointer<Float>) {
    switch self {
    case .float32:
      UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 * blockCount)
    case .float16:
      HalfPrecision.widen(
        float16: UnsafeRawBufferPointer(start: source, count: 2 * blockCount),
        into: UnsafeMutableBufferPointer(start: target, count: blockCount))
    case .bfloat16:
      HalfPrecision.widen(
        bfloat16: UnsafeRawBufferPointer(start: source, count: 2 * blockCount),
        into: UnsafeMutableBufferPointer(start: target, count: blockCount))
    case .q40, .q41, .q50, .q51, .q80, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .nf4:
      for block in 0..<blockCount {
        for run in 0..<blockLength / 32 {
          StoredBlock.decode(
            self, block: source + block * blockBytes, run: run, into: target + block * blockLength + 32 * run)
        }
      }
    }
  }
}
