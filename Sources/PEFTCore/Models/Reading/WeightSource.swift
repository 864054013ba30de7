import Foundation

/// Where a model's weights come from: a checkpoint in one of the formats, asked by Hugging Face's names.
public protocol WeightSource: AnyObject {
  /// The matrix stored for a site, or nil if the checkpoint has none.
  ///
  /// - Parameters:
  ///   - site: The module's path, such as `model.layers.0.mlp.up_proj`.
  ///   - outputs: Rows expected.
  ///   - inputs: Columns expected.
  ///   - context: Where the memory is counted.
  /// - Throws: `CheckpointError` if it is stored but has another shape or an unsupported type.
  func matrix(_ site: String, outputs: Int, inputs: Int, context: ComputeContext) throws -> WeightMatrix?

  /// The vector stored under a name, or nil if the checkpoint has none.
  ///
  /// - Throws: `CheckpointError` if it is stored but has another length or an unsupported type.
  func vector(_ name: String, count: Int) throws -> [Float]?

  /// How the tensor for a place is stored, by the header alone; nil if the checkpoint has none.
  ///
  /// - Throws: `CheckpointError` if it is stored but has another shape or an unsupported type.
  func format(of place: WeightPlace) throws -> WeightFormat?

  /// Names of tensors that nothing asked for, sorted.
  var unusedNames: [String] { get }

  /// The checkpoint as the user named it, for messages.
  var path: String { get }
}

/// The type in which frozen weights are held.
public enum WeightType: String, Sendable, CaseIterable {
  /// As the checkpoint stores them.
  case auto
  /// 32-bit floats.
  case float32
  /// bfloat16: half the memory; weights stored with more precision are rounded.
  case bfloat16
  /// float16: as bfloat16, with more digits and a smaller range.
  case float16

  /// How a matrix that is stored as `stored` is held.
  func format(of stored: WeightFormat) -> WeightFormat {
    switch self {
    case .auto: stored
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }
}

/// Weights in safetensors files.
final class SafetensorsSource: WeightSource {
  private let checkpoint: SafetensorsCheckpoint
  private let storage: WeightStorage
  private let type: WeightType
  private var used: Set<String> = []

  init(_ checkpoint: SafetensorsCheckpoint, storage: WeightStorage, type: WeightType) {
    self.checkpoint = checkpoint
    self.storage = storage
    self.type = type
  }

  var path: String { checkpoint.path }

  func matrix(_ site: String, outputs: Int, inputs: Int, context: ComputeContext) throws -> WeightMatrix? {
    guard let tensor = find(site + ".weight") else { return nil }
    if let quantized = try quantized(tensor) {
      defer { tensor.file.advise(.dontNeed, tensor.range) }
      let blocks = try quantized.blocks(outputs: outputs, inputs: inputs)
      return try blocks.withUnsafeBytes { bytes in
        try WeightMatrix.make(
          format: .nf4, as: type, outputs: outputs, inputs: inputs, transposed: false, rowOrder: nil, bytes: bytes,
          context: context)
      }
    }
    let isTransposed = isTransposed(site)
    try check(tensor, isTransposed ? [inputs, outputs] : [outputs, inputs])
    let format = try format(of: tensor)
    defer { tensor.file.advise(.dontNeed, tensor.range) }
    return try WeightMatrix.make(
      format: format, as: type, outputs: outputs, inputs: inputs, transposed: isTransposed, rowOrder: nil,
      bytes: tensor.bytes, context: context)
  }

  func vector(_ name: String, count: Int) throws -> [Float]? {
    guard let tensor = find(name) else { return nil }
    try check(tensor, [count])
    // Reading so little brings in the pages around it, of matrices that are packed already.
    defer { tensor.file.advise(.dontNeed, 0..<tensor.file.count) }
    return try tensor.floats()
  }

