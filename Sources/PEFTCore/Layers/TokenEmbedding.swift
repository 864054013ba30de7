/// A table of vectors, one a token (or a position).
public final class TokenEmbedding: SitePart {
  /// The module's path as Hugging Face names it, such as `model.embed_tokens`.
  public let site: String
  /// Number of vectors.
  public let count: Int
  /// Width of a vector.
  public let width: Int

  /// The frozen table; nil before weights are loaded, and while it is trained in full.
  public internal(set) var weight: WeightMatrix?
  /// What methods attached.
  public let occupancy = Occupancy()

  /// Creates a table without weights.
  public init(site: String, count: Int, width: Int) {
    self.site = site
    self.count = count
    self.width = width
  }

  /// Its table.
  public var weightSlots: [WeightSlot] { [WeightSlot(holder: .table(self, sharedBy: nil))] }

  /// Adapters around it, or a weight in place of its own.
  public func takes(_ occupant: Occupant) -> Bool {
    switch occupant {
    case .tableAdapter, .weight: true
    default: false
    }
  }

  /// The adapters around the table, from the inside out.
  public var adapters: [any EmbeddingAdapter] {
    occupancy.placements.compactMap { if case .tableAdapter(let adapter) = $0.occupant { adapter } else { nil } }
  }

  /// A trained table `[count, width]` in place of the frozen one (full fine-tuning, modules saved beside an adapter).
  public var trainedWeight: Parameter? { occupancy.weight }

  /// One vector.
  public func vector(_ index: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: width) { buffer, initialized in
      if let base = buffer.baseAddress { copy(index, of: trainedWeight, to: base) }
      initialized = width
    }
  }

  /// Looks up `ids`, adding to or overwriting the rows of `target`.
  ///
  /// - Returns: `target` as a variable that leads to the table, or what is attached to it, if that is trained.
  func lookUp(_ ids: [Int32], addingTo target: Variable?, on tape: Tape) -> Variable {
    let rows = Tensor(uninitialized: [ids.count, width], in: tape.context.pool)
    let trained = trainedWeight
    for (row, id) in ids.enumerated() { copy(Int(id), of: trained, to: rows.mutableElements + row * width) }
    let inputs = trained.map { [tape.variable(for: $0)] } ?? []
    let looked = tape.record(rows, from: inputs) { [width, count] gradient in
      tape.accumulate(into: inputs[0]) { target, accumulates in
        if !accumulates { target.update(repeating: 0, count: count * width) }
        for (row, id) in ids.enumerated() {
          Elementwise.add(
            gradient.elements + row * width, to: target + Int(id) * width, count: width, workers: .one)
        }
      }
    }
    let vectors = adapters.reduce(looked) { $1($0, of: ids, on: tape) }
    guard let target else { return vectors }
    return tape.add(target, inPlaceTo: vectors)
  }

  private func copy(_ index: Int, of trained: Parameter?, to target: UnsafeMutablePointer<Float>) {
    precondition(index >= 0 && index < count, "\(site): token \(index) of \(count)")
    if let trained {
      target.update(from: trained.value.elements + index * width, count: width)
    } else if let weight {
      weight.decodeRow(index, into: target)
    } else {
      preconditionFailure("\(site): no weight is loaded")
    }
  }
}
