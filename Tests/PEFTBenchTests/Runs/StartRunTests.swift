import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import PEFTMethods

@Suite("Runs whose start is computed from training rows") struct StartRunTests {
  private static let methods = [
    #"{"name": "lora", "rank": 2, "init": "corda", "start_rows": 5}"#,
    #"{"name": "lora", "rank": 2, "init": "lora-ga", "start_rows": 5}"#,
    #"{"name": "lora", "rank": 1, "init": "eva", "eva_tau": 0.5, "eva_prompts": true}"#,
  ]

  private static func adapter(_ root: String, _ output: String, _ record: RunRecord) throws -> [String: Data] {
    let folder = "\(root)/\(output)/runs/\(record.id)/adapter"
    let start = AdapterOrigin.startFolder
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != start }
    let kept = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(start)").map { "\(start)/\($0)" }
    return try Dictionary(
      uniqueKeysWithValues: (names + kept).map { ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) })
  }

  @Test("What the start took is in the record, and a run that was stopped ends with the same bytes", arguments: methods)
  func resumed(method: String) throws {
    try EnsembleRunTests.withConfig(method) { root in
      let record = try #require(try EnsembleRunTests.run(root, into: "out").first)
      let start = try #require(record.costs.start)
      #expect(start.rows >= 4 && start.forwardTokens > start.rows && (start.seconds ?? 0) > 0)
      #expect((start.backwardTokens == start.forwardTokens) == method.contains("lora-ga"))
      #expect(record.costs.trainingSeconds ?? 0 > start.seconds ?? .infinity)
      let whole = try Self.adapter(root, "out", record)
      let settings = ["training.checkpoint_steps=2"]
      #expect(throws: Interruption.self) {
        try EnsembleRunTests.run(root, into: "parts", settings) { event, flag in
          if case .step(_, let done, _, _, _) = event, done == 5 { flag.cancel() }
        }
      }
      let again = try #require(try EnsembleRunTests.run(root, into: "parts", settings).first)
      #expect(try Self.adapter(root, "parts", again) == whole)
      #expect(again.costs.start?.forwardTokens == start.forwardTokens)
      #expect(again.costs.tensorBytes == record.costs.tensorBytes)
      let copy = try RunRecord(reading: record.json, at: "")
      #expect(copy.json == record.json)
    }
  }

  private static func adapter(epochs: Int, in root: String) throws -> AdapterFile {
    let settings = ["training.epochs=\(epochs)"]
    let record = try #require(try EnsembleRunTests.run(root, into: "out-\(epochs)", settings).first)
    return try AdapterFile.open("\(root)/out-\(epochs)/runs/\(record.id)/adapter")
  }

  @Test("What the start found is kept beside the adapter, which tells its vector by it", arguments: methods)
  func kept(method: String) throws {
    try EnsembleRunTests.withConfig(method) { root in
      // The folder says all: no model is asked for.
      struct Asked: Error {}
      let origins = AdapterOrigins(common: nil, base: { _ in throw Asked() }, modelHash: { _ in throw Asked() })
      let (one, two) = (try Self.adapter(epochs: 1, in: root), try Self.adapter(epochs: 2, in: root))
      let start = try origins.values(of: one)
      let trained = try one.arrays()
      #expect(start.map(\.key) == trained.map(\.key) && start.map(\.shape) == trained.map(\.shape))
      #expect(start != trained)
      #expect(try origins.values(of: two) == start)
      #expect(try two.arrays() != trained)
      if method.contains("eva") {
        for array in start where array.key.contains("lora_B") { #expect(array.values.allSatisfy { $0 == 0 }) }
        #expect(start.contains { $0.key.contains("lora_A") && $0.values.contains { $0 != 0 } })
      }
      let values = "\(one.path)/\(AdapterOrigin.startFolder)/adapter_model.safetensors"
      try Data(contentsOf: URL(filePath: values)).dropLast(4).write(to: URL(filePath: values))
      #expect(throws: CheckpointError.self) { try origins.values(of: one) }
    }
  }

  @Test("A run that starts from the saved adapter looks at no row, and answers alike", arguments: methods)
  func continued(method: String) throws {
    try EnsembleRunTests.withConfig(method) { root in
      let record = try #require(try EnsembleRunTests.run(root, into: "out").first)
      let folder = "\(root)/out/runs/\(record.id)/adapter"
      let judged = try EnsembleRunTests.run(
        root, into: "again", ["methods.0.init_from=\(folder)", "methods.0.steps=0"])
      let again = try #require(judged.first)
      #expect(again.costs.start == nil && again.scores.values == record.scores.values)
    }
  }

  @Test("Independent members each have a start of their own, which is counted once")
  func members() throws {
    let method = #"{"name": "lora", "rank": 2, "init": "corda", "start_rows": 5, "strategy": STRATEGY}"#
    func rows(_ strategy: String) throws -> Double? {
      try EnsembleRunTests.withConfig(method.replacing("STRATEGY", with: strategy)) { root in
        try EnsembleRunTests.run(root, into: "out").first?.costs.start?.rows
      }
    }
    let alone = try rows(#""default""#)
    #expect(alone == 5)
    #expect(try rows(#"{"name": "ensemble", "members": 3}"#) == 15)
  }
}