  func format(of place: WeightPlace) throws -> WeightFormat? {
    guard let tensor = find(place.name) else { return nil }
    switch place {
    case .matrix(let site, let outputs, let inputs):
      if let quantized = try quantized(tensor) {
        try quantized.check(outputs: outputs, inputs: inputs)
        return .nf4
      }
      try check(tensor, isTransposed(site) ? [inputs, outputs] : [outputs, inputs])
    case .vector(_, let count): try check(tensor, [count])
    }
    return try format(of: tensor)
  }

  /// The matrix in 4 bits that a tensor's bytes are; nil if it is no such tensor.
  private func quantized(_ tensor: SafetensorsTensor) throws(CheckpointError) -> NF4Checkpoint? {
    guard tensor.type == .uint8, let matrix = try NF4Checkpoint(tensor, in: checkpoint) else { return nil }
    used.formUnion(matrix.names)
    return matrix
  }

  private func isTransposed(_ site: String) -> Bool {
    storage.transposed.contains(String(site.split(separator: ".").last ?? ""))
  }

  private func format(of tensor: SafetensorsTensor) throws(CheckpointError) -> WeightFormat {
    switch tensor.type {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    default: throw error(tensor, "its type \(tensor.type.rawValue) is not supported for weights (F32, BF16, F16 are)")
    }
  }

  var unusedNames: [String] {
    checkpoint.tensors.filter { !used.contains($0.name) && !isBuffer($0) }.map(\.name).sorted()
  }

  /// Whether a tensor is not a weight but what a module computes for itself, such as a causal mask.
  private func isBuffer(_ tensor: SafetensorsTensor) -> Bool {
    if storage.ignoredSuffixes.contains(where: { tensor.name.hasSuffix($0) }) { return true }
    guard tensor.type.isIntegral, let last = tensor.name.split(separator: ".").last else { return false }
    return WeightStorage.integerBuffers.contains(String(last))
  }

  /// Whether the matrices of two sites are both stored and differ in any element.
  func stores(_ site: String, otherwiseThan other: String) throws(CheckpointError) -> Bool {
    guard let one = find(site + ".weight"), let another = find(other + ".weight") else { return false }
    defer { for tensor in [one, another] { tensor.file.advise(.dontNeed, tensor.range) } }
    guard one.shape == another.shape else { return true }
    guard one.type == another.type else { return try one.floats() != another.floats() }
    guard let start = one.bytes.baseAddress, let end = another.bytes.baseAddress else { return false }
    return memcmp(start, end, one.bytes.count) != 0
  }

  private func find(_ name: String) -> SafetensorsTensor? {
    var names = [name]
    if let prefix = storage.optionalPrefix, name.hasPrefix(prefix) {
      names.append(String(name.dropFirst(prefix.count)))
    }
    for name in names {
      guard let tensor = checkpoint[name] else { continue }
      used.insert(name)
      return tensor
    }
    return nil
  }

  private func check(_ tensor: SafetensorsTensor, _ shape: [Int]) throws(CheckpointError) {
    guard tensor.shape == shape else {
      throw error(tensor, "has shape \(tensor.shape), but the model's description asks for \(shape)")
    }
  }

  private func error(_ tensor: SafetensorsTensor, _ message: String) -> CheckpointError {
    CheckpointError(file: tensor.file.path, tensor: tensor.name, message)
  }
}

/// Weights in a GGUF file.
final class GGUFSource: WeightSource {
  private let checkpoint: GGUFCheckpoint
  private let storage: WeightStorage
  private let configuration: ModelConfiguration
  private let type: WeightType
  private var used: Set<String> = []

  init(
    _ checkpoint: GGUFCheckpoint, storage: WeightStorage, configuration: ModelConfiguration, type: WeightType
  ) {
    self.checkpoint = checkpoint
    self.storage = storage
    self.configuration = configuration
    self.type = type
  }

  var path: String { checkpoint.path }

