/// A matrix in NF4 in a safetensors file, under the keys that bitsandbytes gives it.
///
///     NAME                                      codes, two a byte, U8 [elements / 2, 1]
///     NAME.absmax                               scales: bytes, U8 [elements / 64], or F32 without double quantization
///     NAME.nested_absmax, .nested_quant_map     outer scales, F32 [scales / 256], and the values of the bytes, F32 [256]
///     NAME.quant_map                            the sixteen levels, F32
///     NAME.quant_state.bitsandbytes__nf4        the rest as JSON, U8: shape, block sizes, the scales' mean
///
/// So what is written here can be read by bitsandbytes, and the other way round.
public struct NF4Checkpoint {
  /// What the names of the tensors beside a matrix end with.
  private enum Suffix {
    static let scales = ".absmax"
    static let outer = ".nested_absmax"
    static let scaleMap = ".nested_quant_map"
    static let levels = ".quant_map"
    static let state = ".quant_state.bitsandbytes__nf4"
    static let all = [scales, outer, scaleMap, levels, state]
  }

  private let codes: SafetensorsTensor
  private let shape: [Int]
  private let file: SafetensorsCheckpoint
  private let state: DocumentValue

  /// The names of the tensors that belong to the matrix, its own apart.
  var names: [String] { Suffix.all.map { codes.name + $0 }.filter { file[$0] != nil } }

  /// Whether a model's description says that its maps are stored so.
  static func isMeant(by quantization: DocumentValue) -> Bool {
    quantization["quant_method"]?.string == "bitsandbytes" && quantization["bnb_4bit_quant_type"]?.string == "nf4"
  }

  /// What says in a model's description that its maps are stored so.
  public static let description: JSONValue = [
    "bnb_4bit_compute_dtype": "float32", "bnb_4bit_quant_storage": "uint8", "bnb_4bit_quant_type": "nf4",
    "bnb_4bit_use_double_quant": true, "load_in_4bit": true, "load_in_8bit": false, "quant_method": "bitsandbytes",
  ]

  /// The matrix whose codes a tensor holds; nil if there is nothing beside it that says so.
  ///
  /// - Throws: `CheckpointError` for a form that is not supported, or sizes that do not fit.
  init?(_ tensor: SafetensorsTensor, in file: SafetensorsCheckpoint) throws(CheckpointError) {
    guard let stored = file[tensor.name + Suffix.state] else { return nil }
    codes = tensor
    self.file = file
    func error(_ message: String) -> CheckpointError {
      CheckpointError(file: stored.file.path, tensor: stored.name, message)
    }
    guard stored.type == .uint8, stored.bytes.count <= 1 << 16,
      let state = try? JSONParser.parse(DocumentText(name: stored.name, bytes: Array(stored.bytes)))
    else { throw error("is not the JSON text of a quantized matrix") }
    self.state = state
    let shape = (state["shape"]?.array ?? []).compactMap(\.integer)
    guard shape.count == 2, shape.allSatisfy({ (1...Int(Int32.max)).contains($0) }),
      state["quant_type"]?.string == "nf4", state["blocksize"]?.integer == NF4.blockLength
    else { throw error("expected a matrix of type nf4 in blocks of \(NF4.blockLength)") }
    self.shape = shape
    guard tensor.elementCount == (shape[0] * shape[1] + 1) / 2 else {
      throw CheckpointError(
        file: tensor.file.path, tensor: tensor.name, "has \(tensor.elementCount) bytes, but its shape is \(shape)")
    }
  }

  /// Checks that it is the matrix that a model asks for, and one that can be read.
  ///
  /// - Throws: `CheckpointError`.
  func check(outputs: Int, inputs: Int) throws(CheckpointError) {
    guard shape == [outputs, inputs] else {
      throw error("has shape \(shape), but the model's description asks for \([outputs, inputs])")
    }
    guard inputs % WeightFormat.nf4.blockLength == 0 else {
      throw error("has rows of \(inputs) elements, expected a multiple of \(WeightFormat.nf4.blockLength)")
    }
    _ = try scales()
  }

