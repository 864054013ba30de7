import PEFTBench

extension SuitePage {
  /// What may be concluded, the first thing on the page: who is at the top, and the verdict's sentences.
  var verdict: PageSection {
    let sentences = statistics.verdict?.sentences ?? []
    let list = sentences.dropFirst().map { "<li>\(VisibleText.markup($0))</li>" }.joined()
    return section(
      "verdict", "Verdict",
      [
        "<div class=\"verdict\(isDecided ? " decided" : "")\"><p class=\"lead\">\(VisibleText.markup(sentences.first ?? ""))</p>\(tops)"
          + (list.isEmpty ? "" : "<ul>\(list)</ul>") + "</div>"
      ])
  }

  private var isDecided: Bool { statistics.verdict?.score?.best != nil }

  /// A card for each measure: the highest value and whose it is.
  private var tops: String {
    let rows = statistics.leaderboard.filter { !results.methods[$0.method].isZeroShot && $0.mean != nil }
    let eligible = rows.filter(\.standing.isEligible)
    var cards: [(title: String, value: String, text: String)] = []
    func others(_ top: Verdict.Top?) -> String {
      guard let count = top?.tied.count, count > 0 else { return "" }
      return count == 1 ? ", tied with another" : ", tied with \(count) others"
    }
    if let best = eligible.max(by: { ($0.mean ?? -1) < ($1.mean ?? -1) }) {
      let tied = others(statistics.verdict?.score)
      cards.append(
        (
          tied.isEmpty ? "Best score" : "Highest score", NumberText.percent(best.mean),
          results.title(best.method) + tied
        ))
      if let base = base(of: best) {
        cards.append(
          (
            "Gain over zero-shot",
            NumberText.signed(best.mean.map { 100 * ($0 - base) }, digits: 1),
            "points, from \(NumberText.percent(base))"
          ))
      }
    }
    if let best = eligible.max(by: { ($0.pscp ?? -1) < ($1.pscp ?? -1) }), best.pscp != nil {
      let tied = others(statistics.verdict?.pscp)
      cards.append(
        (
          tied.isEmpty ? "Best PSCP" : "Highest PSCP", NumberText.decimal(best.pscp, digits: 2),
          results.title(best.method) + tied
        ))
    }
    if let least = eligible.min(by: { ($0.costs?.parameters ?? .infinity) < ($1.costs?.parameters ?? .infinity) }) {
      cards.append(
        (
          "Fewest parameters", NumberText.short(least.costs?.parameters),
          "\(results.title(least.method)), score \(NumberText.percent(least.mean))"
        ))
    }
    let failed = results.failures.count
    if failed > 0 { cards.append(("Failed", "\(failed)", failed == 1 ? "run, in no mean" : "runs, in no mean")) }
    guard !cards.isEmpty else { return "" }
    return "<div class=\"cards\">"
      + cards.map {
        "<div class=\"card\($0.title == "Failed" ? " bad" : "")\"><p>\(VisibleText.markup($0.title))</p><p class=\"figure\">\(VisibleText.markup($0.value))</p>"
          + "<p>\(VisibleText.markup($0.text))</p></div>"
      }.joined() + "</div>"
  }

  /// The mean score of the model that a method was attached to.
  private func base(of row: SuiteStatistics.Row) -> Double? {
    statistics.leaderboard.first {
      results.methods[$0.method].isZeroShot && $0.mean != nil
        && results.methods[$0.method].modelHash == results.methods[row.method].modelHash
    }?.mean
  }
}
