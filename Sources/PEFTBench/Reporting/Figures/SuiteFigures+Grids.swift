import PEFTBench
import PEFTCore

extension SuiteFigures {
  /// The score against every option of which some method has several values: learning rate, rank, training rows,
  /// length of a prompt.
  var grids: [ReportFigure] {
    let settings = MethodSettings(results)
    let groups = methodsByName
    let rows = Dictionary(uniqueKeysWithValues: statistics.leaderboard.map { ($0.method, $0) })
    let winners = Set(SettingsChoice.all(of: results).map(\.winner))
    var names: [String] = []
    for group in groups {
      for name in settings.varying(group.methods) where !names.contains(name) { names.append(name) }
    }
    // Starts of adapters have figures of their own.
    let hasShots = FewShotCurves(results) != nil
    return names.compactMap { name -> ReportFigure? in
      if hasShots, name == MethodSettings.trainingRows { return nil }
      var lines: [GridChart.Line] = []
      var defaults: [(value: Double, name: String)] = []
      for group in groups {
        let others = settings.varying(group.methods).filter { $0 != name }
        let parts = group.methods.groupedInOrder { method in others.map { settings[method, $0]?.compactText ?? "" } }
          .map(\.elements)
        for part in parts {
          let points = part.compactMap { method -> GridChart.Point? in
            guard let value = settings[method, name]?.number, let row = rows[method], let mean = row.mean else {
              return nil
            }
            return .init(
              value: value, score: 100 * mean, interval: Self.percent(row.interval),
              isChosen: winners.contains(results.methods[method].title))
          }.sorted { $0.value < $1.value }
          guard Set(points.map(\.value)).count > 1 else { continue }
          let told = others.compactMap { other in
            settings[part[0], other].map { ShortLabel.of(other, $0.compactText.replacing("\"", with: "")) }
          }
          lines.append(
            .init(
              name: group.title + (told.isEmpty ? "" : " (\(told.joined(separator: ", ")))"),
              style: SeriesStyle(lines.count), points: points))
        }
        if let value = Self.defaultValue(of: name, group.name),
          lines.contains(where: { $0.name.hasPrefix(group.title) }),
          !defaults.contains(where: { $0.value == value })
        {
          defaults.append((value, "default"))
        }
      }
      guard !lines.isEmpty else { return nil }
      let axis = name == MethodSettings.trainingRows ? "training rows" : name.replacing("_", with: " ")
      return GridChart(
        id: id("grid-\(name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })"),
        title: "Score against \(axis)", axis: axis, lines: lines, defaults: defaults, majority: baselines.majority
      ).figure
    }
  }

  /// The trained methods of one name on one model.
  private var methodsByName: [(name: String, title: String, methods: [Int])] {
    trained.groupedInOrder { [results.methods[$0].modelName, results.methods[$0].modelHash, results.methods[$0].name] }
      .map { _, methods in
        let method = results.methods[methods[0]]
        let prefix = results.modelNames.count > 1 ? "\(method.modelName) · " : ""
        return (method.name, prefix + method.name, methods)
      }
  }

  /// What an option of the method or of the training is unless a config says it; nil where that is no number.
  private static func defaultValue(of name: String, _ method: String) -> Double? {
    let option = MethodConfiguration.options(ofMethod: method)?.first { $0.name == name }
    return option.flatMap { Double($0.defaultValue ?? "") } ?? TrainingConfiguration().json.number(name)
  }
}
