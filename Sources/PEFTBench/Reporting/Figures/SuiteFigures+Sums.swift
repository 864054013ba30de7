import PEFTBench
import PEFTCore

/// Sums of adapters: scores by weight, and what every two tasks keep of their own scores.
extension SuiteFigures {
  /// Sums of the same form and method, in the order in which they come.
  private var forms: [[AdapterSum]] {
    var forms: [[AdapterSum]] = []
    for sum in suite.sums {
      if let place = forms.firstIndex(where: { $0[0].form == sum.form && $0[0].method == sum.method }) {
        forms[place].append(sum)
      } else {
        forms.append([sum])
      }
    }
    return forms
  }

  /// What tasks keep on average against each number of the expressions, a line a form.
  var sumMeans: [ReportFigure] {
    let forms = forms
    var names: [String] = []
    for name in forms.flatMap({ $0.flatMap(\.varying) }) where !names.contains(name) { names.append(name) }
    return names.enumerated().compactMap { number, name in
      let lines = forms.compactMap { sums -> GridChart.Line? in
        var kept: [(value: Double, shares: [Double])] = []
        for (value, candidate) in sums.flatMap({ $0.line(along: name) }) {
          let shares = candidate.scores.compactMap(\.retained)
          if let place = kept.firstIndex(where: { $0.value == value }) {
            kept[place].shares += shares
          } else {
            kept.append((value, shares))
          }
        }
        let seeds = SeedStream(0).child("sums").child(name).child(sums[0].form)
        var points = kept.filter { !$0.shares.isEmpty }.sorted { $0.value < $1.value }.map { value, shares in
          GridChart.Point(
            value: value, score: 100 * Summary.mean(shares),
            interval: shares.count > 1 ? Self.percent(Bootstrap(seeds: seeds, resamples: 2000).mean(of: shares)) : nil,
            isChosen: false)
        }
        guard points.count > 1 else { return nil }
        if let best = points.indices.max(by: { (points[$0].score, -$0) < (points[$1].score, -$1) }) {
          points[best].isChosen = true
        }
        let method = Set(forms.map { $0[0].method }).count > 1 ? sums[0].method + ": " : ""
        return .init(name: method + sums[0].form, style: SeriesStyle(0), points: points)
      }
      guard !lines.isEmpty else { return nil }
      return GridChart(
        id: id("sums-\(number + 1)"),
        title: "Kept of the own adapters' scores by \(name)" + (lines.count == 1 ? ": \(lines[0].name)" : ""),
        axis: name,
        lines: lines.enumerated().map { place, line in
          .init(
            name: lines.count == 1 ? "all sums and tasks" : line.name, style: SeriesStyle(place), points: line.points)
        }, defaults: [],
        majority: nil, measure: "kept", isLinear: true, head: "sum"
      ).figure
    }
  }

  /// For each form of a sum of two: what the task of a row keeps when that of a column is added, at the numbers that were chosen.
  var sumMaps: [HeatMap] {
    forms.enumerated().compactMap { number, sums in
      var kept: [String: [Double]] = [:]
      var tasks: Set<String> = []
      for sum in sums where sum.tasks.count == 2 && sum.tasks[0] != sum.tasks[1] {
        for score in sum.choice?.scores ?? [] {
          guard let retained = score.retained, let other = sum.tasks.first(where: { $0 != score.dataset }) else {
            continue
          }
          kept["\(score.dataset)\n\(other)", default: []].append(retained)
          tasks.formUnion(sum.tasks)
        }
      }
      let names = results.datasets.filter(tasks.contains) + tasks.subtracting(results.datasets).sorted()
      guard !names.isEmpty else { return nil }
      return HeatMap(
        id: id("pairs-\(number + 1)"), title: "Kept by pairs, \(sums[0].method): \(sums[0].form)", head: "task",
        rows: names,
        columns: names,
        values: names.map { row in names.map { column in kept["\(row)\n\(column)"].map { 100 * Summary.mean($0) } } },
        text: { NumberText.decimal($0, digits: 0) }, darkest: 110)
    }
  }

  /// The scores of each sum by its number, a line a task.
  var sumCurves: [ReportFigure] {
    var number = 0
    return suite.sums.flatMap { sum in
      sum.varying.compactMap { name -> ReportFigure? in
        let line = sum.line(along: name)
        let chosen = sum.choice?.values.first { $0.name == name }?.value
        let lines = results.datasets.compactMap { dataset -> GridChart.Line? in
          let points = line.compactMap { value, candidate in
            candidate.scores.first { $0.dataset == dataset }.map { score in
              GridChart.Point(
                value: value, score: 100 * score.value,
                interval: score.interval.map { 100 * $0.lowerBound...100 * $0.upperBound },
                isChosen: value == chosen)
            }
          }
          return points.count > 1 ? .init(name: dataset, style: SeriesStyle(nil), points: points) : nil
        }
        guard !lines.isEmpty else { return nil }
        number += 1
        let others = (sum.choice?.values ?? []).filter { $0.name != name && sum.varying.contains($0.name) }
        let at = others.map { "\($0.name) = \(NumberText.significant($0.value, digits: 3))" }
        return GridChart(
          id: id("sum-\(number)"),
          title: ([sum.title] + (at.isEmpty ? [] : ["at \(at.joined(separator: ", "))"])).joined(separator: " "),
          axis: name, lines: lines.enumerated().map { .init(name: $1.name, style: SeriesStyle($0), points: $1.points) },
          defaults: [], majority: nil, isLinear: true, head: "task"
        ).figure
      }
    }
  }

  /// What compressed adapters keep by the part of their values that is left, a line a method.
  var compressions: ReportFigure? {
    let all = suite.compressions
    var methods: [String] = []
    for one in all where !methods.contains(one.method) { methods.append(one.method) }
    let lines = methods.enumerated().compactMap { number, method -> GridChart.Line? in
      let own = Dictionary(grouping: all.filter { $0.method == method }, by: \.share)
      let points = own.sorted { $0.key < $1.key }.compactMap { share, adapters -> GridChart.Point? in
        let kept = adapters.compactMap(\.retained)
        guard !kept.isEmpty else { return nil }
        let seeds = SeedStream(0).child("compressions").child(method)
        return .init(
          value: 100 * share, score: 100 * Summary.mean(kept),
          interval: kept.count > 1 ? Self.percent(Bootstrap(seeds: seeds, resamples: 2000).mean(of: kept)) : nil,
          isChosen: false)
      }
      return points.count > 1 ? .init(name: method, style: SeriesStyle(number), points: points) : nil
    }
    guard !lines.isEmpty else { return nil }
    return GridChart(
      id: id("compressions"), title: "Kept of the whole adapters' scores by compressed ones",
      axis: "values that are left, %", lines: lines, defaults: [], majority: nil, measure: "kept"
    ).figure
  }
}