  func matrix(_ site: String, outputs: Int, inputs: Int, context: ComputeContext) throws -> WeightMatrix? {
    guard let tensor = tensor(site + ".weight") else { return nil }
    try check(tensor, [outputs, inputs])
    let format = try tensor.weightFormat()
    defer { tensor.file.advise(.dontNeed, tensor.range) }
    return try WeightMatrix.make(
      format: format, as: type, outputs: outputs, inputs: inputs, transposed: false,
      rowOrder: storage.ggufRowOrder(site, outputs, configuration), bytes: tensor.bytes, context: context)
  }

  func vector(_ name: String, count: Int) throws -> [Float]? {
    guard let tensor = tensor(name) else { return nil }
    try check(tensor, [count])
    defer { tensor.file.advise(.dontNeed, 0..<tensor.file.count) }
    var values = try tensor.floats()
    let site = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
    if let order = storage.ggufRowOrder(site, count, configuration) { values = order.map { values[$0] } }
    // The converter adds one to the gains that Hugging Face stores as a difference from one.
    if configuration.normalization.gainIsOffset, name.hasSuffix("norm.weight") { values = values.map { $0 - 1 } }
    return values
  }

  var unusedNames: [String] {
    checkpoint.tensors.map(\.name).filter { !used.contains($0) && !$0.hasPrefix("rope_f") }.sorted()
  }

  func format(of place: WeightPlace) throws -> WeightFormat? {
    guard let tensor = tensor(place.name) else { return nil }
    switch place {
    case .matrix(_, let outputs, let inputs): try check(tensor, [outputs, inputs])
    case .vector(_, let count): try check(tensor, [count])
    }
    return try tensor.weightFormat()
  }

  /// The tensor that holds what Hugging Face stores under `name`.
  private func tensor(_ name: String) -> GGUFTensor? {
    guard let dot = name.lastIndex(of: "."), let stored = storage.ggufName(String(name[..<dot])),
      let tensor = checkpoint[stored + name[dot...]]
    else { return nil }
    used.insert(tensor.name)
    return tensor
  }

  private func check(_ tensor: GGUFTensor, _ shape: [Int]) throws(CheckpointError) {
    guard tensor.shape == shape else {
      throw error(tensor, "has shape \(tensor.shape), but the file's header asks for \(shape)")
    }
  }

  private func error(_ tensor: GGUFTensor, _ message: String) -> CheckpointError {
    CheckpointError(file: tensor.file.path, tensor: tensor.name, message)
  }
}

extension WeightMatrix {
  /// Packs a stored matrix, converting its elements first if another type is wanted.
  static func make(
    format: WeightFormat, as type: WeightType, outputs: Int, inputs: Int, transposed: Bool, rowOrder: [Int]?,
    bytes: UnsafeRawBufferPointer, context: ComputeContext
  ) throws -> WeightMatrix {
    let stored = try WeightMatrix(
      format: format, outputs: outputs, inputs: inputs, transposed: transposed, rowOrder: rowOrder, bytes: bytes,
      context: context)
    let wanted = type.format(of: format)
    guard wanted != format else { return stored }
    var values = [Float](repeating: 0, count: outputs * inputs)
    values.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { stored.decode(into: base) }
    }
    guard wanted != .float32 else {
      return try WeightMatrix(values: values, outputs: outputs, inputs: inputs, context: context)
    }
    let halves = values.withUnsafeBufferPointer {
      wanted == .float16 ? HalfPrecision.float16($0) : HalfPrecision.bfloat16($0)
    }
    // Of all exponents only that of infinity and NaN is all ones.
    guard wanted != .float16 || halves.allSatisfy({ $0 & 0x7C00 != 0x7C00 }) else {
      throw WeightFormatError(
        description: "some weights are beyond the range of float16 (65504); hold them as bfloat16 or float32")
    }
    return try halves.withUnsafeBytes { bytes in
      try WeightMatrix(format: wanted, outputs: outputs, inputs: inputs, bytes: bytes, context: context)
    }
  }
}
