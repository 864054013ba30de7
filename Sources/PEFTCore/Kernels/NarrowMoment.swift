/// Where a moment of fewer bits than float32 lies, and how it is read and written a block at a time.
enum NarrowMoment {
  /// bfloat16, rounded at random.
  case bfloat16(UnsafeMutablePointer<UInt16>, StochasticRounding)
  /// Codes, and one scale for each block of them.
  case codes(UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>, DynamicCode)

  /// Elements that are float32 at one time; a multiple of it makes a piece of an elementwise kernel.
  private static let blockLength = DynamicCode.blockLength

  /// Calls `body` for each block of one or two moments with their values in float32, and keeps what it leaves there.
  ///
  /// - Parameters:
  ///   - count: Elements of each moment.
  ///   - moments: The moments; without a second one its values mean nothing.
  ///   - workers: The threads.
  ///   - body: Gets the place and length of the block, and the values of both.
  @inline(__always)
  static func forEachBlock(
    _ count: Int, of moments: (first: NarrowMoment, second: NarrowMoment?), workers: Workers,
    _ body: (
      _ start: Int, _ count: Int, _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    workers.run(count: count, grain: elementwiseGrain, as: .optimizer) { start, count in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * blockLength) { buffer in
        guard let first = buffer.baseAddress else { return }
        let second = first + blockLength
        for offset in stride(from: 0, to: count, by: blockLength) {
          let (place, length) = (start + offset, min(blockLength, count - offset))
          moments.first.read(at: place, count: length, into: first)
          moments.second?.read(at: place, count: length, into: second)
          body(place, length, first, second)
          moments.first.write(first, at: place, count: length)
          moments.second?.write(second, at: place, count: length)
        }
      }
    }
  }

  @inline(__always)
  private func read(at place: Int, count: Int, into values: UnsafeMutablePointer<Float>) {
    switch self {
    case .bfloat16(let elements, _):
      HalfPrecision.widen(
        bfloat16: UnsafeRawBufferPointer(start: elements + place, count: 2 * count),
        into: UnsafeMutableBufferPointer(start: values, count: count))
    case .codes(let codes, let scales, let code):
      code.decode(codes + place, scale: scales[place / DynamicCode.blockLength], into: values, count: count)
    }
  }

  @inline(__always)
  private func write(_ values: UnsafePointer<Float>, at place: Int, count: Int) {
    switch self {
    case .bfloat16(let elements, let rounding):
      rounding.round(values, into: elements + place, count: count, position: place)
    case .codes(let codes, let scales, let code):
      scales[place / DynamicCode.blockLength] = code.encode(values, into: codes + place, count: count)
    }
  }
}
