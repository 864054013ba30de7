import CodeMetrics
import PEFTCore

/// Which runs of two results are held against each other.
package struct RunMatch: Sendable {
  /// A list of parts that cannot be read.
  package struct Mistake: InputError {
    /// What is wrong with it.
    package let description: String
  }

  /// The parts that must be equal; nil for everything that determines a run's numbers but the version of the code.
  package let parts: [RunPart]?

  /// Runs match by everything that determines their numbers, less the version of the code.
  package static let exact = RunMatch(parts: nil)

  /// Other words for a part.
  private static let aliases: [String: RunPart] = [
    "template": .prompt, "rows": .data, "seeds": .seed, "methods": .method, "datasets": .dataset, "models": .model,
  ]

  private init(parts: [RunPart]?) { self.parts = parts }

  /// Reads a list such as `dataset,method,seed`.
  ///
  /// - Throws: `Mistake` that names the word which is not a part.
  package init(_ text: String) throws(Mistake) {
    var parts: [RunPart] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(word).trimmingWhiteSpace().lowercased()
      guard let part = RunPart(rawValue: name) ?? Self.aliases[name] else {
        let names = RunPart.allCases.map(\.rawValue)
        let hint = NearestName.of(name, among: names).map { "; did you mean \($0)?" } ?? ""
        throw Mistake(
          description: "expected parts of a run (\(names.joined(separator: ", "))), found \"\(name)\"\(hint)")
      }
      if !parts.contains(part) { parts.append(part) }
    }
    self.parts = RunPart.allCases.filter(parts.contains)
  }

  /// The parts as the option has them: `dataset,method,seed`; nil for the exact match.
  package var text: String? { parts.map { $0.map(\.rawValue).joined(separator: ",") } }

  // MARK: - Keys

  /// The runs of one side by what they are matched by.
  ///
  /// - Throws: `FileError` where a part is not known of a run, or several runs of this side have one key.
  func keyed(_ results: ReportedResults, byContent: Bool) throws(FileError) -> [(key: String, run: ReportedRun)] {
    guard let parts else { return results.runs.map { ($0.key, $0) } }
    let path = results.paths.joined(separator: ", ")
    var keyed: [(key: String, run: ReportedRun)] = []
    var first: [String: ReportedRun] = [:]
    for run in results.runs {
      var words: [String] = []
      for part in parts {
        guard let word = part.value(of: run, byContent: byContent) else {
          throw FileError(
            path: path,
            "does not tell \(part.about) of \(run), since an older version wrote it: leave \(part.rawValue) out of "
              + "--match, or use the results folder")
        }
        words.append(word)
      }
      let key = words.joined(separator: "\u{1F}")
      if let other = first[key] { throw ambiguity(other, run, in: results, path: path, byContent: byContent) }
      first[key] = run
      keyed.append((key, run))
    }
    return keyed
  }

  /// What a failed or missing run, which says its place alone, can be known by.
  func placeKey(_ run: some PlacedRun) -> String {
    let known: [RunPart] = [.suite, .model, .label, .dataset, .seed]
    return (parts ?? known).compactMap { $0.place(of: run) }.joined(separator: "\u{1F}")
  }

  /// Whether a failed run is an attempt at a run that is complete elsewhere, by all that an error says.
  func isAttempt(_ failure: FailedRun, at run: ReportedRun) -> Bool {
    parts == nil ? failure.isAttempt(at: run) : placeKey(failure) == placeKey(run)
  }

  private func ambiguity(
    _ one: ReportedRun, _ other: ReportedRun, in results: ReportedResults, path: String, byContent: Bool
  ) -> FileError {
    let parts = parts ?? []
    let namesakes = results.runs.filter { run in
      parts.allSatisfy { $0.value(of: run, byContent: byContent) == $0.value(of: one, byContent: byContent) }
    }
    let telling = RunPart.allCases.filter { part in
      !parts.contains(part) && Set(namesakes.map { part.value(of: $0, byContent: byContent) }).count > 1
    }
    let place = parts.compactMap { $0.place(of: one) }.joined(separator: ", ")
    let advice =
      telling.isEmpty
      ? "nothing that --match knows tells them apart; --only leaves some of them out"
      : "told apart by \(telling.map(\.rawValue).joined(separator: ", ")): add one of these to --match"
    return FileError(
      path: path,
      "--match \(text ?? "") leaves \(namesakes.count) runs for \(place) (\(one.id), \(other.id)…); \(advice)")
  }

  // MARK: - Nothing in common

  /// The parts of which the two sides have no value in common, as the error that no run matches names them.
  func disjointParts(_ baseline: ReportedResults, _ candidate: ReportedResults) -> [String] {
    let titles: [RunPart: String] = [
      .suite: "suites", .weights: "models", .model: "models", .dataset: "datasets", .method: "methods",
      .label: "methods", .seed: "seeds",
    ]
    let looked = parts ?? [.suite, .weights, .dataset, .method]
    return looked.compactMap { part in
      func values(_ results: ReportedResults) -> Set<String?> {
        Set(results.runs.map { part.value(of: $0, byContent: false) })
      }
      return values(baseline).isDisjoint(with: values(candidate)) ? titles[part] ?? part.rawValue : nil
    }
  }
}
