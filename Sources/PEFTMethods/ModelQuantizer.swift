import Foundation
public import PEFTCore

/// Writes a model's folder again with the linear maps of its blocks in NF4, as QLoRA needs it.
///
/// Embeddings, norms, biases and the head keep their type, as with bitsandbytes. A map whose rows are not made of whole runs
/// of 32 elements keeps its type too.
public enum ModelQuantizer {
  /// What was written.
  public struct Summary: Sendable {
    /// Maps in NF4.
    public let quantized: Int
    /// Sites of maps that kept their type.
    public let kept: [String]
  }

  /// Writes the folder; it appears complete or not at all.
  ///
  /// - Throws: `FileError` or `CheckpointError`, also for a GGUF file, whose weights are quantized already.
  public static func writeNF4(_ source: ModelFiles, to folder: String) throws -> Summary {
    guard try source.directoryFiles(weightsAs: "float32") == nil else {
      throw FileError(
        path: source.path, "is a GGUF file; convert the model's safetensors, of which nothing has been rounded away")
    }
    if let target = FilePath.resolved(folder), target == FilePath.resolved(source.path) {
      throw FileError(path: folder, "is the model itself: write the converted one to another folder")
    }
    try source.checkWeights()
    let model = try source.skeleton()
    let checkpoint = try SafetensorsCheckpoint.open(directory: source.path)
    let prefix = model.family?.storage.optionalPrefix ?? ""
    let maps = Dictionary(model.linears.map { ("\($0.site).weight", $0) }, uniquingKeysWith: { first, _ in first })
    var writer = SafetensorsWriter()
    var kept: [String] = []
    var quantized = 0
    for tensor in checkpoint.tensors {
      guard let map = maps[tensor.name] ?? maps[prefix + tensor.name] else {
        writer.add(tensor.name, shape: tensor.shape, as: tensor.type) { Array(tensor.bytes) }
        continue
      }
      guard tensor.type.isReadableAsFloat else {
        throw CheckpointError(
          file: source.path, tensor: tensor.name, "is quantized already: its type is \(tensor.type.rawValue)")
      }
      guard map.inputs % WeightFormat.nf4.blockLength == 0 else {
        kept.append(map.site)
        writer.add(tensor.name, shape: tensor.shape, as: tensor.type) { Array(tensor.bytes) }
        continue
      }
      let values = try tensor.floats()
      guard values.allSatisfy(\.isFinite) else {
        throw CheckpointError(file: source.path, tensor: tensor.name, "holds numbers that are not finite")
      }
      writer.add(
        nf4: tensor.name, model.storesTransposed(map) ? values.transposed(rows: map.inputs) : values,
        outputs: map.outputs, inputs: map.inputs, decodedAs: tensor.type == .bfloat16 ? "bfloat16" : "float32")
      quantized += 1
    }
    guard quantized > 0 else {
      throw FileError(
        path: source.path, "has no map whose rows are whole runs of \(WeightFormat.nf4.blockLength) elements")
    }
    try AtomicFile.writeFolder(to: folder) { temporary in
      try writer.write(to: temporary + "/" + SafetensorsCheckpoint.fileName)
      try ModelFolder.copyFiles(beside: source, to: temporary)
      try ModelFolder.set([("quantization_config", NF4Checkpoint.description)], in: temporary + "/config.json")
    }
    return Summary(quantized: quantized, kept: kept)
  }
}
