import PEFTBench

/// Test results in the XML form that CI systems read.
struct JUnitDocument {
  /// What became of one test case.
  enum Outcome {
    case passed
    case failed(String)
    case skipped(String)
  }

  private let name: String
  private let properties: [(name: String, value: String)]
  private var cases: [(group: String, name: String, seconds: Double, outcome: Outcome)] = []

  init(name: String, properties: [(name: String, value: String)] = []) {
    self.name = name
    self.properties = properties
  }

  /// Adds a run as a test case of its dataset.
  ///
  /// - Parameter label: What the run is called where its own label does not tell it from others.
  mutating func add(
    _ run: some PlacedRun, label: String? = nil, namesModel: Bool, seconds: Double = 0, _ outcome: Outcome
  ) {
    let model = namesModel ? run.modelName + " " : ""
    cases.append(("\(run.suite).\(run.dataset)", "\(model)\(label ?? run.label) seed \(run.seed)", seconds, outcome))
  }

  var text: String {
    func escaped(_ text: String) -> String { VisibleText.markup(text) }
    let failures = cases.count { if case .failed = $0.outcome { true } else { false } }
    let skipped = cases.count { if case .skipped = $0.outcome { true } else { false } }
    let total = NumberText.decimal(cases.reduce(0) { $0 + $1.seconds }, digits: 3)
    let counts =
      "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"\(skipped)\" time=\"\(total)\""
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites name=\"\(escaped(name))\" \(counts)>",
      "  <testsuite name=\"\(escaped(name))\" \(counts)>",
    ]
    if !properties.isEmpty {
      lines.append("    <properties>")
      for property in properties {
        lines.append("      <property name=\"\(escaped(property.name))\" value=\"\(escaped(property.value))\"/>")
      }
      lines.append("    </properties>")
    }
    for test in cases {
      let head =
        "    <testcase classname=\"\(escaped(test.group))\" name=\"\(escaped(test.name))\" time=\""
        + "\(NumberText.decimal(test.seconds, digits: 3))\""
      switch test.outcome {
      case .passed: lines.append(head + "/>")
      case .failed(let message):
        lines.append(
          head + "><failure message=\"\(escaped(VisibleText.cut(message, to: 300)))\">"
            + VisibleText.markup(message, keepsLines: true) + "</failure></testcase>")
      case .skipped(let message):
        lines.append(head + "><skipped message=\"\(escaped(message))\"/></testcase>")
      }
    }
    lines += ["  </testsuite>", "</testsuites>"]
    return lines.joined(separator: "\n") + "\n"
  }
}

/// A report as JUnit XML: a test case for each run, which fails if the run did.
enum JUnitReport {
  static func text(_ report: Report) -> String {
    var document = JUnitDocument(
      name: "peft-bench \(report.results.name)",
      properties: [("suite", report.suiteTitle), ("version", Version.current)])
    for suite in report.suites.map(\.results) {
      let hasModels = suite.modelNames.count > 1
      for run in suite.runs {
        let seconds = (run.costs.trainingSeconds ?? 0) + (run.costs.evaluationSeconds ?? 0)
        document.add(run, label: suite.label(of: run), namesModel: hasModels, seconds: seconds, .passed)
      }
      for run in suite.failures { document.add(run, namesModel: hasModels, .failed(run.error)) }
      for run in suite.missing { document.add(run, namesModel: hasModels, .skipped("missing: \(run.cause)")) }
    }
    return document.text
  }
}
