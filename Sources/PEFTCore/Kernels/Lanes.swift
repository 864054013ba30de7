// Loads, stores and loops of the kernels other than matrix products, on one vector register of the build.

typealias Lanes = KernelVector
typealias IntegerLanes = KernelVector.MaskStorage

extension Lanes {
  /// `self + a · b`, fused where the CPU can.
  @inline(__always)
  func adding(_ a: Lanes, times b: Lanes) -> Lanes { multiplyAdd(self, a, b) }

  /// `self + a · b` with the same `a` in every lane, fused where the CPU can.
  @inline(__always)
  func adding(_ a: Float, times b: Lanes) -> Lanes { multiplyAdd(self, Lanes(repeating: a), b) }
}

extension Lanes {
  /// Elements in one vector.
  static var count: Int { scalarCount }

  /// Loads a full vector from any address of a float.
  @inline(__always)
  init(at pointer: UnsafePointer<Float>) {
    self = UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }

  /// Loads the first `count` lanes and fills the others.
  @inline(__always)
  init(at pointer: UnsafePointer<Float>, count: Int, filling rest: Float = 0) {
    if count == Lanes.count {
      self.init(at: pointer)
    } else {
      self.init(first: count, at: pointer, filling: rest)
    }
  }

  /// Stores a full vector.
  @inline(__always)
  func store(to pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Lanes.self)
  }

  /// Stores the first `count` lanes.
  @inline(__always)
  func store(to pointer: UnsafeMutablePointer<Float>, count: Int) {
    if count == Lanes.count {
      store(to: pointer)
    } else {
      storeFirst(count, to: pointer)
    }
  }

  /// The sum of all lanes, halves added to halves.
  @inline(__always)
  var total: Float {
    halved {
      $0 + $1
    } four: {
      $0 + $1
    } two: {
      $0 + $1
    }
  }

  /// The largest lane; NaN where there is one, or not, as with `larger`.
  @inline(__always)
  var largest: Float {
    halved {
      $0.replacing(with: $1, where: $1 .> $0)
    } four: {
      $0.replacing(with: $1, where: $1 .> $0)
    } two: {
      $0.replacing(with: $1, where: $1 .> $0)
    }
  }

  /// Combines the two halves again and again; `SIMD.sum()` and `SIMD.max()` walk over the lanes one by one.
  @inline(__always)
  private func halved(
    eight: (SIMD8<Float>, SIMD8<Float>) -> SIMD8<Float>, four: (SIMD4<Float>, SIMD4<Float>) -> SIMD4<Float>,
    two: (SIMD2<Float>, SIMD2<Float>) -> SIMD2<Float>
  ) -> Float {
    #if CPU_X86_64_V4
      let ofEight = eight(lowHalf, highHalf)
      let ofFour = four(ofEight.lowHalf, ofEight.highHalf)
    #elseif CPU_X86_64_V3
      let ofFour = four(lowHalf, highHalf)
    #else
      let ofFour = self
    #endif
    let ofTwo = two(ofFour.lowHalf, ofFour.highHalf)
    return two(ofTwo, SIMD2(ofTwo.y, ofTwo.x)).x
  }

  /// The lane-wise larger value; a lane of `self` that is not a number gives way to `other`'s.
  @inline(__always)
  func larger(_ other: Lanes) -> Lanes { other.replacing(with: self, where: self .> other) }
}

// Parts of a vector are loaded and stored by halves: one element at a time, a part would take longer than many vectors.

extension SIMD4<Float> {
  /// Loads the first `count` lanes, fewer than all, and fills the others.
  @inline(__always)
  fileprivate init(first count: Int, at pointer: UnsafePointer<Float>, filling rest: Float) {
    self.init(
      count > 0 ? pointer[0] : rest, count > 1 ? pointer[1] : rest, count > 2 ? pointer[2] : rest, rest)
  }

  /// Stores the first `count` lanes, fewer than all.
  @inline(__always)
  fileprivate func storeFirst(_ count: Int, to pointer: UnsafeMutablePointer<Float>) {
    if count > 0 { pointer[0] = x }
    if count > 1 { pointer[1] = y }
    if count > 2 { pointer[2] = z }
  }
}

