import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// One method with options on one tiny model, what is known about it, and what it is excused from.
struct MethodCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
  /// How a fresh method's output stands to the base model's.
  enum Start: Sendable { case sameBits, rounding, elsewhere }

  let name: String
  let options: String
  let model: String
  /// Trainable values in closed form.
  var closedForm: (@Sendable (ArchitectureSizes) -> Int)?
  /// Prompts and prefixes are read from the first step on; PiSSA takes off what it adds, up to rounding.
  var start = Start.sameBits
  /// Virtual tokens and prefixes are not weights; bottlenecks have a non-linearity.
  var cannotBeMerged = false
  /// Ones, zeros and pretrained values need no draw.
  var drawsNothing = false
  /// PiSSA is saved as a LoRA of twice the rank, which sums in another order.
  var isSavedConverted = false

  var description: String { "\(name) \(options) on \(model)" }
  var testDescription: String { description }

  static let models = ["llama", "qwen2", "gpt2"]

  static let all: [MethodCase] = models.flatMap { model in
    // QLoRA wants a model in NF4, which has tests of its own.
    MethodRegistry.all.filter { $0.name != "qlora" }.flatMap { type in
      let known = variants.filter { $0.name == type.name }
      return (known.isEmpty ? [MethodCase(name: type.name, options: "{}", model: "")] : known).map { variant in
        MethodCase(
          name: variant.name, options: variant.options, model: model, closedForm: variant.closedForm,
          start: variant.start, cannotBeMerged: variant.cannotBeMerged, drawsNothing: variant.drawsNothing,
          isSavedConverted: variant.isSavedConverted)
      }
    }
  }

  /// The cases of all methods; each group of them stands in a file of its own in `Cases`.
  private static let variants: [MethodCase] = [
    base, lora, adalora, lowRank, ia3, prompts, bottleneck, inPlace, rotations, projections, sparse, named, combined,
  ].flatMap { $0 }
}

/// The sizes that closed forms are made of, written down apart from the product's own counting.
struct ArchitectureSizes {
  let family: String
  let hidden: Int
  let layers: Int
  let keyValue: Int
  let query: Int
  let feedForward: Int
  let everything: Int
  /// Inputs and outputs of every linear map.
  let linears: [(inputs: Int, outputs: Int)]

  init(_ model: CausalLanguageModel) {
    let configuration = model.configuration
    family = configuration.family
    hidden = configuration.hiddenSize
    layers = configuration.layerCount
    keyValue = configuration.keyValueWidth
    query = configuration.queryWidth
    feedForward = configuration.feedForwardSize
    everything = model.parameterCount
    let attention =
      family == "gpt2"
      ? [(hidden, 3 * hidden), (hidden, hidden)]
      : [(hidden, query), (hidden, keyValue), (hidden, keyValue), (query, hidden)]
    let inner = (hidden, feedForward)
    let block = attention + (family == "gpt2" ? [inner] : [inner, inner]) + [(feedForward, hidden)]
    linears = (0..<layers).flatMap { _ in block.map { (inputs: $0.0, outputs: $0.1) } }
  }

  /// Sum over the maps that LoRA takes by default.
  func queryAndValue(_ count: (_ inputs: Int, _ outputs: Int) -> Int) -> Int {
    layers * (family == "gpt2" ? count(hidden, 3 * hidden) : count(hidden, query) + count(hidden, keyValue))
  }

  func ia3(feedForwardInput: Bool) -> Int {
    let inner = feedForwardInput ? feedForward : hidden
    switch family {
    case "gpt2": return layers * (3 * hidden + inner)
    case "qwen2": return layers * (query + keyValue + inner)
    default: return layers * (2 * keyValue + inner)
    }
  }

  func bottleneck(_ reduction: Int) -> Int {
    let width = hidden / reduction
    return 2 * hidden * width + width + hidden
  }

