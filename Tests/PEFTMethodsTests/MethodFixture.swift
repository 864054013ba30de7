import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// One folder of `Tests/Fixtures/methods`: a method on a tiny model, with PEFT's (or PyTorch's) values.
struct MethodFixture {
  let name: String
  let folder: GoldenFixture
  let description: DocumentValue
  let expected: GoldenTensors
  /// The tiny model's folder.
  let base: String

  init(_ name: String) throws {
    self.name = name
    folder = GoldenFixture("methods/\(name)")
    description = try folder.json("expected.json")
    expected = try folder.tensors("expected.safetensors")
    base = GoldenFixture("models/\(try #require(description["model"]?.string))").folder.path
  }

  /// Whether the adapter is one that PEFT wrote.
  var hasAdapter: Bool { FileManager.default.fileExists(atPath: folder.url("adapter_config.json").path) }

  /// The training rows that the script let a start look at.
  var startRows: StartRows {
    guard let answer = expected.integers["start_answer"]?.first else { return .missing }
    var batches: [[StartRows.Row]] = []
    while expected.integers["start_ids_\(batches.count)_0"] != nil {
      var rows: [StartRows.Row] = []
      while let ids = expected.integers["start_ids_\(batches.count)_\(rows.count)"] {
        rows.append(StartRows.Row(tokens: ids.map(Int32.init), answerStart: answer))
      }
      batches.append(rows)
    }
    return StartRows { [batches] _ in batches }
  }

  /// The name of the golden method, without the model's.
  var method: String { description["method"]?.string ?? "" }

  /// The method from the options that the script used, where it is not read from PEFT's settings.
  func methodFromOptions() throws -> (any PEFTMethod)? {
    // What a script says of a method that PEFT lacks.
    if let configured = description["configured"], let name = configured["name"]?.string {
      let options = try #require(configured["options"])
      return try makeMethod(name, JSONValue(options).compactText)
    }
    let options = description["options"]
    switch method {
    case "full": return try makeMethod("full", "{}")
    case "bitfit-existing": return try makeMethod("bitfit", "{}")
    case "prefix-tuning-projection":
      return try makeMethod("prefix-tuning", #"{"tokens": 5, "projection": true, "encoder_hidden_size": 12}"#)
    case "p-tuning-mlp":
      return try makeMethod("p-tuning", #"{"tokens": 5, "encoder": "mlp", "encoder_hidden_size": 12}"#)
    case "p-tuning-lstm":
      return try makeMethod("p-tuning", #"{"tokens": 5, "encoder": "lstm", "encoder_hidden_size": 4}"#)
    case "lora-fa": return try lora(#""rule": "lora-fa""#)
    case "lora-riemannian": return try lora(#""rule": "riemannian", "damping": 0.05"#)
    case let name where name.hasPrefix("bottleneck-"):
      let size = try #require(options?["bottleneck"]?.integer)
      let activation = try #require(options?["activation"]?.string)
      let scaling = try #require(options?["scaling"]?.number)
      let kind = try #require(options?["kind"]?.string)
      return try makeMethod(
        "adapter",
        """
        {"kind": "\(kind)", "reduction_factor": \(16 / size), "non_linearity": "\(activation)", "scaling": \(scaling)}
        """)
    default: return nil
    }
  }

  /// LoRA as the script's plain one, with more options.
  private func lora(_ more: String) throws -> any PEFTMethod {
    let targets = base.hasSuffix("gpt2") ? #"["c_attn", "mlp.c_proj"]"# : #"["k_proj", "v_proj", "down_proj"]"#
    return try makeMethod("lora", #"{"rank": 4, "alpha": 8, "target_modules": \#(targets), \#(more)}"#)
  }

  /// The golden name of a parameter's tensors.
  func goldenName(_ parameter: Parameter, in group: String) -> String? {
    let plain = parameter.name
      .replacing("attention_adapters.adapters.default", with: "after_attention")
      .replacing(
        "output_adapters.adapters.default",
        with: method == "bottleneck-parallel" ? "beside_feed_forward" : "after_feed_forward"
      )
      .replacing("adapter_down.0.", with: "down.").replacing("adapter_up.", with: "up.")
    return ["base_model.model.\(plain)", plain].first { expected.floats["\(group)/\($0)"] != nil }
  }

  /// A golden tensor in the parameter's layout; GPT-2's weights are stored transposed.
  func golden(_ parameter: Parameter, in group: String) throws -> [Float]? {
    guard let name = goldenName(parameter, in: group) else { return nil }
    let (shape, values) = try expected.tensor("\(group)/\(name)")
    guard shape != parameter.shape, shape.count == 2, shape == parameter.shape.reversed() else { return values }
    return transposed(values, rows: shape[0])
  }

  /// Elements whose gradient is zero but for rounding.
  func indeterminate(_ parameter: Parameter) -> Range<Int> {
    guard let name = goldenName(parameter, in: "gradient"),
      let span = description["indeterminate"]?[name]?.array?.compactMap(\.integer), span.count == 2
    else { return 0..<0 }
    return span[0]..<span[1]
  }
}

/// A method by its name in the registry with options as JSON.
func makeMethod(_ name: String, _ options: String) throws -> any PEFTMethod {
  let type = try #require(MethodRegistry.method(named: name))
  let text = DocumentText(name: "options.json", bytes: Array(options.utf8))
  var reader = try OptionReader(
    value: try JSONParser.parse(text), text: text, what: "method \(name)", path: "methods[0]")
  let method = try type.init(reading: &reader)
  try reader.finish()
  return method
}

/// A row-major matrix turned.
func transposed(_ values: [Float], rows: Int) -> [Float] {
  let columns = values.count / rows
  return (0..<values.count).map { values[($0 % rows) * columns + $0 / rows] }
}
