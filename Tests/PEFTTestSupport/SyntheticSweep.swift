import Foundation
import PEFTCore

/// A results folder as `run` leaves it, without any training: for tests of what is made from it.
///
/// Everything is a function of the names, so two sweeps with the same methods are equal.
public struct SyntheticSweep {
  /// A method with its costs, and how much better than the model as it is.
  public struct Method: Sendable {
    /// The method's name in the registry.
    public let name: String
    /// Values that are trained.
    public let parameters: Int
    /// FLOPs of that pass which the base model does not need.
    public let addedFLOPs: Int
    /// Peak bytes of tensors.
    public let bytes: Int
    /// How much larger its share of right rows is.
    public let gain: Double

    /// Creates a method.
    public init(_ name: String, parameters: Int, addedFLOPs: Int = 0, bytes: Int, gain: Double) {
      self.name = name
      self.parameters = parameters
      self.addedFLOPs = addedFLOPs
      self.bytes = bytes
      self.gain = gain
    }
  }

  /// Six methods with costs as on a model of 135 million parameters.
  public static let methods = [
    Method("lora", parameters: 1_751_040, bytes: 330_000_000, gain: 0.18),
    Method("ia3", parameters: 57_600, bytes: 320_000_000, gain: 0.15),
    Method("prompt-tuning", parameters: 57_600, addedFLOPs: 2_900_000_000, bytes: 370_000_000, gain: 0.04),
    Method("prefix-tuning", parameters: 276_480, addedFLOPs: 210_000_000, bytes: 340_000_000, gain: 0.07),
    Method("adapter", parameters: 2_100_000, addedFLOPs: 3_400_000_000, bytes: 360_000_000, gain: 0.16),
    Method("bitfit", parameters: 46_080, bytes: 310_000_000, gain: 0.13),
  ]

  /// The results folder.
  public let folder: URL
  /// Rows of each dataset.
  public var rows = 40
  /// The suite that the records name.
  public var suite = "full"
  /// What a wrong answer is, by row.
  public var wrongAnswer: (Int) -> String = { $0 % 2 == 0 ? "neither" : "" }
  /// The engine's version, which is in the id alone.
  public var engine = 1
  /// Points that a run's share of right rows is made smaller by: rows that are turned wrong.
  public var turnedWrong: (_ method: String, _ dataset: String, _ seed: Int) -> Int = { _, _, _ in 0 }

  /// The gold answer of a row.
  public var gold: (Int) -> String = { ["yes", "no", "maybe"][$0 % 3] }
  /// Which rows a run has right, instead of what its costs and luck make of it.
  public var rightRows: ((_ method: String, _ dataset: String, _ seed: Int) -> [Bool])?
  /// What a method answers to a row, instead of the gold answer or a wrong one; it decides what is right.
  public var answer: ((_ method: String, _ row: Int) -> String)?
  /// What the records tell of the data beside the number of rows.
  public var dataFacts: [(name: String, value: JSONValue)] = []
  /// The options that records give all methods.
  public var options: JSONValue = [:]
  /// The settings of the training; nil for runs that judge adapters as they are.
  public var training: JSONValue? = ["epochs": 2, "learning_rate": 0.001]
  /// The label that records give a method.
  public var label: (_ method: String) -> String = { $0 }

  /// A sweep in a folder that need not exist.
  public init(_ folder: URL) { self.folder = folder }

  /// Writes all runs.
  public func write(methods: [Method] = methods, datasets: [String], seeds: [Int]) throws {
    for dataset in datasets {
      for method in methods {
        for seed in seeds { try write(method, dataset: dataset, seed: seed) }
      }
    }
  }

  /// The folder of a run.
  public func folder(of method: String, _ dataset: String, _ seed: Int) -> URL {
    let name = "\(engine) \(suite) \(method) \(dataset) \(seed)"
    let id = SHA256.hexadecimal(of: Array(name.utf8)).prefix(16)
    return folder.appending(path: "runs/\(id)")
  }

  /// Which rows a run has right.
  public func marks(_ method: Method, dataset: String, seed: Int) -> [Bool] {
    if let answer { return (0..<rows).map { answer(method.name, $0) == gold($0) } }
    if let rightRows { return rightRows(method.name, dataset, seed) }
    let stream = SeedStream(7).child(dataset)
    let level = 0.3 + 0.4 * Double(stream.uniform(at: 0)) + method.gain
    // Rows are as hard for all methods, with some luck of each run.
    let luck = stream.child(method.name).child(seed)
    var marks = (0..<rows).map { row in
      let hardness = 0.8 * Double(stream.child("row").uniform(at: row)) + 0.2 * Double(luck.uniform(at: row))
      return hardness < level
    }
    for _ in 0..<turnedWrong(method.name, dataset, seed) {
      if let place = marks.firstIndex(of: true) { marks[place] = false }
    }
    return marks
  }

