import PEFTCore

/// A frozen table of the model, the embeddings or the head, of which PEFT may put a copy into an adapter's file.
///
/// It does so where the table is adapted or its vocabulary was changed. Loading such a file, PEFT would replace the
/// model's own weight by the copy; here a copy is overlooked if it is the same, and refused otherwise.
public struct BaseCopy {
  /// The keys that it may have in a file.
  let keys: [String]
  private let shape: [Int]
  /// The model's weight; nil where none is loaded.
  private let weight: () -> WeightMatrix?

  private init(site: String, shape: [Int], weight: @escaping () -> WeightMatrix?) {
    keys = [".base_layer.weight", ".weight"].map { AdapterTensor.prefix + site + $0 }
    self.shape = shape
    self.weight = weight
  }

  /// The tables of a model.
  static func all(of model: CausalLanguageModel) -> [BaseCopy] {
    let (embedding, head) = (model.embedding, model.head)
    return [
      BaseCopy(site: embedding.site, shape: [embedding.count, embedding.width]) { [weak model] in
        model?.embedding.weight
      },
      BaseCopy(site: head.site, shape: [head.outputs, head.inputs]) { [weak model] in model?.head.weight },
    ]
  }

  /// Refuses a copy that is not the model's weight, but for the rounding of the types that hold them.
  ///
  /// - Throws: `CheckpointError`.
  func check(_ stored: SafetensorsTensor, in file: SafetensorsCheckpoint) throws {
    guard stored.shape == shape else {
      throw CheckpointError(
        file: file.path, tensor: stored.name,
        "is a copy of a base weight with shape \(stored.shape), but this model's has \(shape): the adapter was trained "
          + "on a model of another vocabulary")
    }
    guard let weight = weight() else { return }
    let values = try stored.floats()
    let relative = tolerance(stored.type, weight.format)
    var row = [Float](repeating: 0, count: weight.inputs)
    for index in 0..<weight.outputs {
      row.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { weight.decodeRow(index, into: base) }
      }
      let start = index * weight.inputs
      for column in row.indices {
        let (own, other) = (row[column], values[start + column])
        guard abs(own - other) <= relative * max(abs(own), abs(other)) + (relative > 0 ? 0x1p-24 : 0) else {
          throw CheckpointError(
            file: file.path, tensor: stored.name,
            "is a copy of a base weight that this model has otherwise (\(other) and \(own) in row \(index)): the "
              + "adapter was trained on other weights")
        }
      }
    }
  }

  /// How far rounding may part two copies: not at all, or by one unit in the last place of the shorter type.
  private func tolerance(_ stored: SafetensorsType, _ own: WeightFormat) -> Float {
    if stored == .bfloat16 || own == .bfloat16 { return 0x1p-7 }
    if stored == .float16 || own == .float16 { return 0x1p-10 }
    return 0
  }
}