  /// The blocks of `WeightFormat.nf4`.
  ///
  /// - Throws: As `check(outputs:inputs:)`.
  func blocks(outputs: Int, inputs: Int) throws(CheckpointError) -> [UInt8] {
    try check(outputs: outputs, inputs: inputs)
    return NF4.blocks(codes: codes.bytes, scales: try scales(), count: outputs * inputs)
  }

  /// One scale for each block of 64 elements.
  private func scales() throws(CheckpointError) -> [Float] {
    guard try floats(Suffix.levels, count: NF4.levels.count) == NF4.levels else {
      throw error("has levels of its own, which are not those of NF4")
    }
    let count = (shape[0] * shape[1] + NF4.blockLength - 1) / NF4.blockLength
    let stored = try tensor(Suffix.scales)
    guard stored.type == .uint8 else { return try floats(Suffix.scales, count: count) }
    guard stored.elementCount == count, state["nested_blocksize"]?.integer == NF4.outerLength,
      let mean = state["nested_offset"]?.number, mean.isFinite
    else { throw error("expected \(count) scales in groups of \(NF4.outerLength) with their mean") }
    let map = try floats(Suffix.scaleMap, count: 256)
    let outer = try floats(Suffix.outer, count: (count + NF4.outerLength - 1) / NF4.outerLength)
    let bytes = stored.bytes
    return (0..<count).map { map[Int(bytes[$0])] * outer[$0 / NF4.outerLength] + Float(mean) }
  }

  private func tensor(_ suffix: String) throws(CheckpointError) -> SafetensorsTensor {
    guard let tensor = file[codes.name + suffix] else { throw error("\(codes.name + suffix) is missing beside it") }
    return tensor
  }

  private func floats(_ suffix: String, count: Int) throws(CheckpointError) -> [Float] {
    let tensor = try tensor(suffix)
    guard tensor.elementCount == count else {
      throw error("expected \(count) numbers in \(tensor.name), found \(tensor.elementCount)")
    }
    let values = try tensor.floats()
    guard values.allSatisfy(\.isFinite) else { throw error("\(tensor.name) holds numbers that are not finite") }
    return values
  }

  private func error(_ message: String) -> CheckpointError {
    CheckpointError(file: codes.file.path, tensor: codes.name, message)
  }
}

extension SafetensorsWriter {
  /// Adds a matrix in NF4 with double quantization, under bitsandbytes' keys.
  ///
  /// - Parameters:
  ///   - name: The matrix's name, such as `model.layers.0.mlp.up_proj.weight`.
  ///   - values: `[outputs, inputs]`, row-major.
  ///   - type: What bitsandbytes is to decode it to: the type that it was stored in.
  public mutating func add(
    nf4 name: String, _ values: [Float], outputs: Int, inputs: Int, decodedAs type: String
  ) {
    let matrix = NF4.Matrix(values)
    add(name, shape: [matrix.codes.count, 1], as: .uint8) { matrix.codes }
    add(name + ".absmax", shape: [matrix.scales.count], as: .uint8) { matrix.scales }
    add(name + ".nested_absmax", matrix.outerScales, shape: [matrix.outerScales.count])
    add(name + ".nested_quant_map", NF4.scaleMap, shape: [NF4.scaleMap.count])
    add(name + ".quant_map", NF4.levels, shape: [NF4.levels.count])
    let state: JSONValue = [
      "quant_type": "nf4", "blocksize": JSONValue(NF4.blockLength), "dtype": JSONValue(type),
      "shape": JSONValue([outputs, inputs]), "nested_blocksize": JSONValue(NF4.outerLength), "nested_dtype": "float32",
      "nested_offset": JSONValue(Double(matrix.mean)),
    ]
    let text = Array(state.compactText.utf8)
    add(name + ".quant_state.bitsandbytes__nf4", shape: [text.count], as: .uint8) { text }
  }
}
