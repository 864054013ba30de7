import PEFTBench
import PEFTCore
import PEFTMethods

/// Which runs are runs of one method, and what that is called.
extension SuiteResults {
  /// What tables and sentences call a method: its title, and of the model's own answers that it is that.
  package func title(_ method: Int) -> String {
    let title = methods[method].title
    return methods[method].isZeroShot && title == MethodRegistry.baseName ? "\(title) (zero-shot)" : title
  }

  /// The models of complete runs by name and hash, and those that have nothing but failed or missing runs.
  static func models(of runs: [ReportedRun], failures: [FailedRun], missing: [MissingRun]) -> [[String]] {
    var models = unique(runs.map { [$0.modelName, $0.modelHash] })
    for failure in failures where !models.contains(where: { isModel($0, of: failure) }) {
      models.append([failure.modelName, failure.modelHash])
    }
    for run in missing where !models.contains(where: { $0[0] == run.modelName }) { models.append([run.modelName, ""]) }
    return models
  }

  /// Whether a model, by name and hash, is that of a failed run, whose error may not tell the hash.
  private static func isModel(_ model: [String], of failure: FailedRun) -> Bool {
    model[0] == failure.modelName && (failure.modelHash.isEmpty || model[1].isEmpty || model[1] == failure.modelHash)
  }

  /// The method that a failed run is of.
  static func method(of failure: FailedRun, among methods: [Method]) -> Int? {
    methods.firstIndex { $0.label == failure.label && isModel([$0.modelName, $0.modelHash], of: failure) }
  }

  /// One method for each model and label; more where one label stands for unlike runs, so that nothing unlike is averaged.
  ///
  /// A run that nothing tells from a later one has no method.
  static func methods(
    of runs: [ReportedRun], models: [[String]], order: [String], failures: [FailedRun], missing: [MissingRun]
  ) -> (methods: [Method], assignment: [Int?], notes: [String]) {
    // Training on other rows is another setting.
    let rows = RowSets(runs, .training)
    var groups: [[String]: [Int]] = [:]
    for (index, run) in runs.enumerated() {
      groups[[run.modelName, run.modelHash, run.label], default: []].append(index)
    }
    let labels = unique(
      [MethodRegistry.baseName] + order + runs.map(\.label) + failures.map(\.label) + missing.map(\.label))
    let names = unique(models.map { $0[0] })
    var methods: [Method] = []
    var assignment = [Int?](repeating: nil, count: runs.count)
    var notes: [String] = []
    for model in models {
      // Two files of one name are told apart by their hashes.
      let isAmbiguous = models.count { $0[0] == model[0] } > 1
      let modelTitle = isAmbiguous ? "\(model[0]) [\(model[1].prefix(6))]" : model[0]
      let prefix = names.count > 1 || isAmbiguous ? "\(modelTitle) · " : ""
      for label in labels {
        guard let members = groups[[model[0], model[1], label]] else {
          // A method may have nothing but failed or missing runs.
          let name =
            failures.first { $0.label == label && isModel(model, of: $0) }?.methodName
            ?? missing.first { $0.label == label && $0.modelName == model[0] }?.methodName
          if let name {
            methods.append(
              Method(
                modelName: model[0], modelHash: model[1], name: name, label: label,
                title: prefix + ShortLabel.of(label),
                distinction: "", contents: []))
          }
          continue
        }
        let variants = Dictionary(grouping: members) { [runs[$0].settings.compactText, "\(rows.assignment[$0])"] }
          .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        for (number, variant) in variants.enumerated() {
          let split = ContentSplit(variant, of: runs)
          notes += split.superseded.map { note(runs[$0.run], replacedBy: runs[$0.by]) }
          let settings = variants.count > 1 ? distinctions(of: variant, among: variants, runs, rows: rows) : []
          for group in split.groups {
            for index in group.members { assignment[index] = methods.count }
            var parts = settings + group.distinctions.map(\.text)
            if parts.isEmpty, variants.count > 1 { parts = ["\(number + 1)"] }
            let distinction = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
            methods.append(
              Method(
                modelName: model[0], modelHash: model[1], name: runs[variant[0]].methodName, label: label,
                title: prefix + ShortLabel.of(label) + distinction, distinction: distinction,
                contents: group.distinctions))
          }
        }
      }
    }
    return (methods, assignment, notes)
  }

  /// What is said of a run that is left out for a later one, with both scores.
  private static func note(_ run: ReportedRun, replacedBy later: ReportedRun) -> String {
    "Two runs of \(run) differ in what their records do not tell: \(NumberText.percent(later.value)), which ended last, "
      + "counts, and \(NumberText.percent(run.value)) is left out (\(run.id))."
  }

  /// What tells a variant from the others of its label: `lr=1e-3`, `16 training rows`, `not trained`.
  ///
  /// Runs that train nothing have no settings of a training. Those that do are compared among themselves, since otherwise all
  /// their settings would be differences.
  private static func distinctions(
    of variant: [Int], among variants: [[Int]], _ runs: [ReportedRun], rows: RowSets
  ) -> [String] {
    func flat(_ variant: [Int]) -> [(key: String, value: String)] {
      runs[variant[0]].flatSettings.map { ($0.key, $0.value.compactText) }
    }
    let isTrained = runs[variant[0]].isTrained
    let peers = variants.filter { runs[$0[0]].isTrained == isTrained }
    let all = peers.map(flat)
    let differing = flat(variant).filter { key, value in
      all.contains { other in !other.contains { $0.key == key && $0.value == value } }
    }
    var parts = differing.map { ShortLabel.of($0.key, $0.value.replacing("\"", with: "")) }
    if Set(peers.map { rows.assignment[$0[0]] }).count > 1 { parts.append(rows.names[rows.assignment[variant[0]]]) }
    guard peers.count < variants.count else { return parts }
    if !isTrained { return ["not trained"] + parts }
    return parts.isEmpty ? ["trained"] : parts
  }
}
