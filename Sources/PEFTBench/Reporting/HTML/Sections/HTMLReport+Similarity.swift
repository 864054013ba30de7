import PEFTBench

extension HTMLReport {
  /// How alike the adapters of the results folders are, where somebody has compared them.
  var similaritySection: PageSection? {
    guard !report.similarities.isEmpty else { return nil }
    let parts = report.similarities.enumerated().flatMap { number, maps in
      [PageParts.caption(maps.caption)]
        + maps.heatMaps("similarity-\(number + 1)").map { map in
          PageParts.heading(map.title) + PageParts.table(map.title, style: "heat", map.table)
        }
    }
    return PageSection("similarity", "How alike the adapters are", link: "Similarity", parts)
  }
}
