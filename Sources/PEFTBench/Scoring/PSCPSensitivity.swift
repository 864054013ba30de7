import Foundation

/// How a ranking by PSCP depends on the exponents, which nothing but taste decides.
///
/// The logarithm of a score is linear in each exponent, so the places where two methods change order are found exactly
/// and not by trying.
package struct PSCPSensitivity: Sendable {
  /// A method with what its score is made of.
  package struct Candidate: Sendable {
    /// The mean task score in percent.
    package let performance: Double
    /// What the method costs.
    package let costs: PSCP.Costs
    /// The costs at which a term is one half.
    package let constants: PSCP.Costs

    /// Creates a candidate.
    package init(performance: Double, costs: PSCP.Costs, constants: PSCP.Costs) {
      self.performance = performance
      self.costs = costs
      self.constants = constants
    }

    /// The score with given exponents.
    package func value(_ beta: PSCP.Exponents) -> Double {
      PSCP(constants: constants, beta: beta).value(performance: performance, costs: costs)
    }
  }

  /// What is varied.
  package enum Term: String, Sendable, CaseIterable {
    /// All three exponents together.
    case all
    case parameters, flops, memory

    func exponents(_ value: Double, from beta: PSCP.Exponents) -> PSCP.Exponents {
      switch self {
      case .all: .init(parameters: value, flops: value, memory: value)
      case .parameters: .init(parameters: value, flops: beta.flops, memory: beta.memory)
      case .flops: .init(parameters: beta.parameters, flops: value, memory: beta.memory)
      case .memory: .init(parameters: beta.parameters, flops: beta.flops, memory: value)
      }
    }
  }

  /// The scores under one choice of exponents.
  package struct Setting: Sendable {
    /// Which exponents are varied.
    package let term: Term
    /// The varied exponent.
    package let value: Double
    /// All three exponents.
    package let beta: PSCP.Exponents
    /// By candidate.
    package let scores: [Double]
    /// The candidates, the best first; of equal ones the first.
    package let order: [Int]
  }

  /// Two candidates that change order.
  package struct Crossing: Sendable, Equatable {
    /// Which exponents are varied.
    package let term: Term
    /// The exponent at which both have the same score.
    package let value: Double
    /// The candidate that is ahead above that exponent.
    package let ahead: Int
    /// The one that is ahead below it.
    package let behind: Int
  }

  /// The scores with the exponents as they are, then with each term at both ends of the range.
  package let settings: [Setting]
  /// All changes of order within the range, by term and exponent.
  package let crossings: [Crossing]

  /// Whether some choice of exponents within the range changes the order.
  package var changesOrder: Bool { !crossings.isEmpty }

  /// Varies the exponents of `candidates` around `beta`.
  package init(_ candidates: [Candidate], beta: PSCP.Exponents = .init(), range: ClosedRange<Double> = 0.5...2) {
    func setting(_ term: Term, _ value: Double, _ beta: PSCP.Exponents) -> Setting {
      let scores = candidates.map { $0.value(beta) }
      let order = scores.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
      return Setting(term: term, value: value, beta: beta, scores: scores, order: order)
    }
    var settings = [setting(.all, beta.parameters, beta)]
    var crossings: [Crossing] = []
    for term in Term.allCases {
      for value in [range.lowerBound, range.upperBound] {
        settings.append(setting(term, value, term.exponents(value, from: beta)))
      }
      crossings += Self.crossings(candidates, term: term, beta: beta, range: range)
    }
    self.settings = settings
    self.crossings = crossings
  }

  /// ln V(b) = ln V(0) - b λ, so two lines cross at the difference of their starts over that of their slopes.
  private static func crossings(
    _ candidates: [Candidate], term: Term, beta: PSCP.Exponents, range: ClosedRange<Double>
  ) -> [Crossing] {
    let lines = candidates.map { candidate -> (start: Double, slope: Double)? in
      let start = candidate.value(term.exponents(0, from: beta))
      let end = candidate.value(term.exponents(1, from: beta))
      return start > 0 && end > 0 ? (log(start), log(start) - log(end)) : nil
    }
    var found: [Crossing] = []
    for (i, one) in lines.enumerated() {
      for (j, other) in lines.enumerated() where j > i {
        guard let one, let other, one.slope != other.slope else { continue }
        let value = (one.start - other.start) / (one.slope - other.slope)
        guard value > range.lowerBound, value < range.upperBound else { continue }
        let isOneFlatter = one.slope < other.slope
        found.append(Crossing(term: term, value: value, ahead: isOneFlatter ? i : j, behind: isOneFlatter ? j : i))
      }
    }
    return found.sorted { ($0.value, $0.ahead, $0.behind) < ($1.value, $1.ahead, $1.behind) }
  }
}