  var biases: Int {
    switch family {
    case "gpt2": layers * (3 * hidden + hidden + feedForward + hidden + 2 * hidden) + hidden
    case "qwen2": layers * (query + 2 * keyValue)
    default: layers * (query + keyValue)
    }
  }

  var norms: Int {
    switch family {
    case "gpt2": (2 * layers + 1) * 2 * hidden
    case "qwen2": layers * hidden
    default: (2 * layers + 1) * hidden
    }
  }
}

/// A tiny model with room for one method.
struct MethodBench {
  static let ids: [Int32] = [5, 17, 80, 3, 41, 9, 62]

  let method: MethodCase
  let files: ModelFiles
  let model: CausalLanguageModel
  let context = ComputeContext(threads: 1)

  init(_ method: MethodCase) throws {
    self.method = method
    files = try ModelFiles.open(GoldenFixture("models/\(method.model)").folder.path)
    model = try files.load(as: .auto, context: context)
  }

  /// What starts may look at: two batches of two rows.
  static let rows = StartRows { _ in
    [ids, ids.reversed(), [11, 2, 90, 33, 70, 8, 25], [62, 14, 5, 5, 81, 3, 19]].map {
      StartRows.Row(tokens: Array($0), answerStart: 3)
    }.chunked(by: 2)
  }

  func attach(seed: Int = 1) throws -> AttachedMethod {
    try makeMethod(method.name, method.options).attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(seed), context: context, rows: Self.rows))
  }

  var logits: [Float] { MethodProbe(model: model, context: context).logits(Self.ids) }

  /// One forward and backward pass over two sequences.
  func backward(penalty: (Tape) -> Double = { _ in 0 }) {
    let labels = [-1, -1, -1, -1, 9, 62, 11]
    _ = MethodProbe(model: model, context: context).loss(
      [(ids: Self.ids, labels: labels), (ids: Self.ids.reversed(), labels: labels)], penalty: penalty)
  }

  /// Takes some steps of a training that would be longer.
  func train(_ attachment: AttachedMethod, steps count: Int) {
    guard !attachment.parameters.isEmpty else { return }
    let optimizer = Optimizer(
      .adamW(), groups: attachment.groups(under: .adamW()) ?? [], weightDecay: 0, maximumGradientNorm: nil,
      context: context)
    let steps = MethodSteps(
      attachment, optimizer: optimizer, learningRate: 1e-2, stepCount: 100, context: context)
    #expect(throws: Never.self) {
      try steps.begin()
      for _ in 0..<count {
        backward(penalty: steps.penalty)
        try steps.take()
      }
    }
  }

  /// The file of a LoRA on the tiny Llama after three steps.
  static func trainedLoRA(in folder: TemporaryFolder) throws -> AdapterFile {
    let bench = try MethodBench(try #require(MethodCase.all.first { $0.name == "lora" && $0.model == "llama" }))
    let attachment = try bench.attach()
    bench.train(attachment, steps: 3)
    try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
    return try AdapterFile.open(folder.path)
  }

  /// Everything that is frozen.
  var baseWeights: [[Float]] {
    func values(_ weight: WeightMatrix?) -> [Float] {
      guard let weight else { return [] }
      var values = [Float](repeating: 0, count: weight.inputs * weight.outputs)
      values.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { weight.decode(into: base) }
      }
      return values
    }
    return [values(model.embedding.weight), values(model.positionEmbedding?.weight)]
      + (model.linears + [model.head]).flatMap { [values($0.weight), $0.bias?.values ?? []] }
      + model.norms.flatMap { [$0.gain?.values ?? [], $0.bias?.values ?? []] }
  }
}

extension Array {
  /// Its elements in runs of a length.
  fileprivate func chunked(by length: Int) -> [[Element]] {
    stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
  }
}

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let path: String

  init() throws {
    let parent = FileManager.default.temporaryDirectory.appendingPathComponent("peft-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    path = parent.appendingPathComponent("out").path
  }

  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
}
