import Foundation
import PEFTCore
import PEFTTestSupport
import Synchronization
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Damaged records") struct DamagedRecordTests {
  private typealias Config = IdentityWorkspace.Config

  private static let config = changed(Config()) { $0.methods = #"["lora", "ia3"]"# }

  /// A results folder with two complete runs.
  fileprivate struct Finished {
    let workspace: IdentityWorkspace
    let id: String
    let other: String

    init() throws {
      workspace = try IdentityWorkspace()
      let result = try workspace.run(DamagedRecordTests.config)
      (id, other) = (result.records[0].id, result.records[1].id)
    }

    var results: ResultsFolder { workspace.results }
    func path(_ name: String = "record.json") -> String { "\(results.folder(of: id))/\(name)" }
    func bytes(_ name: String = "record.json") -> Data? { FileManager.default.contents(atPath: path(name)) }
  }

  /// What may have happened to a record.
  enum Damage: String, CaseIterable, Sendable {
    case cut, empty, foreign, otherSchema, noScore, impossibleScore, twoScores, negativeCount, text, folder

    fileprivate func apply(to run: Finished) throws {
      let text = String(decoding: try #require(run.bytes()), as: UTF8.self)
      func write(_ text: some StringProtocol) throws {
        try Data(text.utf8).write(to: URL(filePath: run.path()))
      }
      switch self {
      case .cut: try write(text.prefix(text.count / 2))
      case .empty: try write("")
      case .text: try write("no record\n")
      case .otherSchema: try write(text.replacing(RunRecord.schema, with: "peft-bench.report/1"))
      case .noScore: try write(text.replacing("\"primary\"", with: "\"secondary\""))
      case .impossibleScore: try write(text.replacing(#/"value": [-0-9.e]+/#, with: "\"value\": 7"))
      case .twoScores: try write(text.replacing(#/"accuracy": [-0-9.e]+/#, with: "\"accuracy\": 0.015625"))
      case .negativeCount: try write(text.replacing(#/"inference_flops": [0-9]+/#, with: "\"inference_flops\": -1"))
      case .foreign:
        try FileManager.default.removeItem(atPath: run.path())
        try FileManager.default.copyItem(
          atPath: run.results.folder(of: run.other) + "/record.json", toPath: run.path())
      case .folder:
        try FileManager.default.removeItem(atPath: run.path())
        try FileManager.default.createDirectory(atPath: run.path(), withIntermediateDirectories: false)
      }
    }
  }

  @Test(
    "A damaged or foreign record blocks nothing: the run is missing, is done again, and the old file is kept",
    arguments: Damage.allCases) func damaged(damage: Damage) throws
  {
    let run = try Finished()
    let predictions = try #require(run.bytes("predictions.jsonl"))
    try damage.apply(to: run)
    let old = run.bytes()
    let status = try SweepStatus(of: run.results)
    #expect(SweepStatus.counts(status.runs) == SweepStatus.Counts(complete: 1, damaged: 1))
    let reported = try ReportedResults([run.results.path])
    #expect(reported.runs.map(\.id) == [run.other] && reported.missing.map(\.id) == [run.id])
    #expect(reported.missing.first?.cause.hasPrefix("its record is damaged: ") == true)

    let notes = Mutex<[String]>([])
    let result = try run.workspace.run(Self.config) { event in
      if case .note(let text) = event { notes.withLock { $0.append(text) } }
    }
    #expect(result.failures == 0 && result.records.count == 2)
    #expect(notes.withLock { $0.contains { $0.hasSuffix("the file is kept as record.json.damaged") } })
    #expect(run.results.isComplete(run.id) && run.bytes("predictions.jsonl") == predictions)
    #expect(run.bytes("record.json.damaged") == old)
    #expect(FileManager.default.fileExists(atPath: run.path("record.json.damaged")))

    // The next damaged one does not overwrite the first.
    try Damage.text.apply(to: run)
    #expect(try run.workspace.run(Self.config, .init(onlyFailed: true)).failures == 0)
    #expect(run.results.isComplete(run.id) && run.bytes("record.json.damaged") == old)
    #expect(run.bytes("record.json.damaged-2") == Data("no record\n".utf8))
  }

  @Test("A damaged record of a run that is in no plan is listed too") func stray() throws {
    let run = try Finished()
    let id = "0123456789abcdef"
    try FileManager.default.copyItem(atPath: run.results.folder(of: run.id), toPath: run.results.folder(of: id))
    let status = try SweepStatus(of: run.results)
    #expect(status.runs.count == 2 && status.strays.map(\.id) == [id])
    let reported = try ReportedResults([run.results.path])
    #expect(reported.runs.count == 2 && reported.notes.contains { $0.contains("not of \(id)") })
  }

  @Test(
    "A record of a newer version stays as it is: its run is refused, and the rest goes on", arguments: [false, true])
  func newer(isFresh: Bool) throws {
    let run = try Finished()
    let text = String(decoding: try #require(run.bytes()), as: UTF8.self)
    try Data(text.replacing(RunRecord.schema, with: "peft-bench.run/2").utf8).write(to: URL(filePath: run.path()))
    let old = run.bytes()
    try FileManager.default.removeItem(atPath: run.results.folder(of: run.other))
    let result = try run.workspace.run(Self.config, .init(isFresh: isFresh))
    #expect(result.failures == 1 && result.records.map { $0.id } == [run.other])
    #expect(run.bytes() == old && run.bytes("predictions.jsonl") != nil && run.bytes("error.json") == nil)
    let reported = try ReportedResults([run.results.path])
    #expect(reported.runs.map(\.id) == [run.other])
    // It is neither failed nor missing, so a note alone tells of it.
    #expect(reported.failures.isEmpty && reported.missing.isEmpty)
    #expect(reported.notes.contains { $0.hasPrefix("Left out: ") && $0.contains("a newer version of peft-bench") })
    #expect(run.results.refusedCount == 1)
  }

  @Test("Runs of an earlier engine stay for reports, and a sweep says that it does them anew") func engines() throws {
    let run = try Finished()
    let id = "0123456789abcdef"
    try FileManager.default.moveItem(atPath: run.results.folder(of: run.id), toPath: run.results.folder(of: id))
    let record = "\(run.results.folder(of: id))/record.json"
    let text = String(decoding: try #require(FileManager.default.contents(atPath: record)), as: UTF8.self)
    // As the engine before wrote it: another id, and no identity.
    let old = text.replacing(run.id, with: id).replacing("\"identity\": {", with: "\"former\": {")
    try Data(old.utf8).write(to: URL(filePath: record))
    let before = try ReportedResults([run.results.path])
    #expect(before.runs.count == 2)
    let notes = Mutex<[String]>([])
    let result = try run.workspace.run(Self.config) { event in
      if case .note(let text) = event { notes.withLock { $0.append(text) } }
    }
    #expect(result.failures == 0 && result.records.count == 2)
    #expect(notes.withLock { $0.contains { $0.contains("holds 1 run of engine 1") } })
    // The two are one run by their content; the later one counts.
    let after = try ReportedResults([run.results.path])
    #expect(Set(after.runs.map(\.id)) == [run.id, run.other] && after.notes.contains { $0.contains("more than once") })
    let comparison = try Comparison(before, after)
    #expect(comparison.matched.count == 2 && comparison.missing.isEmpty)
  }

  @Test("Runs on another tokenizer or config.json are other runs in a report, though all else agrees") func contents()
    throws
  {
    let run = try Finished()
    let old = try ReportedResults([run.results.path]).runs
    try run.workspace.replace("10000.0", with: "20000.0", in: "model/config.json")
    #expect(try run.workspace.run(Self.config).records.count == 2)
    let all = try ReportedResults([run.results.path]).runs
    #expect(all.count == 4)
    // A comparison says that it is this alone in which they differ, and so it does with a report; one of an earlier version
    // says no more than that something does.
    let before = try #require(old.first)
    let after = try #require(
      all.first { one in !old.contains { $0.id == one.id } && one.seed == before.seed && one.label == before.label })
    #expect(SettingDifference.between(before, after).map(\.name) == ["config.json"])
    let reported = try ReportedRun(before.json, folder: nil, source: "report")
    #expect(SettingDifference.between(reported, after).map(\.name) == ["config.json"])
    var json = before.json
    json[RunContents.key] = nil
    let earlier = try ReportedRun(json, folder: nil, source: "report")
    #expect(SettingDifference.between(earlier, after).map(\.name) == ["tokenizer, config.json or further rows"])
    #expect(SettingDifference.between(reported, before).isEmpty)
  }
}
