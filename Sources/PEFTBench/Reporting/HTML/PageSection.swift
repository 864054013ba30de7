import PEFTBench

/// A part of the page under a heading of its own, to which the navigation leads.
///
/// What makes one is a file in `Sections`.
struct PageSection {
  /// The anchor.
  let id: String
  /// The heading.
  let title: String
  /// What the navigation calls it.
  let link: String
  private let parts: [String]

  init(_ id: String, _ title: String, link: String? = nil, _ parts: [String]) {
    (self.id, self.title, self.link, self.parts) = (id, title, link ?? title, parts)
  }

  /// The element.
  var markup: String {
    "<section id=\"\(id)\" class=\"wrap\"><h2>\(VisibleText.markup(title))</h2>\n"
      + parts.filter { !$0.isEmpty }.joined(separator: "\n") + "</section>"
  }
}
