import PEFTBench

/// Sections that are figures with a sentence about what they show.
extension SuitePage {
  /// Methods by score with their intervals; each dataset on demand.
  var forest: PageSection? {
    guard let forest = figures.forest else { return nil }
    let datasets = figures.datasetForests
    return section(
      "forest", "Scores with their intervals", link: "Scores",
      [
        PageParts.caption(
          "Mean over \(ReportTables.datasets(results.sharedDatasets.count)) with the 95 % interval; faint dots are seeds, "
            + "lines the majority's answer and the model as it is (zero-shot)."),
        PageParts.figure(forest),
        datasets.isEmpty
          ? ""
          : PageParts.folded(
            "By dataset (\(datasets.count))",
            "<div class=\"wide\">" + datasets.map { PageParts.figure($0, hasTable: false) }.joined() + "</div>"),
      ])
  }

  /// Score against each cost.
  var costs: PageSection? {
    let costs = figures.costs
    guard !costs.isEmpty else { return nil }
    return section(
      "costs", "Score and cost",
      [
        PageParts.caption(
          "Mean score over \(ReportTables.datasets(results.sharedDatasets.count)) with its 95 % interval. The grey line "
            + "joins the methods above the majority that no other such method beats in both. Cost axes are logarithmic "
            + "where costs differ much; zero has a place of its own."),
        "<div class=\"charts\">\(costs.map { PageParts.figure($0) }.joined())</div>", legend,
      ])
  }

  /// What each term of PSCP takes away.
  var penalties: PageSection? {
    guard let figure = figures.penalties else { return nil }
    return section(
      "penalties", "From score to PSCP", link: "PSCP terms",
      [
        PageParts.caption(
          "A bar is as long as the score, and its first part is PSCP. PSCP multiplies the score by a factor for each cost; "
            + "each factor is given the share of the loss that its logarithm has, so that no order matters."),
        PageParts.figure(figure),
      ])
  }

  /// Scores against the options of a grid.
  var grids: PageSection? {
    let grids = figures.grids
    guard !grids.isEmpty else { return nil }
    let hasTest = SettingsChoice.all(of: results).contains { $0.testValue != nil }
    let chosen = hasTest ? "on validation, the rows shown here" : "on the rows that are reported"
    return section(
      "grids", "Grids",
      [
        PageParts.caption(
          "Mean score with its 95 % interval against each option that was varied, a line for methods that differ in it "
            + "alone. A ring marks the best of all settings of a method \(chosen), a dotted line the "
            + "value that is taken unless a config says another one."),
        "<div class=\"pair\">\(grids.map { PageParts.figure($0) }.joined())</div>",
      ])
  }

  /// The spread over seeds.
  var seeds: PageSection? {
    guard results.cells.contains(where: { $0.contains { $0.runs.count > 1 } }) else { return nil }
    return section(
      "seeds", "Seed spread", link: "Seeds",
      [
        PageParts.caption(
          "The score of every seed in percent; the upright line is the mean, the dashed one the majority's answer."),
        PageParts.panels(figures.seeds, style: figures.trained.count > SeedPanel.mostUnnamed ? "charts" : "panels"),
        figures.trained.count > SeedPanel.mostUnnamed ? "" : legend,
        ReportTables.stability(suite).map { PageParts.heading($0.title) + byMethod($0, style: "sortable") } ?? "",
      ])
  }

  /// Losses by step.
  var curves: PageSection? {
    guard !results.runs.isEmpty else { return nil }
    let (curves, problem) = figures.curves
    var caption =
      curves.isEmpty
      ? "There is no history of training here."
      : "Loss by optimizer step: lines while training (the mean since the last point, and over seeds, whose range is "
        + "shaded), dots on the rows held back for validation."
    let inColor = figures.inColor
    if !curves.isEmpty, inColor.count < figures.trained.count {
      caption += " The \(inColor.count) methods with the highest scores have colours; thin lines are the others."
    }
    return section(
      "curves", "Learning curves",
      [
        PageParts.caption(caption + (problem.map { " A history cannot be read: \($0)" } ?? "")),
        curves.isEmpty ? "" : PageParts.panels(curves, style: "wide") + legend(of: inColor),
      ])
  }

  /// Seconds and bytes of each run.
  var effort: PageSection? {
    let effort = figures.effort
    guard !effort.isEmpty else { return nil }
    return section(
      "effort", "Time and memory", link: "Time and memory",
      [
        PageParts.caption(
          "A faint dot is a run, the mark the mean of all. Seconds are those of the machines that ran."),
        "<div class=\"wide\">\(effort.map { PageParts.figure($0) }.joined())</div>",
      ])
  }
}
