import PEFTBench
import PEFTCore

extension HTMLReport {
  /// Where the runs took place, and what they were set to; nil where nothing tells it.
  var configurationSection: PageSection? {
    var parts: [String] = []
    var environments: [(environment: RunEnvironment, count: Int)] = []
    for run in report.results.runs {
      guard let environment = run.environment else { continue }
      if let index = environments.firstIndex(where: { $0.environment == environment }) {
        environments[index].count += 1
      } else {
        environments.append((environment, 1))
      }
    }
    let keys = RunEnvironment.members.map(\.key)
    if !environments.isEmpty {
      let rows = environments.map { environment, count in
        let json = environment.recordJSON
        let cells = keys.map { key in json.number(key).map(NumberText.plain) ?? json.string(key) }
        return "<tr><th scope=\"row\">\(count)</th>" + cells.map { "<td>\(VisibleText.markup($0))</td>" }.joined()
          + "</tr>"
      }
      parts.append(
        PageParts.table(
          "Where the runs took place", style: "words",
          PageParts.head((["runs"] + keys).map { ($0, true) }) + "<tbody>\(rows.joined())</tbody>"))
    }
    for (index, configuration) in report.results.configurations.enumerated() {
      let number = report.results.configurations.count > 1 ? " \(index + 1)" : ""
      parts.append(details("Config\(number), with all defaults", configuration))
    }
    let settings = report.suites.map(\.results).flatMap { suite in
      suite.methods.indices.compactMap { method -> String? in
        guard let run = suite.cells[method].first(where: { !$0.runs.isEmpty })?.runs.first else { return nil }
        return details("Settings of \(suite.title(method)), \(suite.suiteTitle)", run.settings)
      }
    }
    parts +=
      settings.count > SuitePage.mostColumns
      ? [PageParts.folded("Settings of \(settings.count) methods", settings.joined(separator: "\n"))] : settings
    guard !parts.isEmpty else { return nil }
    return PageSection("config", "Config and environment", parts)
  }

  private func details(_ title: String, _ json: JSONValue) -> String {
    PageParts.folded(
      title, "<pre tabindex=\"0\">" + VisibleText.markup(json.prettyText, keepsLines: true) + "</pre>")
  }
}
