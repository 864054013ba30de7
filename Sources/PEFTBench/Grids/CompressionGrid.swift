import PEFTCore
import PEFTMethods

/// Compressions of one adapter: for each share of its values that is kept, the factors among which one is chosen.
///
/// Source: Yadav et al. 2023 (ComPEFT, arXiv 2311.13171), whose α is chosen on validation rows for each share.
package struct CompressionGrid: Sendable {
  /// Shares of the values that are kept, from 0 to 1.
  package let shares: [Double]
  /// Multiples of the standard deviation.
  package let alphas: [Double]
  /// Whether the entries that are kept are drawn, in place of the largest ones: a control that says what their choice is
  /// worth.
  package let isControl: Bool

  /// The grid of the paper.
  package static let paper = (shares: [0.05, 0.1, 0.2, 0.3, 0.5], alphas: [0.5, 1, 2, 3, 4, 5, 6, 8, 10] as [Double])

  /// Creates a grid.
  package init(shares: [Double], alphas: [Double], isControl: Bool = false) {
    (self.shares, self.alphas, self.isControl) = (shares, alphas, isControl)
  }

  /// What a record says of one share.
  func recipe(_ share: Double) -> JSONValue {
    var json: JSONValue = ["keep": JSONValue(share), "codec": "golomb"]
    if isControl { json["control"] = "random" }
    return json
  }

  /// An adapter at one place of the grid.
  func compressed(_ file: AdapterFile, keeping share: Double, alpha: Double) throws -> CompressedAdapter {
    try CompressedAdapter(
      file, keeping: share, as: .deviation(alpha: alpha), control: isControl ? SeedStream(0).child("control") : nil)
  }
}
