import Synchronization

/// A second copy of a little frozen matrix, packed for the backward pass.
///
/// The transposed product has to transpose each panel before it multiplies by it. Hundreds of rows share that work in a
/// large model's batch. In a little model's it is an eighth of the product's time with a hundred rows, up to a third with
/// sixty, and more of the head's, which has few rows and is as deep as the vocabulary is large. From a copy whose panels
/// are inputs the transposed product is an ordinary one: the same elements, multiplied and added in the same order.
///
/// The copy is made by the first product that wants it, so nothing is copied for evaluation alone. It is the engine's own
/// choice, not a need of the run, and about as large as the matrix; so it is not counted, as kept blocks of freed
/// tensors are not.
final class TransposedCopy: Sendable {
  private let original: PackedWeights
  private let arena: WeightArena
  private let copy = Mutex<PackedWeights?>(nil)

  /// Narrower side of the matrices that are copied.
  private static let widest = 128
  /// Most elements of the matrices that are copied.
  private static let mostElements = 1 << 18

  /// A copy that can be made; nil for matrices too large, and in formats of blocks along their rows.
  init?(of original: PackedWeights, arena: WeightArena) {
    let (outputs, inputs) = (original.outputs, original.inputs)
    guard original.format.blockLength == 1, outputs > 0, inputs > 0, min(outputs, inputs) <= Self.widest,
      max(outputs, inputs) <= Self.mostElements / min(outputs, inputs)
    else { return nil }
    self.original = original
    self.arena = arena
  }

  /// The copy, `[inputs, outputs]`.
  func packed(workers: Workers) -> PackedWeights {
    copy.withLock { copy in
      if let copy { return copy }
      let elements = original.elementBytes()
      defer { elements.deallocate() }
      let made = PackedWeights(
        format: original.format, outputs: original.inputs, inputs: original.outputs, transposed: true, rowOrder: nil,
        bytes: UnsafeRawBufferPointer(elements), arena: arena, workers: workers)
      copy = made
      return made
    }
  }

  func release() {
    copy.withLock { copy in
      copy?.release(to: arena)
      copy = nil
    }
  }
}

extension PackedWeights {
  /// The elements as they were stored, row-major, in memory that is the caller's to deallocate.
  ///
  /// - Precondition: The format has no blocks.
  fileprivate func elementBytes() -> UnsafeMutableRawBufferPointer {
    let width = KernelShape.panelWidth
    let size = format.blockBytes
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: outputs * inputs * size, alignment: 64)
    func copy<Element: BitwiseCopyable>(_: Element.Type, from offset: Int, of panel: UnsafeRawPointer, to index: Int) {
      bytes.storeBytes(
        of: panel.load(fromByteOffset: offset * size, as: Element.self), toByteOffset: index * size, as: Element.self)
    }
    for row in 0..<outputs {
      let panel = panel(row / width)
      let column = row % width
      for input in 0..<inputs {
        let index = row * inputs + input
        if format == .float32 {
          copy(UInt32.self, from: input * width + column, of: panel, to: index)
        } else {
          copy(UInt16.self, from: input / 2 * (2 * width) + 2 * column + input % 2, of: panel, to: index)
        }
      }
    }
    return bytes
  }
}
