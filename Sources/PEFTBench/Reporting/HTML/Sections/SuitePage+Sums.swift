import PEFTBench

/// What adapters that came from others are worth: sums of them, and trainings that began with one.
extension SuitePage {
  /// Sums of adapters by weight, and what every two tasks keep.
  var sums: PageSection? {
    let (means, maps, curves) = (figures.sumMeans, figures.sumMaps, figures.sumCurves)
    let compressions = figures.compressions
    guard !(means.isEmpty && maps.isEmpty && curves.isEmpty && compressions == nil) else { return nil }
    let chosen =
      suite.sums.contains(where: \.isChosenOnOthers)
      ? "the rows of the curves have chosen; tables are of evaluation rows" : "these same rows have chosen"
    var parts = [
      PageParts.caption(
        "Adapters that were combined, taken at a part of their strength or compressed, and judged as they are. Kept is the "
          + "score over that of the task's own adapter, in percent. A ring marks the numbers with the highest mean, which "
          + "\(chosen).")
    ]
    if !means.isEmpty {
      parts.append(
        PageParts.caption("The mean over all sums and tasks, with the 95 % interval for other ones of their kind.")
          + "<div class=\"pair\">\(means.map { PageParts.figure($0) }.joined())</div>")
    }
    for map in maps {
      parts.append(
        PageParts.heading(map.title)
          + scroll(
            map.title,
            caption: "What the task of a row keeps when that of a column is added, at the numbers that were chosen.",
            table: "heat", map.table))
    }
    if !curves.isEmpty {
      let content = "<div class=\"pair\">\(curves.map { PageParts.figure($0) }.joined())</div>"
      parts.append(
        curves.count > Self.mostOpenCurves ? PageParts.folded("Each sum by itself (\(curves.count))", content) : content
      )
    }
    if let compressions {
      parts.append(
        PageParts.heading("Compressed adapters")
          + PageParts.caption("The mean over tasks, with the 95 % interval for other ones of their kind.")
          + "<div class=\"pair\">\(PageParts.figure(compressions))</div>")
    }
    return section("sums", "Sums of adapters", link: "Sums", parts)
  }

  /// More figures than this are shown on demand.
  private static let mostOpenCurves = 4

  /// Scores by the number of training rows, a line for each start.
  var shots: PageSection? {
    let shots = figures.shots
    guard !shots.isEmpty else { return nil }
    return section(
      "shots", "Few training rows, by start", link: "Few rows",
      [
        PageParts.caption(
          "Score with its 95 % interval against the number of training rows, a line for each start of the adapter. At 0 it is "
            + "judged as it is, before any training."),
        "<div class=\"pair\">\(shots.map { PageParts.figure($0) }.joined())</div>",
      ])
  }
}
