import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// What earlier versions wrote, as `scripts/release-fixtures.sh` kept it.
@Suite("Files of earlier versions") struct ReleaseTests {
  static let versions = GoldenFixture.versions

  /// A copy of a version's folder, beside the models that its configs name.
  private func copy(_ version: String) throws -> Workspace {
    let workspace = try Workspace()
    for name in ["releases/\(version)", "gguf_models"] {
      let target = workspace.folder.appending(path: name)
      try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: GoldenFixture.root.appending(path: name), to: target)
    }
    return workspace
  }

  /// Runs the program in the version's folder.
  private func run(_ workspace: Workspace, _ version: String, _ line: String, input: String = "") throws
    -> SpawnedProgram.Result
  {
    let folder = workspace.path("releases/\(version)")
    return try SpawnedProgram.run([], shell: "cd '\(folder)' && exec \"$PROGRAM\" \(line)", input: input)
  }

  @Test("There are some") func count() { #expect(Self.versions.contains("0.1.0")) }

  @Test("Results are reported with the scores and costs that they had", arguments: versions)
  func results(_ version: String) throws {
    let workspace = try copy(version)
    func rows(_ csv: String) -> [[String: Substring]] {
      let lines = csv.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      return lines.dropFirst().map { Dictionary(zip(lines[0].map(String.init), $0)) { first, _ in first } }
    }
    let old = rows(
      try String(contentsOfFile: workspace.path("releases/\(version)/results/summary.csv"), encoding: .utf8))
    let report = try run(workspace, version, "report results --format csv")
    #expect(report.status == 0, "\(report.diagnostics)")
    let new = rows(report.output)
    #expect(old.count == 5 && new.count == old.count)
    for (old, new) in zip(old, new) {
      for column in [
        "suite", "model", "dataset", "method", "seed", "status", "metric", "score", "majority", "count", "pscp",
        "trainable_parameters", "added_inference_flops",
      ] {
        #expect(old[column] != nil && old[column] == new[column], "\(column) of \(old["method"] ?? "")")
      }
    }
  }

  @Test("Adapters give the log-probabilities that they gave", arguments: versions)
  func adapters(_ version: String) throws {
    let workspace = try copy(version)
    let folder = workspace.path("releases/\(version)")
    let prompts = try String(contentsOfFile: folder + "/prompts.jsonl", encoding: .utf8)
    let runs = try FileManager.default.contentsOfDirectory(atPath: folder + "/results/runs")
    #expect(runs.count == 5)
    for id in runs {
      let record = try workspace.json(file: "releases/\(version)/results/runs/\(id)/record.json")
      let method = try #require(record["method"]?["name"]?.string)
      let scored = try run(
        workspace, version, "score --model ../../gguf_models/llama-q8_0.gguf --adapter results/runs/\(id)/adapter",
        input: prompts)
      #expect(scored.status == 0, "\(method): \(scored.diagnostics)")
      let expected = try workspace.lines(file: "releases/\(version)/scores/\(method).jsonl")
      let found = try Workspace.lines(scored.output)
      #expect(found.count == expected.count)
      for (expected, found) in zip(expected, found) {
        // Other CPUs round otherwise.
        let values = try #require(expected["token_logprobs"]?.array).compactMap(\.number)
        let others = try #require(found["token_logprobs"]?.array).compactMap(\.number)
        #expect(values.count == others.count && zip(values, others).allSatisfy { abs($0 - $1) < 1e-3 }, "\(method)")
      }
    }
  }

  @Test("A training that was stopped goes on, or a sweep says that it does not", arguments: versions)
  func checkpoint(_ version: String) throws {
    let workspace = try copy(version)
    let result = try run(workspace, version, "run interrupted.yaml -o interrupted")
    #expect(result.status == 0, "\(result.diagnostics)")
    let goesOn = result.diagnostics.contains("resumes after step")
    let startsAgain = result.diagnostics.contains("the run starts again")
    let isAnother = result.diagnostics.contains("was interrupted and that this sweep does not resume")
    #expect([goesOn, startsAgain, isAnother].filter(\.self).count == 1, "\(result.diagnostics)")
    #expect(try workspace.records("releases/\(version)/interrupted").keys.contains("tones/lora"))
  }
}

extension GoldenFixture {
  /// The versions of which there are files.
  fileprivate static var versions: [String] {
    let folder = root.appending(path: "releases").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }
}
