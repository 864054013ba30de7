/// How much of a panel there is to multiply by, beginning with its first column.
enum PanelPart {
  /// Two vectors.
  case whole
  /// One vector.
  case vector
  #if CPU_X86_64_V4
    /// Half a vector.
    case halfVector
  #endif

  /// The least part that has `columns` columns.
  @inline(__always)
  init(columns: Int) {
    #if CPU_X86_64_V4
      if columns <= KernelShape.lanes / 2 {
        self = .halfVector
        return
      }
    #endif
    self = columns <= KernelShape.lanes ? .vector : .whole
  }

  /// Columns of the part.
  @inline(__always) var width: Int {
    switch self {
    case .whole: KernelShape.panelWidth
    case .vector: KernelShape.lanes
    #if CPU_X86_64_V4
      case .halfVector: KernelShape.lanes / 2
    #endif
    }
  }
}

/// The rows that a tile multiplies by a panel, and where the results go.
struct TileProduct {
  /// The first row's first factor of the depth block.
  var a: UnsafePointer<Float>
  /// Distances between rows and between depths; one of them is 1.
  var aRowStride: Int
  var aDepthStride: Int
  /// Length of the sums; at most one depth block, except in attention.
  var depth: Int
  /// Room for rows of a panel's width.
  var c: UnsafeMutablePointer<Float>
  var cStride: Int
  /// Whether the result is added to `c` or replaces it.
  var adding: Bool
  /// Whether the rows of `c` are written to before the sums are made, too.
  ///
  /// Results that were never written before come from memory. The first write to a row fetches it while the tile is
  /// multiplied, and nothing waits for it; without it, the tile's end does.
  var claims = false
  /// Whether the sums start from what `c` holds: one chain goes on, where `adding` adds the sum of a chain of its own.
  var continues = false
  /// How much of each row of the panel is multiplied.
  var part = PanelPart.whole
  /// What is fetched into the caches meanwhile.
  var ahead: FetchAhead
}

/// Memory that the next panel comes from, read byte by byte at even distances while a tile is multiplied.
///
/// Unpacking a panel waits for memory, multiplying by it does not. Swift has no instruction to prefetch, but a load
/// whose result nobody waits for does the same as long as the lines follow each other.
struct FetchAhead {
  /// The first byte to read, one a depth.
  var start: UnsafeRawPointer
  /// Distance from one byte to the next; 0 reads the same one again.
  var stride: Int
  /// Takes what was read, so that the compiler keeps the loads.
  var sink: UnsafeMutablePointer<UInt8>
}
