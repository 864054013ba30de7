// The two inner loops of attention. Every score is one chain of multiply-adds over the head dimension, every
// output one chain over the chain positions; tiles only run several such chains side by side. So a result's
// bits depend neither on the tile that computed it nor on its neighbours.

/// A run of consecutive floats that fits in registers.
protocol FloatRun {
  init(loading pointer: UnsafePointer<Float>)
  func storing(to pointer: UnsafeMutablePointer<Float>)
  func plus(_ factor: Float, times other: Self) -> Self
  func times(_ factor: Float) -> Self
}

extension SIMD where Scalar == Float {
  @inline(__always)
  init(loading pointer: UnsafePointer<Float>) { self = UnsafeRawPointer(pointer).loadUnaligned(as: Self.self) }

  @inline(__always)
  func storing(to pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Self.self)
  }

  @inline(__always)
  func plus(_ factor: Float, times other: Self) -> Self { plus(Self(repeating: factor), times: other) }

  @inline(__always)
  func times(_ factor: Float) -> Self { self * factor }

  // Not `multiplyAdd`: a build without whole-module optimization inlines only within a file, and this is the
  // innermost operation.
  @inline(__always)
  fileprivate func plus(_ a: Self, times b: Self) -> Self {
    #if CPU_X86_64_V3 || CPU_X86_64_V4 || arch(arm64)
      addingProduct(a, b)
    #else
      self + a * b
    #endif
  }
}

extension SIMD4<Float>: FloatRun {}

#if CPU_X86_64_V4
  extension SIMD16<Float>: FloatRun {}
#elseif CPU_X86_64_V3
  extension SIMD8<Float>: FloatRun {}
#endif

extension Float: FloatRun {
  @inline(__always)
  init(loading pointer: UnsafePointer<Float>) { self = pointer.pointee }

  @inline(__always)
  func storing(to pointer: UnsafeMutablePointer<Float>) { pointer.pointee = self }

  @inline(__always)
  func times(_ factor: Float) -> Float { self * factor }

  @inline(__always)
  func plus(_ factor: Float, times other: Float) -> Float {
    #if CPU_X86_64_V3 || CPU_X86_64_V4 || arch(arm64)
      addingProduct(factor, other)
    #else
      self + factor * other
    #endif
  }
}

#if CPU_X86_64_V4 || arch(arm64)
  /// Four vectors: with four rows of sums, half of 32 registers.
  struct LanesTile: FloatRun {
    private var a = Lanes()
    private var b = Lanes()
    private var c = Lanes()
    private var d = Lanes()

    static var count: Int { 4 * Lanes.count }

    @inline(__always)
    init() {}

    @inline(__always)
    init(loading pointer: UnsafePointer<Float>) {
      a = Lanes(loading: pointer)
      b = Lanes(loading: pointer + Lanes.count)
      c = Lanes(loading: pointer + 2 * Lanes.count)
      d = Lanes(loading: pointer + 3 * Lanes.count)
    }

    @inline(__always)
    func storing(to pointer: UnsafeMutablePointer<Float>) {
      a.storing(to: pointer)
      b.storing(to: pointer + Lanes.count)
      c.storing(to: pointer + 2 * Lanes.count)
      d.storing(to: pointer + 3 * Lanes.count)
    }

    @inline(__always)
    func plus(_ factor: Float, times other: LanesTile) -> LanesTile {
      var sum = self
      let factor = Lanes(repeating: factor)
      sum.a = a.plus(factor, times: other.a)
      sum.b = b.plus(factor, times: other.b)
      sum.c = c.plus(factor, times: other.c)
      sum.d = d.plus(factor, times: other.d)
      return sum
    }

    @inline(__always)
    func times(_ factor: Float) -> LanesTile {
      var result = self
      result.a = a.times(factor)
      result.b = b.times(factor)
      result.c = c.times(factor)
      result.d = d.times(factor)
      return result
    }
  }
