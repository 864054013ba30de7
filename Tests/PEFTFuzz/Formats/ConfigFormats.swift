import Foundation
import PEFTBench
import PEFTCore

/// Reads a config as `run --dry-run` does before it looks at models and data.
private func readConfig(_ path: String) throws {
  let file = try ConfigFile.load(
    path: path, overrides: ["training.epochs=1"], environment: ["HOME": "/nowhere", "SET": "value"])
  let configuration = try RunConfiguration(file)
  let datasets = try configuration.data.descriptions(from: configuration.file)
  let selection = configuration.selection(datasets: datasets, shard: nil)
  for run in selection.runs.prefix(100) { _ = run.title }
  _ = configuration.resolvedJSON.prettyText
}

/// JSON configs of sweeps.
struct JSONConfigFormat: FuzzedFormat {
  static let name = "config-json"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let text = """
      {"name": "small", // a comment
       "model": {"path": "models/mini", "dtype": "auto"},
       "data": {"suite": "mini", "datasets": ["sst2", {"name": "own", "files": {"train": "a.jsonl", "validation": "b.jsonl"},
          "prompt": "{text}?", "answer": "label", "labels": {"0": "no", "1": "yes"}}], "train_limit": 8, "eval_limit": 8},
       "methods": [{"name": "lora", "rank": [4, 8], "target_modules": ["q_proj"], "rank_pattern": {"q.*": 2}}, "ia3",
          {"name": "prompt-tuning", "tokens": 8, "learning_rate": 1e-2}],
       "seeds": [1, 2], "training": {"epochs": 2, "batch_size": 4, "warmup_ratio": 0.1, "scheduler": "cosine"},
       "evaluation": {"mode": "rank", "max_new_tokens": 4}, "pscp": {"preset": "relative", "beta": [1, 1, 1]},
       "output": "${OUT:-results/small}",}
      """
    let pieces = [
      "\"${SET}\"", "\"${A:-${B:-${C}}}\"", "\"$\"", "\"${\"", "/*", "*/", "//", "\"seeds\": [0, -1],",
      "\"rank\": 1e9,",
      "\"methods\": [],", "\"train_limit\": 0,",
    ]
    samples = [
      Sample("c.json", text, pieces: pieces),
      Sample("c.json", #"{"model": "m", "methods": ["lora"]}"#, pieces: pieces),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws { try readConfig(folder + "/" + sample.main) }
}

/// YAML configs of sweeps.
struct YAMLConfigFormat: FuzzedFormat {
  static let name = "config-yaml"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let pieces = [
      "&a ", "*a", "!!str ", "? ", "- ", "|\n", ">2-\n", "\t", "${A:-x}", "<<: ", "---\n", "...\n", "%YAML 1.2\n", "#",
      ": ", "{", "}", "[", "]", "\"", "'", "\r\n", "  ", "key:\n", "- - - ", "\u{0}", "\u{85}", "|9\n",
    ]
    let text = """
      # A small sweep
      name: "small sweep"
      model: {path: models/mini, name: mini}
      data:
        suite: mini
        datasets: [rte, 'boolq']
        instruction: >-
          folded
          text
      methods:
      - {name: lora, rank: 8,
         alpha: 16}
      - name: ia3
        learning_rate: 5e-2
      seeds: [42]
      training:
        epochs: 1
      """
    samples =
      [Sample("c.yaml", text, pieces: pieces)]
      + (try corpus.files(in: "configs", suffix: ".yaml").map { path in
        Sample("c.yaml", try corpus.text(path), pieces: pieces)
      })
  }

  func read(_ sample: Sample, in folder: String) throws { try readConfig(folder + "/" + sample.main) }
}