#if CPU_X86_64_V3 || CPU_X86_64_V4
  extension SIMD8<Float> {
    /// As the same of four lanes.
    @inline(__always)
    fileprivate init(first count: Int, at pointer: UnsafePointer<Float>, filling rest: Float) {
      if count >= 4 {
        self.init(
          lowHalf: UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self),
          highHalf: SIMD4(first: count - 4, at: pointer + 4, filling: rest))
      } else {
        self.init(lowHalf: SIMD4(first: count, at: pointer, filling: rest), highHalf: SIMD4(repeating: rest))
      }
    }

    /// As the same of four lanes.
    @inline(__always)
    fileprivate func storeFirst(_ count: Int, to pointer: UnsafeMutablePointer<Float>) {
      guard count >= 4 else { return lowHalf.storeFirst(count, to: pointer) }
      UnsafeMutableRawPointer(pointer).storeBytes(of: lowHalf, as: SIMD4<Float>.self)
      highHalf.storeFirst(count - 4, to: pointer + 4)
    }
  }
#endif

#if CPU_X86_64_V4
  extension SIMD16<Float> {
    /// As the same of four lanes.
    @inline(__always)
    fileprivate init(first count: Int, at pointer: UnsafePointer<Float>, filling rest: Float) {
      if count >= 8 {
        self.init(
          lowHalf: UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self),
          highHalf: SIMD8(first: count - 8, at: pointer + 8, filling: rest))
      } else {
        self.init(lowHalf: SIMD8(first: count, at: pointer, filling: rest), highHalf: SIMD8(repeating: rest))
      }
    }

    /// As the same of four lanes.
    @inline(__always)
    fileprivate func storeFirst(_ count: Int, to pointer: UnsafeMutablePointer<Float>) {
      guard count >= 8 else { return lowHalf.storeFirst(count, to: pointer) }
      UnsafeMutableRawPointer(pointer).storeBytes(of: lowHalf, as: SIMD8<Float>.self)
      highHalf.storeFirst(count - 8, to: pointer + 8)
    }
  }
#endif

/// Calls `body` for each vector of `count` elements with its offset and the lanes in use: all, and fewer for
/// the last.
@inline(__always)
func forEachVector(_ count: Int, _ body: (_ offset: Int, _ lanes: Int) -> Void) {
  let whole = count / Lanes.count * Lanes.count
  var offset = 0
  while offset < whole {
    body(offset, Lanes.count)
    offset += Lanes.count
  }
  if whole < count { body(whole, count - whole) }
}

/// Adds `term`'s vectors over `count` elements and then their lanes; unused lanes of the last must be zero.
@inline(__always)
func sumOfVectors(_ count: Int, _ term: (_ offset: Int, _ lanes: Int) -> Lanes) -> Float {
  var sum = Lanes()
  forEachVector(count) { offset, lanes in sum += term(offset, lanes) }
  return sum.total
}

/// Writes `function` of one array's elements; the result may overwrite the array.
@inline(__always)
func mapVectors(
  _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int, _ function: (Lanes) -> Lanes
) {
  forEachVector(count) { i, lanes in function(Lanes(at: x + i, count: lanes)).store(to: y + i, count: lanes) }
}

/// Writes `function` of two arrays' elements; the result may overwrite one of them.
@inline(__always)
func mapVectors(
  _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>, count: Int,
  _ function: (Lanes, Lanes) -> Lanes
) {
  forEachVector(count) { i, lanes in
    function(Lanes(at: x + i, count: lanes), Lanes(at: y + i, count: lanes)).store(to: z + i, count: lanes)
  }
}

/// Elements in one piece of an elementwise kernel: long enough to be worth a thread's while.
let elementwiseGrain = 16_384

extension Workers {
  /// Cuts `0..<count` into pieces of `grain` (the last one shorter) and runs `body` on each.
  @inline(__always)
  func run(
    count: Int, grain: Int, as kind: KernelKind = .elementwise, _ body: (_ start: Int, _ count: Int) -> Void
  ) {
    run(pieces: (count + grain - 1) / grain, as: kind) { piece in
      let start = piece * grain
      body(start, min(grain, count - start))
    }
  }
}

/// Rows of `columns` elements that make a piece about as long as an elementwise one.
func rowGrain(columns: Int) -> Int { max(1, elementwiseGrain / max(1, columns)) }
