import PEFTCore

/// Which document of a corpus comes when: in training one after the other, and for validation some that never do.
struct DocumentOrder: Sendable {
  /// How many documents there are; nil for a corpus without end.
  private let count: Int?
  private let heldOut: Int
  private let seeds: SeedStream
  /// Of a corpus with an end: the documents in the order in which the first ones are held out.
  private let shuffled: [Int]
  private var epoch: (number: Int, order: [Int])?

  /// Numbers from here on belong to the validation set of a corpus without end.
  private static let firstHeldOut: UInt64 = 1 << 40

  /// Holds out documents of a corpus.
  ///
  /// - Parameters:
  ///   - count: How many there are; nil for a corpus without end, whose documents come in their own order.
  ///   - heldOut: How many are for validation; of a corpus with an end at most half.
  ///   - seeds: Where the orders are drawn from.
  init(count: Int?, heldOut: Int, seeds: SeedStream) {
    self.count = count
    self.heldOut = count.map { min(heldOut, $0 / 2) } ?? heldOut
    self.seeds = seeds
    shuffled = count.map { seeds.child("held out").permutation($0) } ?? []
  }

  /// The documents for validation.
  var validation: [UInt64] {
    count == nil
      ? (0..<heldOut).map { Self.firstHeldOut + UInt64($0) } : shuffled[..<heldOut].map(UInt64.init)
  }

  /// The documents at some positions of the training; a corpus with an end comes in another order each time around.
  mutating func training(_ positions: Range<Int>) -> [UInt64] {
    guard let count else { return positions.map(UInt64.init) }
    let kept = count - heldOut
    return positions.map { position in
      let number = position / kept
      if epoch?.number != number { epoch = (number, seeds.child("epoch").child(number).permutation(kept)) }
      return UInt64(shuffled[heldOut + (epoch?.order[position % kept] ?? 0)])
    }
  }
}
