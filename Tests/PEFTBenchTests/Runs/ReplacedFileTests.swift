import Foundation
import PEFTCore
import PEFTTestSupport
import Synchronization
import Testing

@testable import PEFTBench

@Suite("Files that are replaced while a sweep runs") struct ReplacedFileTests {
  private typealias Config = IdentityWorkspace.Config

  /// How a file gets another content.
  enum Way: String, CaseIterable, Sendable {
    /// Another file takes its name.
    case rename
    /// Its bytes are written over, and its time is set back.
    case rewrite

    /// Changes bits of the last byte but three of a file, which is the least significant one of a number.
    func change(_ path: String, bits: UInt8 = 1) throws {
      let file = URL(filePath: path)
      var bytes = try Data(contentsOf: file)
      bytes[bytes.count - 4] ^= bits
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      switch self {
      case .rename:
        try bytes.write(to: URL(filePath: path + ".new"))
        try #require(Foundation.rename(path + ".new", path) == 0)
      case .rewrite:
        let handle = try FileHandle(forUpdating: file)
        try handle.write(contentsOf: bytes)
        try handle.close()
      }
      let date = try #require(attributes[.modificationDate] as? Date)
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }
  }

  /// What a sweep comes to during which `change` is called when `isTime` first says so.
  private func sweep(
    _ workspace: IdentityWorkspace, _ config: Config, when isTime: @escaping @Sendable (RunEvent) -> Bool,
    change: @escaping @Sendable () throws -> Void
  ) throws -> (result: Sweep.Result, causes: [String]) {
    let hasChanged = Mutex(false)
    let causes = Mutex<[String]>([])
    let result = try workspace.run(config) { event in
      if case .failed(_, let cause) = event { causes.withLock { $0.append(cause) } }
      guard isTime(event),
        hasChanged.withLock({ changed in
          defer { changed = true }; return !changed
        })
      else { return }
      do { try change() } catch { Issue.record("\(error)") }
    }
    #expect(hasChanged.withLock { $0 })
    return (result, causes.withLock { $0 })
  }

  private static func isFinished(_ event: RunEvent) -> Bool {
    if case .finished = event { true } else { false }
  }

  @Test("Weights that are loaded again must be those of the plan", arguments: Way.allCases) func weights(way: Way)
    throws
  {
    let workspace = try IdentityWorkspace()
    try FileManager.default.copyItem(atPath: workspace.path("model"), toPath: workspace.path("other"))
    // Another model, also after the change: one of the same content would have the same runs.
    try Way.rewrite.change(workspace.path("other/model.safetensors"), bits: 2)
    var config = Config()
    config.more = [
      ("models", "[\"\(workspace.path("model"))\", \"\(workspace.path("other"))\"]"), ("seeds", "[1, 2]"),
    ]
    let path = workspace.path("model/model.safetensors")
    let (result, causes) = try sweep(
      workspace, config,
      when: { if case .loading(let model) = $0 { model == "other" } else { false } }, change: { try way.change(path) })
    #expect(result.failures == 1 && result.records.count == 3)
    #expect(causes == ["\(path): was replaced while the sweep ran"])
    #expect(try workspace.sweep(config).runs.count { workspace.results.isComplete($0.id) } == 2)
  }

  @Test("So must those that are loaded again after full fine-tuning", arguments: Way.allCases)
  func restored(way: Way) throws {
    let workspace = try IdentityWorkspace()
    var config = Config()
    config.methods = #"["full", "lora"]"#
    let path = workspace.path("model/model.safetensors")
    let (result, causes) = try sweep(workspace, config, when: Self.isFinished, change: { try way.change(path) })
    #expect(result.failures == 1 && result.records.count == 1)
    #expect(causes == ["\(path): was replaced while the sweep ran"])
  }

  @Test("So must an adapter to start from", arguments: Way.allCases) func adapter(way: Way) throws {
    let workspace = try IdentityWorkspace()
    try workspace.run(Config())
    let id = try #require(workspace.results.records().complete.first).id
    let adapter = workspace.path("adapter")
    try FileManager.default.copyItem(atPath: workspace.results.folder(of: id) + "/adapter", toPath: adapter)
    var config = Config()
    config.methods = #"[{"name": "lora", "init_from": "\#(adapter)"}]"#
    config.more = [("seeds", "[1, 2]")]
    let path = adapter + "/adapter_model.safetensors"
    let (result, causes) = try sweep(workspace, config, when: Self.isFinished, change: { try way.change(path) })
    #expect(result.failures == 1 && result.records.count == 1)
    #expect(causes == ["\(path): was replaced while the sweep ran"])
  }

  @Test("A file that was only touched is taken as it is") func touched() throws {
    let workspace = try IdentityWorkspace()
    var config = Config()
    config.methods = #"["full", "lora"]"#
    let path = workspace.path("model/model.safetensors")
    let (result, _) = try sweep(workspace, config, when: Self.isFinished) {
      let bytes = try Data(contentsOf: URL(filePath: path))
      try bytes.write(to: URL(filePath: path), options: .atomic)
    }
    #expect(result.failures == 0 && result.records.count == 2)
  }

  /// What another process that is given a run says of it after `change`.
  private func worker(
    _ workspace: IdentityWorkspace, _ config: Config, after change: () throws -> Void
  ) throws -> String? {
    let run = try #require(try workspace.sweep(config).runs.first)
    let sent = try #require(run.inputs).json.compactText
    try change()
    let received = RunInputs(try JSONParser.parse(DocumentText(name: "order", bytes: Array(sent.utf8))))
    #expect(received == run.inputs)
    let executor = try RunExecutor(
      workspace.configuration(config), results: workspace.results, context: ComputeContext(threads: 1),
      cancellation: CancellationFlag(), watch: { _ in })
    try workspace.results.prepare()
    let outcome = try executor.perform(
      SweepRun(index: run.index, planned: run.planned, id: run.id, inputs: received), fresh: false)
    if case .failed(let cause) = outcome { return cause }
    return nil
  }

  @Test("A worker takes nothing but what the sweep was planned with", arguments: Way.allCases)
  func workers(way: Way) throws {
    let workspace = try IdentityWorkspace()
    try workspace.results.prepare()
    let weights = workspace.path("model/model.safetensors")
    #expect(try worker(workspace, Config(), after: {}) == nil)
    try FileManager.default.removeItem(atPath: workspace.results.path)
    try workspace.results.prepare()
    #expect(
      try worker(workspace, Config(), after: { try way.change(weights) })
        == "\(weights): was replaced while the sweep ran")
    let model = workspace.path("model")
    for (file, old, new, message) in [
      ("model/config.json", "10000.0", "10001.0", "\(model): the config.json changed while the sweep ran"),
      (
        "model/generation_config.json", "\"eos_token_id\": 2", "\"eos_token_id\": 7",
        "\(model): the end tokens changed while the sweep ran"
      ),
      (
        "model/tokenizer.json", "\"fuse_unk\": true", "\"fuse_unk\": false",
        "\(model): the tokenizer changed while the sweep ran"
      ),
      (
        "model/tokenizer_config.json", "assistant: {% endif", "answer: {% endif",
        "\(model): the chat template changed while the sweep ran"
      ),
      ("train.jsonl", "dull", "drab", "reviews: the training rows changed while the sweep ran"),
      ("dev.jsonl", "dull", "drab", "reviews: the evaluation rows changed while the sweep ran"),
    ] {
      let cause = try worker(workspace, Config(), after: { try workspace.replace(old, with: new, in: file) })
      #expect(cause == message)
    }
  }
}
