import PEFTCore

/// Which maps of a LoRA have one block-diagonal factor (BD-LoRA), for serving with the factors split over several devices.
///
///     A of maps in `a`: y + s · B·(A₁·x₁, …, A_k·x_k),   A: [rank, inputs / k];   B of maps in `b`: likewise, B: [outputs, rank / k]
///
/// A map is meant by any part of its path, as in PEFT. Splitting a model's columns over k devices, A is blocked where a map's
/// inputs are split (down and output projections) and B where its outputs are. A block-diagonal A starts uniform in ±√(6 / (inputs /
/// k)), PEFT's choice, all else as in LoRA. Trainable for such a map: rank · (inputs / k + outputs) or rank · (inputs + outputs / k).
///
/// Source: Hugging Face PEFT 0.21, `BdLoraConfig`.
struct BlockDiagonal: Sendable {
  /// Parts of the paths of the maps whose A is block-diagonal.
  let a: [String]
  /// Parts of the paths of the maps whose B is.
  let b: [String]
  /// Number of blocks.
  let count: Int
  /// Whether a map that neither list means is an error.
  let isStrict: Bool

  private static let option = "block_diagonal"

  private static let aliases = [
    OptionAlias("target_modules_bd_a", of: "a", origin: .peft),
    OptionAlias("target_modules_bd_b", of: "b", origin: .peft),
    OptionAlias("nblocks", of: "blocks", origin: .peft), OptionAlias("match_strict", of: "strict", origin: .peft),
  ]

  /// Reads the option; nil without it.
  init?(options: inout OptionReader) throws {
    guard
      var reader = try options.optionalObject(
        Self.option,
        about:
          "blocks along the diagonal of A (maps named in a) or of B (maps in b): {a: [down_proj], b: [q_proj], blocks: 2}"
      )
    else { return nil }
    reader.take(Self.aliases)
    a = try reader.optionalStrings("a", about: "parts of the paths of maps whose A is block-diagonal") ?? []
    b = try reader.optionalStrings("b", about: "parts of the paths of maps whose B is block-diagonal") ?? []
    count = try reader.integer("blocks", default: 1, in: 1..., about: "number of blocks")
    isStrict = try reader.bool("strict", default: true, about: "refuse maps that neither list means")
    try reader.finish()
    if let both = a.first(where: b.contains) { throw options.error(Self.option, "\"\(both)\" is in both lists") }
    options.understood(Self.option, as: document)
  }

  /// Reads the member of a saved adapter's settings; nil without it.
  init?(peft settings: AdapterSettings) throws {
    guard let value = settings["use_bdlora"] else { return nil }
    func names(_ key: String) throws -> [String] {
      guard let member = value[key] else { return [] }
      guard let names = member.array?.compactMap(\.string), names.count == member.array?.count else {
        throw settings.error("use_bdlora", "\"\(key)\": expected a list of strings")
      }
      return names
    }
    guard value.object != nil, let count = value["nblocks"]?.integer ?? (value["nblocks"] == nil ? 1 : nil), count > 0
    else { throw settings.error("use_bdlora", "expected an object with nblocks above 0") }
    self.count = count
    a = try names("target_modules_bd_a")
    b = try names("target_modules_bd_b")
    isStrict = value["match_strict"]?.bool ?? true
  }

  /// As configs have it.
  var document: JSONValue {
    ["a": JSONValue(a), "b": JSONValue(b), "blocks": JSONValue(count), "strict": JSONValue(isStrict)]
  }

  /// As PEFT writes it.
  var peftDocument: JSONValue {
    [
      "match_strict": JSONValue(isStrict), "nblocks": JSONValue(count), "target_modules_bd_a": JSONValue(a),
      "target_modules_bd_b": JSONValue(b),
    ]
  }

  /// Blocks of A and B at a map.
  ///
  /// - Throws: `AttachError` for a map that both lists mean, or neither though one must, or whose widths or rank the number of
  ///   blocks does not divide.
  func blocks(at linear: Linear, rank: Int) throws -> (a: Int, b: Int) {
    let site = linear.site
    let (inA, inB) = (a.contains { site.contains($0) }, b.contains { site.contains($0) })
    if inA, inB { throw error("\(site) is meant by both lists") }
    if !inA, !inB {
      guard !isStrict else {
        throw error("\(site) is meant by neither list; strict: false leaves such maps a plain update")
      }
      return (1, 1)
    }
    guard rank % count == 0, (inA ? linear.inputs : linear.outputs) % count == 0 else {
      throw error(
        "\(count) blocks divide not both rank \(rank) and the \(inA ? "inputs" : "outputs") of \(site), which is "
          + "\(linear.outputs) × \(linear.inputs)")
    }
    return inA ? (count, 1) : (1, count)
  }

  private func error(_ message: String) -> AttachError {
    AttachError("\(Self.option): \(message)", option: Self.option)
  }
}

/// LoRA of one linear map with a block-diagonal factor.
final class BlockDiagonalLoRAAdapter: AdditiveLinearAdapter {
  private let a: Parameter
  private let b: Parameter
  private let blocks: (a: Int, b: Int)
  private let scale: Float
  private let dropout: Double
  private unowned let linear: Linear
  private let purpose: String
  private let context: ComputeContext

  /// - Parameter blocks: Blocks of A and of B.
  init(
    _ linear: Linear, rank: Int, blocks: (a: Int, b: Int), scale: Float, dropout: Double, ratio: Float,
    setting: AttachmentSetting
  ) {
    self.linear = linear
    self.blocks = blocks
    self.scale = scale
    self.dropout = dropout
    purpose = setting.namespace + linear.site
    context = setting.context
    let width = linear.inputs / blocks.a
    a = setting.parameter(
      "lora_A.weight", of: linear, shape: [rank, width],
      start: blocks.a > 1 ? .uniformWithin((6 / Float(width)).squareRoot()) : .uniform(fanIn: width), by: LoRA.name)
    b = setting.parameter(
      "lora_B.weight", of: linear, shape: [linear.outputs, rank / blocks.b], start: .zeros, by: LoRA.name)
    b.learningRateScale = ratio
  }

  var parameters: [Parameter] { [a, b] }
  var outputs: Int { linear.outputs }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    let kept = tape.dropout(x, probability: Float(dropout), purpose: purpose)
    let inner = tape.scale(Self.apply(a, blocks: blocks.a, to: kept, on: tape), by: scale)
    return tape.add(Self.apply(b, blocks: blocks.b, to: inner, on: tape), inPlaceTo: y)
  }

  private static func apply(_ factor: Parameter, blocks: Int, to x: Variable, on tape: Tape) -> Variable {
    let matrix = tape.variable(for: factor)
    let (rows, columns) = (factor.shape[0], factor.shape[1])
    return blocks == 1
      ? tape.linear(x, weight: matrix)
      : tape.blockProduct(x, tape.reshape(matrix, to: [blocks, rows / blocks, columns]))
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    weight.addResponse(inputs: linear.inputs, context: context) { add(to: $0, x: $1, on: $2) }
    return true
  }
}
