import Foundation

/// What no code for kept positions and signs could do without.
public enum SparseEntropy {
  /// Bits for each of all values where a share of them is kept as a sign, at random places.
  ///
  ///     H(p) = −(1 − p)·log₂(1 − p) − p·log₂(p/2)
  ///
  /// - Parameter share: p, from 0 to 1.
  /// - Source: ComPEFT, Yadav et al. 2023, arXiv 2311.13171.
  public static func bitsPerValue(keeping share: Double) -> Double {
    (share < 1 ? -(1 - share) * log2(1 - share) : 0) - (share > 0 ? share * log2(share / 2) : 0)
  }
}