#else
  /// Two vectors: with four rows of sums, half of 16 registers.
  struct LanesTile: FloatRun {
    private var a = Lanes()
    private var b = Lanes()

    static var count: Int { 2 * Lanes.count }

    @inline(__always)
    init() {}

    @inline(__always)
    init(loading pointer: UnsafePointer<Float>) {
      a = Lanes(loading: pointer)
      b = Lanes(loading: pointer + Lanes.count)
    }

    @inline(__always)
    func storing(to pointer: UnsafeMutablePointer<Float>) {
      a.storing(to: pointer)
      b.storing(to: pointer + Lanes.count)
    }

    @inline(__always)
    func plus(_ factor: Float, times other: LanesTile) -> LanesTile {
      var sum = self
      let factor = Lanes(repeating: factor)
      sum.a = a.plus(factor, times: other.a)
      sum.b = b.plus(factor, times: other.b)
      return sum
    }

    @inline(__always)
    func times(_ factor: Float) -> LanesTile {
      var result = self
      result.a = a.times(factor)
      result.b = b.times(factor)
      return result
    }
  }
#endif

typealias RowTable = UnsafeMutablePointer<UnsafePointer<Float>>

/// The inner loops of attention.
enum AttentionTiles {
  /// Columns of a panel of packed keys.
  static var panelWidth: Int { LanesTile.count }

  /// Transposes up to `panelWidth` rows into `[depth][panelWidth]`, with zeros for missing rows.
  static func pack(_ rows: RowTable, count: Int, depth: Int, into panel: UnsafeMutablePointer<Float>) {
    // Short texts fill few columns of a panel; whole rows of zeros are quicker than one zero at a time.
    if count < panelWidth { panel.update(repeating: 0, count: depth * panelWidth) }
    BlockTransposition.transpose(rows: rows, count: count, columns: depth, to: panel, targetStride: panelWidth)
  }

  /// Writes the products of four rows of `x` (`depth` floats each) with a panel's columns.
  @inline(never)
  static func fourProducts(
    _ x: UnsafePointer<Float>, panel: UnsafePointer<Float>, depth: Int, into scores: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    var s0 = LanesTile()
    var s1 = LanesTile()
    var s2 = LanesTile()
    var s3 = LanesTile()
    let (x1, x2, x3) = (x + depth, x + 2 * depth, x + 3 * depth)
    for d in 0..<depth {
      let column = LanesTile(loading: panel + d * LanesTile.count)
      s0 = s0.plus(x[d], times: column)
      s1 = s1.plus(x1[d], times: column)
      s2 = s2.plus(x2[d], times: column)
      s3 = s3.plus(x3[d], times: column)
    }
    s0.storing(to: scores)
    s1.storing(to: scores + stride)
    s2.storing(to: scores + 2 * stride)
    s3.storing(to: scores + 3 * stride)
  }

  /// Writes the products of one row of `x` with a panel's columns.
  @inline(never)
  static func oneProduct(
    _ x: UnsafePointer<Float>, panel: UnsafePointer<Float>, depth: Int, into scores: UnsafeMutablePointer<Float>
  ) {
    var sum = LanesTile()
    for d in 0..<depth { sum = sum.plus(x[d], times: LanesTile(loading: panel + d * LanesTile.count)) }
    sum.storing(to: scores)
  }

