import Foundation
import PEFTCore
import PEFTMethods

/// A compressed adapter in each codec, which is attached to the model that it belongs to.
struct CompressedAdapterFormat: FuzzedFormat {
  static let name = "compressed-adapter"
  let samples: [Sample]
  private let reader: AdapterReader

  init(corpus: Corpus) throws {
    var samples: [Sample] = []
    for method in ["lora-llama", "ia3-llama", "prompt-tuning-llama"] {
      let folder = "Tests/Fixtures/methods/\(method)"
      let arrays = try AdapterFile.open("\(corpus.project.path)/\(folder)").arrays()
      let isAroundOne = AdapterFile.isAroundOne
      let compressed = [
        CompressedTensors(
          arrays, keeping: 0.2, as: .deviation(alpha: 2), codec: .sparseGolomb, isAroundOne: isAroundOne),
        CompressedTensors(arrays, keeping: 0.3, as: .mean, codec: .sparseMask, isAroundOne: isAroundOne),
        CompressedTensors(arrays, keeping: 0.5, as: .own, codec: .sparseGolomb, isAroundOne: isAroundOne),
        CompressedTensors(roundingToBytes: arrays, isAroundOne: isAroundOne),
      ]
      for tensors in compressed {
        samples.append(
          Sample([
            .init(
              name: "adapter_config.json", bytes: try corpus.bytes("\(folder)/adapter_config.json"), mutation: nil),
            .init(name: CompressedTensors.fileName, bytes: tensors.serialized, mutation: .compressedTensors),
          ]))
      }
    }
    self.samples = samples
    reader = try AdapterReader(corpus)
  }

  func read(_ sample: Sample, in folder: String) throws { try reader.read(folder) }
}