  /// Writes one run.
  public func write(_ method: Method, dataset: String, seed: Int) throws {
    let marks = marks(method, dataset: dataset, seed: seed)
    let folder = folder(of: method.name, dataset, seed)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var predictions: [UInt8] = []
    for (row, mark) in marks.enumerated() {
      let prompt = "Say yes or no. " + String(repeating: "row \(row) of \(dataset) ", count: 25)
      let line: JSONValue = [
        "index": JSONValue(row), "prompt": JSONValue(prompt), "label": JSONValue(gold(row)),
        "predict": JSONValue(answer?(method.name, row) ?? (mark ? gold(row) : wrongAnswer(row))),
        "correct": JSONValue(mark),
      ]
      predictions += line.line
    }
    try Data(predictions).write(to: folder.appending(path: "predictions.jsonl"))
    var history: [UInt8] = []
    if method.name != "none" {
      for step in stride(from: 10, through: 500, by: 10) {
        let loss = 0.1 + 2 / (1 + Double(step) * method.gain / 10)
        let line: JSONValue = [
          "step": JSONValue(step), "epoch": JSONValue(Double(step) / 250), "loss": JSONValue(loss),
          "learning_rate": 0.001, "gradient_norm": 1.0, "tokens": JSONValue(step * 512),
        ]
        history += line.line
      }
    }
    try Data(history).write(to: folder.appending(path: "history.jsonl"))
    let record = record(method, dataset: dataset, seed: seed, value: Double(marks.count { $0 }) / Double(rows))
    try Data(record.prettyText.utf8).write(to: folder.appending(path: "record.json"))
  }

  /// Writes the error of a run that failed.
  public func fail(_ method: String, dataset: String, seed: Int, error: String) throws {
    let folder = folder(of: method, dataset, seed)
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let json: JSONValue = [
      "id": JSONValue(folder.lastPathComponent), "suite": JSONValue(suite),
      "model": ["name": "SmolLM2-135M-Instruct", "sha256": "0123abcd"],
      "method": ["name": JSONValue(method), "label": JSONValue(label(method))], "dataset": JSONValue(dataset),
      "seed": JSONValue(seed), "error": JSONValue(error), "seconds": 1.5, "failed": "2026-11-20T10:01:00Z",
    ]
    try Data(json.prettyText.utf8).write(to: folder.appending(path: "error.json"))
  }

  /// Writes the plan of a folder: these runs, each with its id unless `hasIDs` is false.
  public func plan(methods: [String], datasets: [String], seeds: [Int], hasIDs: Bool = true) throws {
    var lines: [String] = []
    for dataset in datasets {
      for method in methods {
        for seed in seeds {
          let id = hasIDs ? folder(of: method, dataset, seed).lastPathComponent : nil
          let line: JSONValue = [
            "model": "SmolLM2-135M-Instruct", "dataset": JSONValue(dataset), "method": JSONValue(method),
            "seed": JSONValue(seed), "id": JSONValue(id),
          ]
          lines.append(line.compactText)
        }
      }
    }
    try Data("{\"runs\": [\(lines.joined(separator: ",\n"))]}\n".utf8).write(to: folder.appending(path: "plan.json"))
  }

  private func record(_ method: Method, dataset: String, seed: Int, value: Double) -> JSONValue {
    let constants = (parameters: 134_515_008, flops: 150_000_000_000, memory: 2_400_000_000)
    let terms = [
      Double(method.parameters) / Double(constants.parameters), Double(method.addedFLOPs) / Double(constants.flops),
      Double(method.bytes) / Double(constants.memory),
    ].map { 1 / (1 + $0) }
    var data: JSONValue = [
      "train_rows": 400, "eval_rows": JSONValue(rows), "template_sha256": "cd", "first_prompt": "Say yes or no.",
    ]
    for fact in dataFacts { data[fact.name] = fact.value }
    return [
      "schema": "peft-bench.run/1", "id": JSONValue(folder(of: method.name, dataset, seed).lastPathComponent),
      "suite": JSONValue(suite),
      "model": [
        "name": "SmolLM2-135M-Instruct", "path": "model.gguf", "sha256": "0123abcd",
        "parameters": JSONValue(constants.parameters), "dtype": "auto",
      ],
      "method": [
        "name": JSONValue(method.name), "label": JSONValue(label(method.name)), "options": options,
        "trainable_parameters": JSONValue(method.parameters),
      ],
      "dataset": JSONValue(dataset),
      "data": data,
      "seed": JSONValue(seed),
      "training": method.name == "none" ? .null : training ?? .null,
      "evaluation": ["mode": "generate", "batch_size": 8, "protocol": "strict"],
      "scores": [
        "primary": ["name": "accuracy", "value": JSONValue(value)], "protocol": "strict", "accuracy": JSONValue(value),
        "f1": JSONValue(value / 2), "invalid_rate": 0.025, "count": JSONValue(rows),
      ],
      "costs": [
        "trainable_parameters": JSONValue(method.parameters),
        "inference_flops": JSONValue(constants.flops + method.addedFLOPs),
        "added_inference_flops": JSONValue(method.addedFLOPs), "peak_tensor_bytes": ["total": JSONValue(method.bytes)],
        "peak_rss_bytes": JSONValue(2 * method.bytes), "training_seconds": 300.5, "evaluation_seconds": 40.25,
        "tokens_seen": training == nil ? 0 : 256_000, "training_tokens_per_second": 852.0,
      ],
      "pscp": [
        "value": JSONValue(100 * value * terms[0] * terms[1] * terms[2]), "preset": "relative", "beta": [1, 1, 1],
        "constants": [
          "parameters": JSONValue(constants.parameters), "flops": JSONValue(constants.flops),
          "memory": JSONValue(constants.memory),
        ],
        "terms": [
          "parameters": JSONValue(terms[0]), "flops": JSONValue(terms[1]), "memory": JSONValue(terms[2]),
        ],
      ],
      "environment": [
        "version": "0.9.0", "cpu": "a CPU", "threads": 2, "os": "Linux", "swift": "6.3", "build": "release",
      ],
      "timestamps": ["started": "2026-11-20T10:00:00Z", "finished": "2026-11-20T10:06:00Z"],
    ]
  }
}
