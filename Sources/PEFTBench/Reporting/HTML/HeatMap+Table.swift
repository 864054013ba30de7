import PEFTBench

extension HeatMap {
  /// The table's rows with their head.
  var table: String {
    let body = zip(rows, values).map { name, values in
      "<tr><th scope=\"row\"\(PageParts.wrapping(name))>\(VisibleText.markup(name))</th>"
        + values.map { value in
          value.map { "<td class=\"h\(shade($0))\">\(VisibleText.markup(text($0)))</td>" }
            ?? "<td class=\"none\">–</td>"
        }.joined() + "</tr>"
    }
    return PageParts.head([(head, false)] + columns.map { ($0, true) })
      + "<tbody>\(body.joined(separator: "\n"))</tbody>"
  }
}