  /// Adds `Σ_t weights_k[t · weightStride] · rows[t]` over `terms` to four outputs of `width` floats.
  @inline(never)
  static func addFourSums(
    _ weights: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>),
    weightStride: Int, rows: RowTable, terms: Range<Int>, width: Int,
    to outputs: (
      UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>,
      UnsafeMutablePointer<Float>
    )
  ) {
    @inline(__always)
    func run<Run: FloatRun>(_: Run.Type, at offset: Int) {
      var s0 = Run(loading: outputs.0 + offset)
      var s1 = Run(loading: outputs.1 + offset)
      var s2 = Run(loading: outputs.2 + offset)
      var s3 = Run(loading: outputs.3 + offset)
      for t in terms {
        let row = Run(loading: rows[t] + offset)
        let position = t &* weightStride
        s0 = s0.plus(weights.0[position], times: row)
        s1 = s1.plus(weights.1[position], times: row)
        s2 = s2.plus(weights.2[position], times: row)
        s3 = s3.plus(weights.3[position], times: row)
      }
      s0.storing(to: outputs.0 + offset)
      s1.storing(to: outputs.1 + offset)
      s2.storing(to: outputs.2 + offset)
      s3.storing(to: outputs.3 + offset)
    }
    forEachRun(width) {
      run($0, at: $1)
    } lanes: {
      run($0, at: $1)
    } four: {
      run($0, at: $1)
    } one: {
      run($0, at: $1)
    }
  }

  /// Adds `Σ_t weights[t · weightStride] · rows[t]` over `terms` to one output of `width` floats.
  @inline(never)
  static func addOneSum(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: RowTable, terms: Range<Int>, width: Int,
    to output: UnsafeMutablePointer<Float>
  ) {
    if terms.isEmpty { return }
    @inline(__always)
    func run<Run: FloatRun>(_: Run.Type, at offset: Int) {
      var sum = Run(loading: UnsafePointer(output + offset))
      for t in terms { sum = sum.plus(weights[t &* weightStride], times: Run(loading: rows[t] + offset)) }
      sum.storing(to: output + offset)
    }
    forEachRun(width) {
      run($0, at: $1)
    } lanes: {
      run($0, at: $1)
    } four: {
      run($0, at: $1)
    } one: {
      run($0, at: $1)
    }
  }

  /// Writes a row times a factor, and zeros up to `stride`.
  @inline(__always)
  static func copyRow(
    _ row: UnsafePointer<Float>, times factor: Float, width: Int, stride: Int, to target: UnsafeMutablePointer<Float>
  ) {
    @inline(__always)
    func run<Run: FloatRun>(_: Run.Type, at offset: Int) {
      Run(loading: row + offset).times(factor).storing(to: target + offset)
    }
    forEachRun(width) {
      run($0, at: $1)
    } lanes: {
      run($0, at: $1)
    } four: {
      run($0, at: $1)
    } one: {
      run($0, at: $1)
    }
    for offset in width..<stride { target[offset] = 0 }
  }

  /// Adds a row to another one.
  @inline(__always)
  static func addRow(_ row: UnsafePointer<Float>, width: Int, to target: UnsafeMutablePointer<Float>) {
    @inline(__always)
    func run<Run: FloatRun>(_: Run.Type, at offset: Int) {
      Run(loading: target + offset).plus(1, times: Run(loading: row + offset)).storing(to: target + offset)
    }
    forEachRun(width) {
      run($0, at: $1)
    } lanes: {
      run($0, at: $1)
    } four: {
      run($0, at: $1)
    } one: {
      run($0, at: $1)
    }
  }

  /// Covers `width` floats with runs, the longest first.
  @inline(__always)
  private static func forEachRun(
    _ width: Int, tile: (LanesTile.Type, Int) -> Void, lanes: (Lanes.Type, Int) -> Void,
    four: (SIMD4<Float>.Type, Int) -> Void, one: (Float.Type, Int) -> Void
  ) {
    var offset = 0
    while offset + LanesTile.count <= width {
      tile(LanesTile.self, offset)
      offset += LanesTile.count
    }
    while offset + Lanes.count <= width {
      lanes(Lanes.self, offset)
      offset += Lanes.count
    }
    while offset + 4 <= width {
      four(SIMD4<Float>.self, offset)
      offset += 4
    }
    while offset < width {
      one(Float.self, offset)
      offset += 1
    }
  }
}
