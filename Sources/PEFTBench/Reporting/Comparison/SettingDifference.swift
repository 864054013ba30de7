import PEFTBench
import PEFTCore

/// A setting in which two runs that are held against each other differ.
package struct SettingDifference: Sendable, Hashable {
  /// What it is called: `rank`, `learning_rate`, `evaluation.mode`, `model`.
  package let name: String
  /// The baseline's value as people read it; a dash where it has none.
  package let baseline: String
  /// The candidate's value.
  package let candidate: String

  /// `learning_rate 0.001 → 0.002`.
  package var description: String { "\(name) \(baseline) → \(candidate)" }

  /// What differs between two runs, in the order of a config: model, method, data, training, evaluation.
  static func between(_ old: ReportedRun, _ new: ReportedRun) -> [SettingDifference] {
    var found: [SettingDifference] = []
    func add(_ name: String, _ before: String?, _ after: String?) {
      guard before != after else { return }
      found.append(
        SettingDifference(
          name: name, baseline: VisibleText.cut(before ?? "–", to: 40), candidate: VisibleText.cut(after ?? "–", to: 40)
        )
      )
    }
    // What one side does not tell is not a difference.
    func addKnown(_ name: String, _ before: String?, _ after: String?) {
      if let before, let after { add(name, before, after) }
    }
    func hash(_ text: String?) -> String? { text.map { String($0.prefix(8)) } }
    add("suite", old.suite, new.suite)
    add("model", old.modelName, new.modelName)
    if !old.modelHash.isEmpty, !new.modelHash.isEmpty { add("weights", hash(old.modelHash), hash(new.modelHash)) }
    addKnown("dtype", old.dataType, new.dataType)
    add("method", old.methodName, new.methodName)
    addMembers("", "options", old, new, add)
    add("dataset", old.dataset, new.dataset)
    if !old.isZeroShot || !new.isZeroShot { add("seed", "\(old.seed)", "\(new.seed)") }
    addRows(old, new, add)
    addKnown("prompt template", hash(old.rows.template), hash(new.rows.template))
    // With other weights, the rest of the model is mostly another one too.
    if old.modelHash == new.modelHash { addModelParts(old, new, addKnown) }
    addMembers("", "training", old, new, add)
    addMembers("evaluation.", "evaluation", old, new, add)
    addKnown(
      "evaluation.batch_size", old.evaluationBatchSize.map { "\($0)" }, new.evaluationBatchSize.map { "\($0)" })
    // What decides numbers and is told nowhere else, such as the scoring.
    if found.isEmpty {
      for part in old.contents.parts { addKnown(part.name, hash(part.value), hash(new.contents[part.name])) }
    }
    // A report of an earlier version keeps no more than whether all of it is the same.
    if found.isEmpty { addKnown("tokenizer, config.json or further rows", hash(old.content), hash(new.content)) }
    return found
  }

  /// What is read of a model beside its weights, as far as records tell it.
  private static func addModelParts(
    _ old: ReportedRun, _ new: ReportedRun, _ add: (String, String?, String?) -> Void
  ) {
    for (name, key) in [("tokenizer", "tokenizer"), ("config.json", "description"), ("end tokens", "end_tokens")] {
      add(name, old.modelPart(key), new.modelPart(key))
    }
    if old.rows.template == new.rows.template { add("chat template", old.modelPart("chat"), new.modelPart("chat")) }
  }

  private static func addRows(
    _ old: ReportedRun, _ new: ReportedRun, _ add: (String, String?, String?) -> Void
  ) {
    func part(_ name: String, _ count: (ReportedRun) -> Int?, _ content: (ReportedRun) -> String?) {
      guard let before = count(old), let after = count(new) else { return }
      if before != after {
        add(name, "\(before)", "\(after)")
      } else if let one = content(old), let other = content(new), one != other {
        add(name, "\(before)", "\(after) others")
      }
    }
    if old.isTrained, new.isTrained { part("training rows", \.rows.trainingCount, \.rows.trainingContent) }
    // Their hash is of what a tokenizer and a template make of them.
    let areOneText =
      old.modelHash == new.modelHash && old.rows.template == new.rows.template
      && old.contents["tokenizer"] == new.contents["tokenizer"]
    part(RunContents.augmentedRows, { $0.strategy?.augmentedRows.flatMap { Int(exactly: $0) } }) {
      areOneText ? $0.contents[RunContents.augmentedRows] : nil
    }
    part("scored rows", \.rows.evaluationCount, \.rows.evaluationContent)
  }

  /// The members of one part of the settings, those of nested objects under dotted names.
  private static func addMembers(
    _ prefix: String, _ part: String, _ old: ReportedRun, _ new: ReportedRun, _ add: (String, String?, String?) -> Void
  ) {
    guard let before = old.settings[part], let after = new.settings[part], before != .null, after != .null else {
      return
    }
    let (old, new) = (flat(before), flat(after))
    var names = old.map(\.name)
    for member in new where !names.contains(member.name) { names.append(member.name) }
    for name in names {
      add(prefix + name, old.first { $0.name == name }?.text, new.first { $0.name == name }?.text)
    }
  }

  private static func flat(_ json: JSONValue, _ prefix: String = "") -> [(name: String, text: String)] {
    guard case .object(let object) = json else { return [] }
    return object.members.flatMap { key, value -> [(name: String, text: String)] in
      switch value {
      case .null: return []
      case .object: return flat(value, prefix + key + ".")
      case .string(let text): return [(prefix + key, text)]
      case .number(let number): return [(prefix + key, JSONValue.count(number).compactText)]
      default: return [(prefix + key, value.compactText)]
      }
    }
  }
}

/// Matched runs that differ in the same settings.
package struct SettingChange: Sendable {
  /// The candidate's runs.
  package let runs: [ReportedRun]
  /// What differs.
  package let differences: [SettingDifference]

  /// The changes of all pairs, those that are alike together, in the order of the runs.
  static func of(_ pairs: [(ReportedRun, ReportedRun)]) -> [SettingChange] {
    var places: [[SettingDifference]: Int] = [:]
    var groups: [(runs: [ReportedRun], differences: [SettingDifference])] = []
    for (old, new) in pairs {
      let differences = SettingDifference.between(old, new)
      guard !differences.isEmpty else { continue }
      if let place = places[differences] {
        groups[place].runs.append(new)
      } else {
        places[differences] = groups.count
        groups.append(([new], differences))
      }
    }
    return groups.map { SettingChange(runs: $0.runs, differences: $0.differences) }
  }

  /// One line: which runs, and what differs; `total` is how many runs are compared.
  func text(of total: Int) -> String {
    let who: String
    if runs.count == total {
      who = total == 1 ? "the run" : "all \(total) runs"
    } else if runs.count <= 2 {
      who = runs.map(\.description).joined(separator: " and ")
    } else {
      who = "\(runs.count) runs"
    }
    return "\(who): \(differences.map(\.description).joined(separator: "; "))"
  }
}
