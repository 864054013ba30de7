import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Optimizer state in trainings") struct OptimizerStateTests {
  private struct Trained {
    let start: [Float]
    let values: [Float]
    let loss: Double
    let peak: MemoryUse
  }

  /// LoRA whose A has 4096 values in every map and more in one, as 8 bits need, and whose B has fewer in some.
  private static let wide = #"{"name": "lora", "rank": 256, "target_modules": "all-linear"}"#

  /// A training of the tiny Llama.
  private static func train(_ format: String, _ more: String = "", method: String = wide, threads: Int = 1) throws
    -> Trained
  {
    let tiny = try TinyTraining(
      "llama", method: method,
      training:
        #"{"batch_size": 4, "steps": 30, "learning_rate": 0.003, "validation_fraction": 0, "optimizer_state": "\#(format)"\#(more)}"#,
      threads: threads)
    let start = tiny.attachment.parameters.flatMap { $0.value.values }
    let examples = tiny.examples(16, shared: 5, own: 4...9, answer: 2)
    let outcome = try Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.methods[0].training,
      seeds: SeedStream(5), context: tiny.context
    ).train(examples, validation: []) { _, _, _, _ in }
    return Trained(
      start: start, values: tiny.attachment.parameters.flatMap { $0.value.values }, loss: outcome.lastLoss,
      peak: outcome.peak)
  }

  @Test("All forms end near each other, and not at the same values") func near() throws {
    let exact = try Self.train("float32")
    func distance(_ one: [Float], _ other: [Float]) -> Double {
      zip(one, other).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
    }
    let way = distance(exact.start, exact.values)
    for format in ["bfloat16", "int8"] {
      let other = try Self.train(format)
      let apart = distance(exact.values, other.values)
      #expect(apart > 0 && apart < 0.5 * way, "\(format): \(apart) of \(way)")
      #expect(abs(other.loss - exact.loss) < 0.1, "\(format): \(other.loss) beside \(exact.loss)")
    }
  }

  @Test("Threads change no bit", arguments: ["bfloat16", "int8"]) func threads(format: String) throws {
    let (one, two) = (try Self.train(format), try Self.train(format, threads: 2))
    #expect(one.values.map(\.bitPattern) == two.values.map(\.bitPattern) && one.peak == two.peak)
  }

  @Test(
    "The memory that is counted while a run trains is that which its shapes say",
    arguments: [
      #""full""#, wide,
      #"{"name": "galore", "rank": 2, "target_modules": ["q_proj", "down_proj"]}"#,
    ], ["float32", "bfloat16", "int8"]) func memory(method: String, format: String) throws
  {
    for (more, moments) in [("", 2), (#", "optimizer": "sgd", "momentum": 0.5"#, 1)] {
      if moments == 1, method.contains("galore") { continue }
      let tiny = try TinyTraining("llama", method: method, training: "{}")
      let state = try #require(OptimizerStateFormat(rawValue: format))
      let expected = tiny.attachment.stateShape.byteCount(momentsPerValue: moments, as: state)
      let peak = try Self.train(format, more, method: method).peak
      #expect(peak[.optimizer] == expected, "\(method), \(format), \(moments)")
    }
  }

  private static func configuration(_ training: String, methods: String = "[lora]") throws -> RunConfiguration {
    try RunConfiguration(
      ConfigFile.read(
        DocumentText(
          name: "run.yaml", bytes: Array("model: m\nmethods: \(methods)\ntraining: \(training)".utf8))))
  }

  @Test(
    "transformers' names of AdamW in 8 bits say the optimizer and its state",
    arguments: [
      "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit",
    ]) func names(name: String) throws
  {
    let training = try Self.configuration("{optim: \(name)}").training
    #expect(training.optimizer == .adamw && training.optimizerState == .int8)
    let own = try Self.configuration("{}", methods: "[{name: lora, optim: \(name)}]")
    #expect(own.methods[0].training.optimizerState == .int8 && own.training.optimizerState == .float32)
    let error = #expect(throws: DocumentError.self) {
      try Self.configuration("{optim: \(name), optimizer_state: bfloat16}")
    }
    #expect(error?.description.contains("optimizer_state") == true && error?.description.contains("optim") == true)
  }

  @Test("Other names leave the state to its own key") func otherNames() throws {
    let training = try Self.configuration("{optim: adamw_torch, optimizer_state: bfloat16}").training
    #expect(training.optimizer == .adamw && training.optimizerState == .bfloat16)
    #expect(throws: DocumentError.self) { try Self.configuration("{optim: lion_8bit}") }
    #expect(throws: DocumentError.self) { try Self.configuration("{optimizer_state: float16}") }
  }

  @Test("The default is not part of what determines a run's numbers, and other forms are") func identity() throws {
    let plain = try Self.configuration("{}").training
    #expect(plain.resultJSON == (try Self.configuration("{optimizer_state: float32}").training.resultJSON))
    #expect(plain.resultJSON["optimizer_state"] == nil)
    for format in ["bfloat16", "int8"] {
      let json = try Self.configuration("{optimizer_state: \(format)}").training.resultJSON
      #expect(json["optimizer_state"] == .string(format))
    }
  }

  @Test("A method's float32 beside another form for all stays in the resolved config") func resolved() throws {
    let configuration = try Self.configuration(
      "{optimizer_state: int8}", methods: "[lora, {name: ia3, optimizer_state: float32}]")
    guard case .array(let methods) = configuration.resolvedJSON["methods"] else {
      Issue.record("the resolved config has no methods")
      return
    }
    #expect(methods.map { $0["optimizer_state"] } == [nil, "float32"])
  }
}
