import Foundation

/// From values to places along an axis.
struct ChartScale {
  /// How values are spread.
  enum Kind {
    case linear
    case logarithmic
    /// Logarithmic, with a place of its own for zero in front.
    case logarithmicWithZero
  }

  let kind: Kind
  let values: ClosedRange<Double>
  let places: ClosedRange<Double>
  /// Where marks with a number are.
  let ticks: [Double]

  /// Share of the axis that zero takes on a logarithmic one.
  private static let zeroShare = 0.16

  /// A linear scale around `values`, with some room.
  static func linear(_ values: [Double], places: ClosedRange<Double>, from least: Double? = nil, to most: Double? = nil)
    -> ChartScale
  {
    let low = values.min() ?? 0
    let high = values.max() ?? 1
    let room = high > low ? (high - low) * 0.12 : max(abs(high) * 0.1, 1e-6)
    let range = max(low - room, least ?? -.infinity)...max(min(high + room, most ?? .infinity), low - room + 1e-9)
    let step = niceStep((range.upperBound - range.lowerBound) / 4)
    var ticks: [Double] = []
    var tick = (range.lowerBound / step).rounded(.up) * step
    while tick <= range.upperBound + step * 1e-9, ticks.count < 20 {
      ticks.append(abs(tick) < step * 1e-9 ? 0 : tick)
      tick += step
    }
    return ChartScale(kind: .linear, values: range, places: places, ticks: ticks)
  }

  /// A linear scale from the least to the greatest value.
  static func exact(_ values: [Double], places: ClosedRange<Double>) -> ChartScale {
    let low = values.min() ?? 0
    return ChartScale(kind: .linear, values: low...max(values.max() ?? 1, low + 1e-9), places: places, ticks: [])
  }

  /// A scale for costs: logarithmic where they differ much, with room for zero where there is one.
  static func costs(_ values: [Double], places: ClosedRange<Double>) -> ChartScale {
    let positive = values.filter { $0 > 0 }
    let hasZero = values.contains { $0 <= 0 }
    guard let low = positive.min(), let high = positive.max() else {
      return ChartScale(kind: .linear, values: 0...1, places: places, ticks: [0])
    }
    if !hasZero, high / low < 8 { return linear(values, places: places, from: 0) }
    let range = low / 2...high * 2
    var ticks: [Double] = []
    var decade = pow(10, log10(range.lowerBound).rounded(.down))
    while decade <= range.upperBound {
      ticks += [decade, 3 * decade].filter { range.contains($0) }
      decade *= 10
    }
    let decades = ticks.filter { log10($0).rounded() == log10($0) }
    if ticks.count > 5, decades.count >= 2 { ticks = decades }
    while ticks.count > 6 { ticks = ticks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) }
    return ChartScale(
      kind: hasZero ? .logarithmicWithZero : .logarithmic, values: range, places: places,
      ticks: (hasZero ? [0] : []) + ticks)
  }

  /// The place of a value.
  func place(_ value: Double) -> Double {
    let share: Double
    switch kind {
    case .linear: share = (value - values.lowerBound) / (values.upperBound - values.lowerBound)
    case .logarithmic: share = logShare(value)
    case .logarithmicWithZero:
      share = value <= 0 ? Self.zeroShare / 3 : Self.zeroShare + (1 - Self.zeroShare) * logShare(value)
    }
    return places.lowerBound + share * (places.upperBound - places.lowerBound)
  }

  private func logShare(_ value: Double) -> Double {
    log(max(value, 1e-300) / values.lowerBound) / log(values.upperBound / values.lowerBound)
  }

  private static func niceStep(_ rough: Double) -> Double {
    let power = pow(10, log10(max(rough, 1e-12)).rounded(.down))
    for factor in [1, 2, 2.5, 5] where rough <= factor * power { return factor * power }
    return 10 * power
  }
}
