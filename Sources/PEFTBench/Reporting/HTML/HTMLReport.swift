import PEFTBench
import PEFTCore

/// A report as one HTML file that needs nothing else: style, scripts, figures and data are inside.
///
/// A section is a value that an extension in `Sections` makes; here they are put in order and framed.
struct HTMLReport {
  let report: Report

  init(_ report: Report) { self.report = report }

  var text: String {
    let pages = report.suites.map { SuitePage($0, notes: report.results.notes) }
    let answers = WrongAnswers.Outcome(report)
    let confusion = ConfusionData(report)
    let explorer = ExplorerData(report)
    var body: [String] = []
    var links: [(id: String, title: String)] = []
    func add(_ sections: [PageSection], of page: SuitePage? = nil) {
      let suffix = page.flatMap { pages.count > 1 ? " (\($0.suiteName))" : nil } ?? ""
      if let page, pages.count > 1 {
        body.append("<h2 class=\"wrap suite\">\(VisibleText.markup(page.suiteName))</h2>")
      }
      for section in sections {
        body.append(section.markup)
        links.append((section.id, section.link + suffix))
      }
    }
    for page in pages { add(page.answers, of: page) }
    add([explorerSection(explorer)].compactMap { $0 })
    for page in pages { add(page.details, of: page) }
    let wrong = report.results.runs.isEmpty ? nil : answersSection(answers, confusion)
    add([similaritySection, allScores, wrong, runsSection, configurationSection].compactMap { $0 })
    let parts =
      [head, header(links), "<main id=\"main\">", firstSentences] + body + [
        "</main>", footer, Self.data("answers-data", answers.json), Self.data("confusion-data", confusion.json),
        Self.data("explorer-data", explorer?.json ?? .null),
        "<script>\(PageAssets.script)</script>", "</body>", "</html>",
      ]
    return parts.joined(separator: "\n") + "\n"
  }

  // MARK: - Around the sections

  private var head: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
    <title>\(VisibleText.markup(report.results.name)) · peft-bench · \(VisibleText.markup(report.suiteTitle))</title>
    <style>\(PageAssets.style)</style>
    <script>\(PageAssets.themeScript)</script>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the results</a>
    """
  }

  private func header(_ links: [(id: String, title: String)]) -> String {
    let time = report.finished.replacing("T", with: " ").replacing("Z", with: " UTC")
    let finished = time.isEmpty ? "" : " · last run ended \(VisibleText.markup(time))"
    let list = links.map { "<li><a href=\"#\($0.id)\">\(VisibleText.markup($0.title))</a></li>" }.joined()
    // A page of a sweep that goes on can be told to load itself again.
    let watch =
      report.results.missing.isEmpty
      ? "" : "<label class=\"watch\" hidden><input type=\"checkbox\" id=\"watch\"> reload every 10 s</label>"
    return """
      <header>
      <div class="wrap top">
      <div><p class="kicker">peft-bench <span class="badge">\(VisibleText.markup(report.suiteTitle))</span></p>
      <h1>\(VisibleText.markup(report.results.name))</h1>
      <p class="sub">\(VisibleText.markup(report.countTitle))\(finished)</p></div>
      <div class="tools">\(watch)<button type="button" id="theme" hidden>Dark</button></div>
      </div>
      <nav aria-label="Sections"><ul class="wrap">\(list)</ul></nav>
      </header>
      """
  }

  private var footer: String {
    "<footer class=\"wrap\"><p>Made by peft-bench \(VisibleText.markup(Version.current)). This page loads nothing from "
      + "elsewhere.</p></footer>"
  }

  /// The first sentence of each suite, where there are several: a page is read from its top.
  private var firstSentences: String {
    guard !report.firstSentences.isEmpty else { return "" }
    let lines = report.firstSentences.map {
      "<li><b>\(VisibleText.markup($0.suite))</b>: \(VisibleText.markup($0.sentence))</li>"
    }
    return
      "<section id=\"verdicts\" class=\"wrap\"><h2>In short</h2><ul class=\"notes\">\(lines.joined())</ul></section>"
  }

  /// Data for the page's scripts, which nothing in it can leave.
  private static func data(_ id: String, _ json: JSONValue) -> String {
    "<script type=\"application/json\" id=\"\(id)\">\(VisibleText.script(VisibleText.json(json.compactText)))</script>"
  }
}
