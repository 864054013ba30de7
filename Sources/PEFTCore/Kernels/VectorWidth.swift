// The one place that knows how wide this build's vectors are and how they multiply and add.
//
// | build                     | vector | panel | tile rows | registers used of those there are |
// |---------------------------|--------|-------|-----------|-----------------------------------|
// | x86-64-v4 (AVX-512)       | 16     | 32    | 12        | 24 + 2 of 32                      |
// | x86-64-v3 (AVX2, FMA)     | 8      | 16    | 6         | 12 + 3 of 16                      |
// | baseline x86-64 (SSE2)    | 4      | 8     | 6         | 12 + 3 of 16                      |
// | arm64 (NEON)              | 4      | 8     | 12        | 24 + 3 of 32                      |

#if arch(arm64) && (CPU_X86_64_V3 || CPU_X86_64_V4)
  #error("compiling for arm64 on an x86-64 machine takes PEFT_BENCH_CPU=arm64")
#endif

#if CPU_X86_64_V4
  typealias KernelVector = SIMD16<Float>
  typealias KernelWords = SIMD16<UInt32>
#elseif CPU_X86_64_V3
  typealias KernelVector = SIMD8<Float>
  typealias KernelWords = SIMD8<UInt32>
#else
  typealias KernelVector = SIMD4<Float>
  typealias KernelWords = SIMD4<UInt32>
#endif

/// The block sizes of the matrix kernels.
enum KernelShape {
  /// Floats in a vector register.
  @inline(__always) static var lanes: Int { KernelVector.scalarCount }

  /// Columns of a panel: two vectors.
  @inline(__always) static var panelWidth: Int { 2 * lanes }

  /// Most rows of a tile, the block of results held in registers.
  @inline(__always) static var tileRows: Int {
    #if CPU_X86_64_V4 || arch(arm64)
      12
    #else
      6
    #endif
  }

  /// Most rows that are multiplied by packed elements without a buffer between.
  @inline(__always) static var directRows: Int { 4 }

  /// Length of the blocks that a sum over the inner dimension is cut into, the first at 0.
  ///
  /// A constant of the arithmetic: each result is the sum of its blocks' sums, added in order, and each
  /// block's sum is one chain of fused multiply-adds in order. A multiple of every block length of the
  /// quantized formats and of every panel width.
  @inline(__always) static var depthBlock: Int { 256 }
}

/// `sum + a · b`, rounded once where the CPU has a fused instruction.
///
/// A baseline x86-64 CPU has none, and a fused result there would be a slow library call.
@inline(__always)
func multiplyAdd(_ sum: KernelVector, _ a: KernelVector, _ b: KernelVector) -> KernelVector {
  #if CPU_X86_64_V3 || CPU_X86_64_V4 || arch(arm64)
    sum.addingProduct(a, b)
  #else
    sum + a * b
  #endif
}
