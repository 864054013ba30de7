import PEFTBench
import PEFTCore

/// A report as one HTML file that needs nothing else: style, script and figures are inside.
struct HTMLReport {
  private let report: Report

  init(_ report: Report) { self.report = report }

  var text: String {
    let name = VisibleText.markup(report.results.name)
    let (wrong, problem) = wrongAnswers
    let sections = report.suites.map(SuiteSections.init)
    let head = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
      <title>\(name) · peft-bench · \(VisibleText.markup(report.suiteTitle))</title>
      <style>\(Self.style)</style>
      <script>\(Self.themeScript)</script>
      </head>
      <body>
      <a class="skip" href="#main">Skip to the results</a>
      """
    let parts =
      [head, header(sections), "<main id=\"main\">", verdicts]
      + sections.flatMap { $0.markup(notes: report.results.notes, isOnly: sections.count == 1) }
      + [
        ScoreSections(report).markup, answersSection(wrong, problem), runsSection, configurationSection, "</main>",
        footer,
      ]
      + [
        "<script type=\"application/json\" id=\"answers-data\">\(VisibleText.script(wrong?.json.compactText ?? "null"))</script>",
        "<script>\(Self.pageScript)</script>", "</body>", "</html>",
      ]
    return parts.joined(separator: "\n") + "\n"
  }

  /// Predictions that cannot be read leave the rest of the report as it is.
  private var wrongAnswers: (WrongAnswers?, String?) {
    do { return (try WrongAnswers(report), nil) } catch { return (nil, "\(error)") }
  }

  // MARK: - Around the sections

  private func header(_ sections: [SuiteSections]) -> String {
    let links =
      sections.flatMap { section in
        section.anchors.map { anchor in
          (anchor.id, sections.count > 1 ? "\(anchor.title) (\(section.suiteName))" : anchor.title)
        }
      } + [
        ("scores", "All scores"), ("confusion", "Confusion"), ("answers", "Wrong answers"), ("runs", "Runs"),
        ("config", "Config and environment"),
      ]
    let time = report.finished.replacing("T", with: " ").replacing("Z", with: " UTC")
    let finished = time.isEmpty ? "" : " · last run ended \(VisibleText.markup(time))"
    return """
      <header>
      <div class="wrap top">
      <div><p class="kicker">peft-bench <span class="badge">\(VisibleText.markup(report.suiteTitle))</span></p>
      <h1>\(VisibleText.markup(report.results.name))</h1>
      <p class="sub">\(VisibleText.markup(report.countTitle))\(finished)</p></div>
      <button type="button" id="theme" hidden>Dark</button>
      </div>
      <nav aria-label="Sections"><ul class="wrap">\(links.map { "<li><a href=\"#\($0.0)\">\(VisibleText.markup($0.1))</a></li>" }.joined())</ul></nav>
      </header>
      """
  }

  private var footer: String {
    "<footer class=\"wrap\"><p>Made by peft-bench \(VisibleText.markup(Version.current)). This page loads nothing from "
      + "elsewhere.</p></footer>"
  }

  /// The first sentence of each suite, where there are several: a page is read from its top.
  private var verdicts: String {
    guard !report.firstSentences.isEmpty else { return "" }
    let lines = report.firstSentences.map {
      "<li><b>\(VisibleText.markup($0.suite))</b>: \(VisibleText.markup($0.sentence))</li>"
    }
    return
      "<section id=\"verdicts\" class=\"wrap\"><h2>In short</h2><ul class=\"notes\">\(lines.joined())</ul></section>"
  }

  private func answersSection(_ wrong: WrongAnswers?, _ problem: String?) -> String {
    var note = ""
    if let wrong {
      note =
        wrong.wrongCount == 0
        ? "No run whose predictions are here has a wrong row."
        : "\(NumberText.count(Double(wrong.shownCount))) of \(NumberText.count(Double(wrong.wrongCount))) examples that "
          + "at least one run got wrong"
          + (wrong.shownCount < wrong.wrongCount
            ? ", the same for all methods, drawn by a fixed rule to keep this page small; all are in each run's "
              + "predictions.jsonl." : ".")
      if !wrong.unmarked.isEmpty {
        note += " Without right and wrong rows: \(wrong.unmarked.joined(separator: ", "))."
      }
      note += " Control characters and those that turn the direction of writing are shown as symbols or codes."
    } else {
      note = "The predictions cannot be read: \(problem ?? "")"
    }
    return """
      <section id="answers" class="wrap"><h2>Wrong answers</h2>
      <p class="caption">\(VisibleText.markup(note))</p>
      <form class="filters" id="answers-form" hidden>
      <label>Dataset <select id="answers-dataset"></select></label>
      <label>Wrong in <select id="answers-method"></select></label>
      <label class="grow">Search <input id="answers-query" type="search" autocomplete="off" placeholder="prompt, gold or given answer"></label>
      </form>
      <p id="answers-count" class="caption" role="status"></p>
      <div id="answers-list"></div>
      <p><button type="button" id="answers-more" hidden>Show more</button></p>
      <noscript><p>The search needs JavaScript; the answers are in each run's predictions.jsonl.</p></noscript>
      </section>
      """
  }

  private var runsSection: String {
    let columns = [
      "dataset", "method", "seed", "metric", "score", "invalid", "PSCP", "parameters", "memory", "time", "id",
    ]
    let several = report.suites.count > 1
    let rows = report.suites.flatMap { suite in
      suite.results.methods.indices.flatMap { method in
        suite.results.cells[method].flatMap(\.runs).map { (suite.results, method, $0) }
      }
    }
    let body = rows.map { suite, method, run in
      let time = run.costs.trainingSeconds.map { $0 + (run.costs.evaluationSeconds ?? 0) }
      let cells = [
        suite.title(method), "\(run.seed)", run.metric, NumberText.percent(run.value),
        NumberText.percent(run.invalidRate), NumberText.decimal(run.pscp, digits: 2),
        NumberText.count(run.costs.trainableParameters), NumberText.bytes(run.costs.tensorBytes.total),
        NumberText.seconds(time), run.id,
      ]
      let name = (several ? "\(suite.suiteTitle) · " : "") + run.dataset
      return "<tr><th scope=\"row\">\(VisibleText.markup(name))</th>"
        + cells.map { "<td>\(VisibleText.markup($0))</td>" }.joined() + "</tr>"
    }
    return """
      <section id="runs" class="wrap"><h2>Runs</h2>
      <details><summary>\(VisibleText.markup("All \(NumberText.count(Double(rows.count))) complete runs"))</summary>
      <div class="scroll" role="region" aria-label="All runs" tabindex="0"><table class="runs sortable"><caption class="vh">\
      Every complete run, \(VisibleText.markup(report.suiteTitle)); score and invalid answers in percent</caption>
      <thead><tr>\(columns.map { "<th scope=\"col\">\($0)</th>" }.joined())</tr></thead>
      <tbody>\(body.joined(separator: "\n"))</tbody></table></div></details>
      </section>
      """
  }

  private var configurationSection: String {
    var parts = ["<section id=\"config\" class=\"wrap\"><h2>Config and environment</h2>"]
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
        "<div class=\"scroll\" role=\"region\" aria-label=\"Environments\" tabindex=\"0\"><table class=\"words\"><caption class=\"vh\">"
          + "Where the runs took place</caption><thead><tr>"
          + (["runs"] + keys).map { "<th scope=\"col\">\($0)</th>" }.joined() + "</tr></thead><tbody>"
          + rows.joined() + "</tbody></table></div>")
    }
    for (index, configuration) in report.results.configurations.enumerated() {
      let number = report.results.configurations.count > 1 ? " \(index + 1)" : ""
      parts.append(details("Config\(number), with all defaults", configuration))
    }
    for suite in report.suites.map(\.results) {
      for method in suite.methods.indices {
        guard let run = suite.cells[method].first(where: { !$0.runs.isEmpty })?.runs.first else { continue }
        parts.append(details("Settings of \(suite.title(method)), \(suite.suiteTitle)", run.settings))
      }
    }
    return parts.joined(separator: "\n") + "</section>"
  }

  private func details(_ title: String, _ json: JSONValue) -> String {
    "<details><summary>\(VisibleText.markup(title))</summary><pre tabindex=\"0\">"
      + VisibleText.markup(json.prettyText, keepsLines: true) + "</pre></details>"
  }
}
