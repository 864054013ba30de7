import PEFTBench
import PEFTCore

/// The sections of an HTML report that show every score, and which label was taken for which.
struct ScoreSections {
  private let report: Report
  /// More labels than this are shown by the pairs that are confused most.
  private static let widestMatrix = 20
  private static let mostPairs = 15

  init(_ report: Report) { self.report = report }

  /// Both sections.
  var markup: String { [allScores, confusion].joined(separator: "\n") }

  // MARK: - All scores

  private var allScores: String {
    let tables = report.suites.flatMap { suite in
      ReportTables.allScores(suite).map { table in
        let title = (report.suites.count > 1 ? "\(suite.results.suiteTitle) · " : "") + table.title
        let head = table.columns.map { cell("th", $0.title, isNumber: $0.isNumber, more: " scope=\"col\"") }.joined()
        let rows = table.rows.map { row in
          "<tr>"
            + zip(table.columns, row).map { cell("td", $1.text, isNumber: $0.isNumber) }.joined() + "</tr>"
        }
        return details(
          title, self.table(title, "<thead><tr>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))</tbody>"))
      }
    }
    return """
      <section id="scores" class="wrap"><h2>All scores</h2>
      <p class="caption">Every score that a task has, times 100: means over seeds. Majority is what the most frequent \
      gold answer reaches when it is given to every row.</p>
      \(tables.joined(separator: "\n"))
      </section>
      """
  }

  // MARK: - Confusion

  private var confusion: String {
    var datasets: [String] = []
    for suite in report.suites.map(\.results) {
      for dataset in suite.datasets.indices {
        let runs = suite.methods.indices.flatMap { method in
          suite.cells[method][dataset].runs.filter { !$0.summary.classes.isEmpty }.map { run in
            let seed = run.isZeroShot ? "" : ", seed \(run.seed)"
            return details("\(suite.title(method))\(seed)", content(run))
          }
        }
        guard !runs.isEmpty else { continue }
        let prefix = report.suites.count > 1 ? "\(suite.suiteTitle) · " : ""
        datasets.append(details(prefix + suite.datasets[dataset], runs.joined(separator: "\n")))
      }
    }
    let note =
      datasets.isEmpty
      ? "No run here tells its classes: answers are not label words, or an older version or a report's JSON was read."
      : "Of each run whose answers are label words: precision, recall and F1 of each label, and how many rows of a gold "
        + "label (line) were answered with which label (column). Invalid answers name no label."
    return """
      <section id="confusion" class="wrap"><h2>Confusion</h2>
      <p class="caption">\(note)</p>
      \(datasets.joined(separator: "\n"))
      </section>
      """
  }

  private func content(_ run: ReportedRun) -> String {
    let name = "\(run)"
    let classes = run.summary.classes.map { scores in
      "<tr>" + cell("th", scores.label, isNumber: false, more: " scope=\"row\"")
        + [scores.precision, scores.recall, scores.f1].map { cell("td", NumberText.percent($0)) }.joined()
        + cell("td", "\(scores.support)") + "</tr>"
    }
    let head = ["label", "precision", "recall", "F1", "rows"].enumerated().map {
      cell("th", $1, isNumber: $0 > 0, more: " scope=\"col\"")
    }.joined()
    var parts = [
      table("Labels of \(name)", "<thead><tr>\(head)</tr></thead><tbody>\(classes.joined())</tbody>")
    ]
    if let confusion = run.summary.confusion {
      parts.append(confusion.labels.count <= Self.widestMatrix ? matrix(confusion, name) : pairs(confusion, name))
    } else if let reason = run.summary.confusionAbsence {
      parts.append("<p class=\"caption\">No confusion matrix of \(VisibleText.markup(reason)).</p>")
    }
    return parts.joined(separator: "\n")
  }

  private func matrix(_ confusion: AnswerSummary.Confusion, _ name: String) -> String {
    let head = (["gold, answered as"] + confusion.labels + ["invalid"]).enumerated().map {
      cell("th", $1, isNumber: $0 > 0, more: " scope=\"col\"")
    }.joined()
    let rows = confusion.labels.indices.map { gold in
      let counts = confusion.counts[gold] + [confusion.invalid[gold]]
      let total = counts.reduce(0, +)
      return "<tr>" + cell("th", confusion.labels[gold], isNumber: false, more: " scope=\"row\"")
        + counts.map { count in
          let shade = total == 0 ? 0 : min(9, 10 * count / total)
          return "<td class=\"h\(shade)\">\(count)</td>"
        }.joined() + "</tr>"
    }
    return table(
      "Confusion matrix of \(name)", "<thead><tr>\(head)</tr></thead><tbody>\(rows.joined())</tbody>", style: "heat")
  }

  /// The pairs of labels that are confused most, for matrices that no page has room for.
  private func pairs(_ confusion: AnswerSummary.Confusion, _ name: String) -> String {
    let labels = confusion.labels
    let found = labels.indices.flatMap { gold in
      labels.indices.filter { $0 != gold && confusion.counts[gold][$0] > 0 }.map { (gold, $0) }
    }
    let most = found.sorted { one, other in
      let counts = (confusion.counts[one.0][one.1], confusion.counts[other.0][other.1])
      return counts.0 != counts.1 ? counts.0 > counts.1 : one < other
    }.prefix(Self.mostPairs)
    let rows = most.map { gold, answer in
      "<tr>" + cell("td", labels[gold], isNumber: false) + cell("td", labels[answer], isNumber: false)
        + cell("td", "\(confusion.counts[gold][answer])") + "</tr>"
    }
    let head = ["gold", "answered as", "rows"].enumerated().map {
      cell("th", $1, isNumber: $0 == 2, more: " scope=\"col\"")
    }.joined()
    return "<p class=\"caption\">The \(most.count) pairs of labels that are confused most; the whole matrix of "
      + "\(labels.count) labels is in the run's record.json.</p>"
      + table("Confused labels of \(name)", "<thead><tr>\(head)</tr></thead><tbody>\(rows.joined())</tbody>")
  }

  // MARK: - Pieces

  private func cell(_ tag: String, _ text: String, isNumber: Bool = true, more: String = "") -> String {
    "<\(tag)\(more)\(isNumber ? "" : " class=\"w\"")>\(VisibleText.markup(text))</\(tag)>"
  }

  private func table(_ name: String, _ content: String, style: String = "") -> String {
    let name = VisibleText.markup(name)
    let style = style.isEmpty ? "" : " class=\"\(style)\""
    return "<div class=\"scroll\" role=\"region\" aria-label=\"\(name)\" tabindex=\"0\"><table\(style)>"
      + "<caption class=\"vh\">\(name)</caption>\(content)</table></div>"
  }

  private func details(_ title: String, _ content: String) -> String {
    "<details><summary>\(VisibleText.markup(title))</summary>\(content)</details>"
  }
}
