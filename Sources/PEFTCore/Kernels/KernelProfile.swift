import Dispatch
import Synchronization

/// What a parallel region of work computes.
public enum KernelKind: String, CaseIterable, Sendable {
  /// Products with frozen weights, in the forward pass.
  case frozenProduct = "frozen product"
  /// Products with transposed frozen weights, in the backward pass.
  case transposedProduct = "transposed frozen product"
  /// Products of float32 matrices: adapters, trained weights and their gradients.
  case denseProduct = "dense product"
  /// Attention, forward.
  case attention
  /// Attention, backward.
  case attentionBackward = "attention backward"
  /// RMSNorm and LayerNorm, both ways.
  case normalization
  /// Activations and gated activations, both ways.
  case activation
  /// Rotary embeddings, both ways.
  case rotary
  /// Cross-entropy and the choice of tokens.
  case vocabulary
  /// Sums, scalings, masks.
  case elementwise
  /// The optimizer's steps.
  case optimizer
}

/// Where the time of some computation goes, kernel by kernel; for `bench --profile`.
///
/// Counts the parallel regions: their time, their floating-point operations and the pieces they were cut into. What is
/// left of the whole is serial work between regions. The pieces of a region tell how it would scale to more threads than
/// a machine has.
public final class KernelProfile: Sendable {
  /// The regions of one kind.
  public struct Entry: Sendable {
    /// Number of regions.
    public var calls = 0
    /// Time in them.
    public var seconds = 0.0
    /// Multiplications and additions of matrix products.
    public var operations = 0.0
    /// Time that the regions would take on 2, 4, 8 and 16 threads, by their pieces.
    public var secondsOnThreads = [Double](repeating: 0, count: KernelProfile.threadCounts.count)
  }

  /// Thread counts that regions are projected to.
  public static let threadCounts = [2, 4, 8, 16]

  private let entries = Mutex<[KernelKind: Entry]>([:])

  /// Creates an empty profile.
  public init() {}

  /// The counts of a kind.
  public subscript(kind: KernelKind) -> Entry { entries.withLock { $0[kind] ?? Entry() } }

  /// Forgets everything.
  public func reset() { entries.withLock { $0 = [:] } }

  func add(_ kind: KernelKind, pieces: Int, operations: Double, seconds: Double) {
    entries.withLock { entries in
      entries[kind, default: Entry()].calls += 1
      entries[kind, default: Entry()].seconds += seconds
      entries[kind, default: Entry()].operations += operations
      for (index, threads) in Self.threadCounts.enumerated() {
        let rounds = (pieces + threads - 1) / threads
        entries[kind, default: Entry()].secondsOnThreads[index] += seconds * Double(rounds) / Double(pieces)
      }
    }
  }
}
