import Foundation
import PEFTBench
import PEFTCore

/// Writes each trained run as the JSON of Hugging Face PEFT's method_comparison: a folder a dataset with `results/`.
///
/// "test accuracy" is the headline score, whatever its name, which stands beside it; memory is what tensors held.
enum MethodComparisonExport {
  static func write(_ report: Report, to folder: String) throws -> [String] {
    var files: [String] = []
    var names = ExportNames()
    for suite in report.suites.map(\.results) {
      for method in suite.methods.indices where !suite.methods[method].isZeroShot {
        for run in suite.cells[method].flatMap(\.runs) {
          let task = FileLabel.of("\(suite.suite)-\(run.dataset)")
          let (title, model) = (suite.methods[method].title, run.modelName)
          let parts = [title, "\(model)-seed\(run.seed)"].map { FileLabel.of($0, keepsDashesApart: true) }
          let experiment = parts.joined(separator: "/")
          let file = FileLabel.shortened(parts.joined(separator: "--"))
          let name = names.unique("\(task)/results/\(file)", run: run.id) + ".json"
          try AtomicFile.makeFolder("\(folder)/\(task)/results")
          try AtomicFile.write(try json(run, experiment: experiment).prettyText, to: "\(folder)/\(name)")
          files.append(name)
        }
      }
    }
    return files
  }

  private static func json(_ run: ReportedRun, experiment: String) throws -> JSONValue {
    let trainingSeconds = run.costs.trainingSeconds ?? 0
    let total = trainingSeconds + (run.costs.evaluationSeconds ?? 0)
    let memory = JSONValue.count(run.costs.tensorBytes.total)
    var training = run.trainingInUse ?? [:]
    training["model_id"] = JSONValue(run.modelName)
    training["seed"] = JSONValue(run.seed)
    let curve = try run.folder.map { try LearningCurve(path: $0 + "/history.jsonl") }
    return [
      "run_info": [
        "created_at": JSONValue(run.started.isEmpty ? "1970-01-01T00:00:00Z" : run.started),
        "total_time": JSONValue(total), "experiment_name": JSONValue(experiment), "peft_branch": "main",
        "train_config": training, "peft_config": try peftConfiguration(run), "error_msg": "",
      ],
      "train_info": [
        "accelerator_memory_reserved_avg": memory, "accelerator_memory_max": memory,
        "accelerator_memory_reserved_99th": memory, "train_time": JSONValue(trainingSeconds),
        "file_size": .count(run.savedAdapterBytes ?? 0), "num_trainable_params": .count(run.costs.trainableParameters),
        "num_total_params": .count(run.modelParameters), "status": "success",
        "metrics": [
          [
            "test accuracy": JSONValue(run.value), "metric": JSONValue(run.metric),
            "train loss": JSONValue(curve?.training.last?.loss ?? 0),
            "train samples": JSONValue(run.data?.trainingRows ?? 0),
            "train total tokens": .count(run.costs.tokensSeen ?? 0), "pscp": JSONValue(run.penalties?.value),
          ]
        ],
      ],
      "meta_info": [
        "model_info": ["sha": JSONValue(run.modelHash), "created_at": .null],
        "dataset_info": [run.dataset: ["sha": .null, "created_at": .null]],
        "package_info": [
          "transformers-version": .null, "transformers-commit-hash": .null, "peft-version": .null,
          "peft-commit-hash": .null, "datasets-version": .null, "datasets-commit-hash": .null,
          "bitsandbytes-version": .null, "bitsandbytes-commit-hash": .null, "torch-version": .null,
          "torch-commit-hash": .null, "peft-bench-version": JSONValue(Version.current),
        ],
        "system_info": run.environment?.recordJSON ?? .null, "pytorch_info": "",
      ],
    ]
  }

  /// The adapter's own configuration; for methods that PEFT does not have, the options; null for full fine-tuning,
  /// which is how the original gives it.
  private static func peftConfiguration(_ run: ReportedRun) throws -> JSONValue {
    if ["full", "galore"].contains(run.methodName) { return .null }
    if let folder = run.folder, let file = try? MemoryMappedFile(path: folder + "/adapter/adapter_config.json") {
      let value = JSONValue(try JSONParser.parse(DocumentText(name: file.path, bytes: file.contents)))
      if case .string? = value["peft_type"] { return value }
    }
    var options: JSONValue = ["peft_type": JSONValue(run.methodName.uppercased().replacing("-", with: "_"))]
    if case .object(let own)? = run.settings["options"] {
      for (key, value) in own.members { options[key] = value }
    }
    return options
  }
}
