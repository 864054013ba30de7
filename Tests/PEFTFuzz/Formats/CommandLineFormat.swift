import Foundation
import PEFTCore

/// Arguments of the program, which is run with them in a folder of its own.
///
/// The program lies beside this one, unless `PEFT_FUZZ_PROGRAM` says where.
struct CommandLineFormat: FuzzedFormat {
  static let name = "command-lines"
  /// A case takes a process, some ten milliseconds.
  static let thinning = 8
  let samples: [Sample]

  private let runner: ProgramRunner
  private let playground: Playground

  init(corpus: Corpus) throws {
    let beside = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
    let own = Bundle.main.executableURL?.deletingLastPathComponent().path ?? beside
    let program = ProcessInfo.processInfo.environment["PEFT_FUZZ_PROGRAM"] ?? "\(own)/peft-bench"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw FileError(path: program, "is not there; build it, or set PEFT_FUZZ_PROGRAM")
    }
    runner = ProgramRunner(program: program)
    playground = try Playground(corpus)
    let lines = Self.lines.map { $0.split(separator: " ").map(String.init) }
    let mutation = Mutation.arguments(
      ArgumentMutation(
        commands: lines.map { Array($0.prefix(1)) }, options: try Self.options(runner),
        valid: Set(lines.joined()).filter { !$0.hasPrefix("-") }.sorted()))
    samples = Self.lines.map { line in
      Sample("arguments", line.split(separator: " ").flatMap { Array($0.utf8) + [0] }, mutation)
    }
  }

  /// Valid command lines in the playground.
  private static let lines = [
    "run c.yaml -o out --quiet --threads 1", "run c.yaml --dry-run --set training.steps=1 --only method=ia3",
    "run c.json -o out --jobs 2 --threads 2 --quiet", "plan c.yaml --json", "plan c.yaml --slurm --tasks 2", "status r",
    "report r -f csv", "report r -o out", "report r --export peft -o out", "compare r r --json --junit j.xml",
    "list methods --json", "list datasets", "data status --root data",
    "data preview rte --root data -m m.gguf --limit 1",
    "data import rows.jsonl --dataset rte --to out --split validation", "data fetch rte --to out",
    "data cat rows.jsonl --limit 1", "data generate --to out --dataset rte", "data generate --corpus 1",
    "model info m.gguf --methods c.yaml", "model list --root .", "model fetch a/b", "model pretrain p.yaml --dry-run",
    "adapter info a -m model", "adapter merge -m model --adapter a --to out", "tokenize -m m.gguf", "score -m m.gguf",
    "generate -m m.gguf --max-new-tokens 1", "metrics rte p.jsonl --json", "pscp t.csv --beta 1,1,1",
    "bench -m m.gguf --method ia3 --batch 1 --tokens 4 --steps 1 --threads 1", "completions bash", "help run",
    "version",
    "--help", "--version",
  ]

  /// The options of all commands, as their help pages tell them.
  private static func options(_ runner: ProgramRunner) throws -> [String] {
    var options: Set<String> = []
    for command in Set(lines.map { $0.split(separator: " ").prefix(2).map(String.init) }) {
      let words = [Array(command.prefix(1)), command].map { ["help"] + $0 }
      for arguments in words {
        let end = try runner.run(arguments, in: NSTemporaryDirectory())
        for word in end.text.split(whereSeparator: { " ,\n".contains($0) })
        where word.hasPrefix("-") && word.utf8.count > 1 { options.insert(String(word)) }
      }
    }
    return options.sorted()
  }

  func prepare(in folder: String) throws { try playground.prepare(in: folder) }

  func read(_ sample: Sample, in folder: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + sample.main)))
    var words = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    if words.last?.isEmpty == true { words.removeLast() }
    let end = try runner.run(words, in: Playground.place(in: folder))
    let line = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ").prefix(300)
    if let problem = end.problem(of: words.first.map { String(decoding: $0, as: UTF8.self) }) {
      throw Violation("peft-bench \(line): \(problem)")
    }
    if end.status != 0 { throw Refusal(status: end.status, text: end.text) }
  }

  /// A status that is not 0.
  private struct Refusal: CountedError {
    let status: Int32
    let text: String
    var kind: String { "status-\(status)" }
    var description: String { text }
  }
}

/// The folder in which commands are run: small files of every kind that they take.
private struct Playground {
  private var files: [(name: String, bytes: [UInt8])] = []

  init(_ corpus: Corpus) throws {
    let config =
      #"{"name": "small", "model": {"path": "m.gguf", "name": "m"}, "data": {"suite": "mini", "root": "data", "datasets": ["rte"], "train_limit": 2, "eval_limit": 2}, "methods": ["ia3", {"name": "lora", "rank": 2}], "training": {"steps": 1, "batch_size": 1, "validation_fraction": 0}, "evaluation": {"max_new_tokens": 2, "zero_shot": false}}"#
    add("c.yaml", Array(config.utf8))
    add("c.json", Array(config.utf8))
    add("p.yaml", try corpus.bytes("configs/pretrain-mini.yaml"))
    add("m.gguf", try corpus.bytes("Tests/Fixtures/gguf_models/llama-q4_0.gguf"))
    for name in ["config.json", "generation_config.json", "model.safetensors"] {
      add("model/\(name)", try corpus.bytes("Tests/Fixtures/models/llama/\(name)"))
    }
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
      add("a/\(name)", try corpus.bytes("Tests/Fixtures/methods/lora-all-linear-llama/\(name)"))
    }
    let rows = try corpus.lines("datasets/mini/rte/validation.jsonl", 4)
    add("rows.jsonl", rows)
    for split in ["train", "validation"] { add("data/rte/\(split).jsonl", rows) }
    add("p.jsonl", Array(#"{"label": "yes", "predict": "no"}"#.utf8))
    add("t.csv", Array("method,performance,parameters,flops,memory\nlora,80,1e6,1e9,1e9\nia3,75,1e5,1e9,1e9\n".utf8))
    for file in try ResultsFormat(corpus: corpus).samples[0].files { add("r/\(file.name)", file.bytes) }
  }

  private mutating func add(_ name: String, _ bytes: [UInt8]) { files.append((name, bytes)) }

  /// Where commands are run, so deep that `..` does not lead out of `folder`.
  static func place(in folder: String) -> String { "\(folder)/1/2/3/4/in" }

  /// Makes the folder as it is before a command.
  func prepare(in folder: String) throws {
    let place = Self.place(in: folder)
    if (try? String(contentsOfFile: "\(folder)/known", encoding: .utf8)) == Self.listing(of: "\(folder)/1") { return }
    try? FileManager.default.removeItem(atPath: "\(folder)/1")
    for file in files {
      let url = URL(filePath: "\(place)/\(file.name)")
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(file.bytes).write(to: url)
    }
    symlink("rows.jsonl", "\(place)/link")
    symlink("loop", "\(place)/loop")
    mkfifo("\(place)/pipe", 0o600)
    try Self.listing(of: "\(folder)/1").write(toFile: "\(folder)/known", atomically: false, encoding: .utf8)
  }

  /// Names, sizes and times of everything below a folder.
  private static func listing(of folder: String) -> String {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return "" }
    var lines: [String] = []
    while let name = names.nextObject() as? String {
      var status = stat()
      lstat("\(folder)/\(name)", &status)
      lines.append("\(name) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)")
    }
    return lines.sorted().joined(separator: "\n")
  }
}
