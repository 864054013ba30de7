import Foundation
import PEFTCore

/// One run of a sweep, with its position in the plan and the id of its results.
package struct SweepRun: Sendable {
  /// The place in the plan of this call, from 0.
  package let index: Int
  /// What to do.
  package let planned: PlannedRun
  /// The id.
  package let id: String
  /// What it reads; nil where nobody checks that.
  package let inputs: RunInputs?
  /// The run in a config's words, for a process that cannot know it by its place; nil where the config lists it there.
  package let proposal: JSONValue?

  /// Bytes that it may take beside the runs that are done at the same time; nil where nobody said.
  package private(set) var memoryShare: Int?

  /// The same run with bytes that it may take.
  package func within(_ memoryShare: Int?) -> SweepRun {
    var run = self
    run.memoryShare = memoryShare
    return run
  }

  /// The SHA-256 of the model's weights; empty where it is not known.
  package var modelHash: String { inputs?.weights.sha256 ?? "" }

  /// Puts a run together whose id was found elsewhere.
  package init(index: Int, planned: PlannedRun, id: String, inputs: RunInputs?, proposal: JSONValue? = nil) {
    (self.index, self.planned, self.id, self.inputs, self.proposal) = (index, planned, id, inputs, proposal)
  }
}

/// The runs that a results folder is to hold, as kept in plan.json: what `status` counts against.
package struct SweepPlan {
  static let fileName = "plan.json"

  package struct Entry: Equatable {
    package let model: String
    package let dataset: String
    package let method: String
    package let seed: Int
    /// Nil until a process that has to do with the run has read its data.
    package var id: String?

    package var key: [String] { [model, dataset, method, String(seed)] }
  }

  package var entries: [Entry]
  /// The keys of all runs that the config can ask for; others of an earlier plan are given up.
  private var possible: Set<[String]> = []

  /// The plan of one call.
  ///
  /// - Parameters:
  ///   - asked: The runs of the call before `--shard` chose among them: other shards do the rest.
  ///   - known: The runs whose ids are known.
  ///   - possible: All runs of the config, those that `--only` left out too.
  package init(_ asked: [PlannedRun], known: [SweepRun], possible: [PlannedRun]) {
    entries = asked.map(Self.entry)
    let positions = Self.positions(of: entries)
    for run in known {
      if let position = positions[Self.entry(run.planned).key] { entries[position].id = run.id }
    }
    self.possible = Set(possible.map { Self.entry($0).key })
  }

  private static func entry(_ run: PlannedRun) -> Entry {
    Entry(model: run.model.name, dataset: run.dataset.id, method: run.method.label, seed: run.seed, id: nil)
  }

  private static func positions(of entries: [Entry]) -> [[String]: Int] {
    Dictionary(entries.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The plan that a results folder has; empty without one.
  package init(folder: String) {
    let path = "\(folder)/\(Self.fileName)"
    let value = try? JSONParser.parse(file: path).value
    entries = (value?["runs"]?.array ?? []).compactMap { run in
      guard let model = run["model"]?.string, let dataset = run["dataset"]?.string,
        let method = run["method"]?.string, let seed = run["seed"]?.integer
      else { return nil }
      // An id names a folder; anything else could lead out of the results.
      let id = run["id"]?.string.flatMap { $0.utf8.contains(0x2F) || $0.hasPrefix(".") || $0.isEmpty ? nil : $0 }
      return Entry(model: model, dataset: dataset, method: method, seed: seed, id: id)
    }
  }

  /// This plan with what an earlier one has besides: ids that are not known here, and runs that this call leaves out.
  func merged(with earlier: SweepPlan) -> SweepPlan {
    var result = self
    let positions = Self.positions(of: entries)
    for entry in earlier.entries {
      if let position = positions[entry.key] {
        result.entries[position].id = result.entries[position].id ?? entry.id
      } else if possible.contains(entry.key) {
        result.entries.append(entry)
      }
    }
    return result
  }

  /// The text of the file, one run a line.
  var text: String {
    let lines = entries.map { entry -> String in
      let json: JSONValue = [
        "model": JSONValue(entry.model), "dataset": JSONValue(entry.dataset), "method": JSONValue(entry.method),
        "seed": JSONValue(entry.seed), "id": JSONValue(entry.id),
      ]
      return "  " + json.compactText
    }
    return "{\"runs\": [\n\(lines.joined(separator: ",\n"))\n]}\n"
  }
}
