import Foundation
import PEFTBench
import PEFTCore
import Reporting

/// A results folder, as `status`, `report`, `compare` and a sweep that goes on read it.
struct ResultsFormat: FuzzedFormat {
  static let name = "results"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let pieces = [
      "\"schema\": \"peft-bench.run/2\",", "\"value\": null,", "\"seed\": 1e300,", "\"../../x\"", "\"\\u001b[2J\"",
    ]
    func file(_ name: String, _ text: String) -> Sample.File {
      .init(name: name, bytes: Array(text.utf8), mutation: .text(pieces: pieces))
    }
    let run = "runs/0123456789abcdef"
    let lines = (0..<3).map { index in
      #"{"index": \#(index), "prompt": "Yes or no?", "label": "yes", "predict": "\#(index == 1 ? "no" : "yes")", "correct": \#(index != 1)}"#
    }
    let history = [
      #"{"step": 1, "epoch": 0.5, "loss": 2.5, "learning_rate": 0.001, "gradient_norm": 1.5, "tokens": 512}"#,
      #"{"step": 2, "epoch": 1, "validation_loss": 2.25}"#,
    ]
    let folder = [
      file("\(run)/record.json", Self.record),
      file("\(run)/predictions.jsonl", lines.joined(separator: "\n")),
      file("\(run)/history.jsonl", history.joined(separator: "\n")),
      file(
        "plan.json",
        #"{"runs": [{"model": "mini", "dataset": "rte", "method": "lora", "seed": 42, "id": "0123456789abcdef"}, {"model": "mini", "dataset": "cb", "method": "ia3", "seed": 1, "id": null}]}"#
      ),
      file(
        "config.json",
        #"{"name": "small", "model": {"path": "models/mini", "name": "mini"}, "data": {"suite": "mini", "datasets": ["rte", "cb"]}, "methods": [{"name": "lora"}, {"name": "ia3"}], "seeds": [42, 1]}"#
      ),
      file(
        "runs/fedcba9876543210/error.json",
        #"{"id": "fedcba9876543210", "model": "mini", "dataset": "cb", "method": "ia3", "seed": 1, "error": "step 3: the loss is nan", "seconds": 1.5}"#
      ),
      file(
        "runs/fedcba9876543210/progress.json",
        #"{"phase": "training", "done": 3, "total": 10, "loss": 2.5, "rate": 100, "seconds": 1.5, "host": "h", "process": 7}"#
      ),
    ]
    samples = [
      Sample(folder),
      Sample([folder[0]] + folder.dropFirst().map { .init(name: $0.name, bytes: $0.bytes, mutation: nil) }),
      Sample([file("report.json", try corpus.text("configs/ci-baseline.json"))]),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    let isFolder = sample.files.count > 1
    if isFolder {
      let status = try SweepStatus(of: ResultsFolder(path: folder))
      _ = (SweepStatus.counts(status.runs), status.secondsLeft, status.secondsSpent)
      _ = ResultsFolder(path: folder).records()
    }
    let results = try ReportedResults([isFolder ? folder : folder + "/" + sample.main])
    let report = try Report(results)
    for format in [ReportFormat.markdown, .csv, .json, .html, .junit, .latex] { _ = report.text(format) }
    _ = try Comparison(results, results)
  }

  private static let record = """
    {"schema": "peft-bench.run/1", "id": "0123456789abcdef", "suite": "mini",
     "model": {"name": "mini", "path": "models/mini", "sha256": "0123abcd", "parameters": 1400000, "dtype": "auto"},
     "method": {"name": "lora", "label": "lora", "options": {"rank": 8, "alpha": 16.0}, "trainable_parameters": 18432},
     "dataset": "rte", "data": {"train_rows": 400, "eval_rows": 3, "template_sha256": "cd", "first_prompt": "Yes or no?"},
     "seed": 42, "training": {"epochs": 2, "learning_rate": 0.001},
     "evaluation": {"mode": "generate", "batch_size": 8, "protocol": "strict"},
     "scores": {"primary": {"name": "accuracy", "value": 0.6666666666666666}, "protocol": "strict",
       "accuracy": 0.6666666666666666, "f1": 0.5, "invalid_rate": 0.0, "count": 3},
     "costs": {"trainable_parameters": 18432, "inference_flops": 150000000, "added_inference_flops": 0,
       "peak_tensor_bytes": {"total": 9000000}, "peak_rss_bytes": 50000000, "training_seconds": 1.5,
       "evaluation_seconds": 0.5, "tokens_seen": 51200, "training_tokens_per_second": 34000.0},
     "pscp": {"value": 60.5, "preset": "relative", "beta": [1, 1, 1],
       "constants": {"parameters": 1400000, "flops": 150000000, "memory": 30000000},
       "terms": {"parameters": 0.98, "flops": 1.0, "memory": 0.77}},
     "environment": {"version": "0.9.0", "cpu": "a CPU", "threads": 2, "os": "Linux", "swift": "6.3", "build": "release"},
     "timestamps": {"started": "2026-11-20T10:00:00Z", "finished": "2026-11-20T10:00:02Z"}}
    """
}
