import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// How often the interval of a score holds what it is to cover, by simulation.
///
/// A row is right in a run where a + b + c passes a threshold: a of the row, the same in all runs; b of the row in that
/// run; c of the run, the same for all its rows. All three are normal, with variances 0.7, 0.3 and the square of `luck`.
/// The threshold gives the wanted accuracy over all rows and runs. With one run the interval is to cover that run's
/// accuracy over all rows; with several, the accuracy over all rows and runs.
@Suite("Coverage of intervals") struct CoverageTests {
  private static let trials = 2000
  private static let rowShare = 0.7

  struct Cell: Sendable {
    let rows: Int
    let runs: Int
    let accuracy: Double
    let luck: Double
  }

  private static let cells = [20, 100, 400].flatMap { rows in
    [1, 3, 5].flatMap { runs in
      [0.5, 0.9, 0.98].flatMap { accuracy in
        [0, 0.1].map { Cell(rows: rows, runs: runs, accuracy: accuracy, luck: $0) }
      }
    }
  }

  @Test("Intervals hold what they cover in 93 to 97 % of simulated sweeps, as docs/honest-reports.md says")
  func coverage() throws {
    var lines = [
      "| rows | runs | luck of a run | accuracy 50 % | 90 % | 98 % |", "|--:|--:|--:|--:|--:|--:|",
    ]
    for rows in [20, 100, 400] {
      for runs in [1, 3, 5] {
        for luck in [0, 0.1] {
          let shares = Self.cells.filter { $0.rows == rows && $0.runs == runs && $0.luck == luck }.map { cell in
            let share = Self.coverage(of: cell)
            #expect(share >= 0.93, "\(cell): \(share)")
            // Where two wrong rows are to be expected or fewer, the next narrower interval would hold too little.
            let hasChoice = Double(rows) * (1 - cell.accuracy) > 2.5
            #expect(share <= (hasChoice ? 0.97 : 0.985), "\(cell): \(share)")
            return String(format: "%.1f", 100 * share)
          }
          let spread = luck == 0 ? "none" : "moderate"
          lines.append("| \(rows) | \(runs) | \(spread) | \(shares.joined(separator: " | ")) |")
        }
      }
    }
    let table = lines.joined(separator: "\n")
    let file = GoldenFixture.package.appending(path: "docs/honest-reports.md")
    let document = try String(contentsOf: file, encoding: .utf8)
    #expect(document.contains(table), "docs/honest-reports.md is to have this table:\n\(table)")
  }

  /// Patterns of right and wrong over the runs are drawn, a row each; rows of one pattern are counted together.
  private static func coverage(of cell: Cell) -> Double {
    let stream = SeedStream(11).child("\(cell.rows) \(cell.runs) \(cell.accuracy) \(cell.luck)")
    let threshold = -Distribution.normalQuantile(cell.accuracy) * (1 + cell.luck * cell.luck).squareRoot()
    let patterns = 1 << cell.runs
    let marks = (0..<cell.runs).map { run in (0..<patterns).map { $0 >> run & 1 == 1 ? 0.0 : 1 } }
    let even = limits(lucks: Array(repeating: 0, count: cell.runs), threshold)
    var held = 0
    for trial in 0..<trials {
      let draws = stream.child(trial)
      let lucks = draws.child("luck").normals(cell.runs, standardDeviation: Float(cell.luck)).map(Double.init)
      let limits = cell.luck == 0 ? even : limits(lucks: lucks, threshold)
      var counts = [Double](repeating: 0, count: patterns)
      for row in 0..<cell.rows {
        let draw = draws.bits(at: row)
        var pattern = 0
        while pattern < patterns - 1, draw > limits[pattern] { pattern += 1 }
        counts[pattern] += 1
      }
      let truth = cell.runs == 1 ? Distribution.normalCDF(lucks[0] - threshold) : cell.accuracy
      if let interval = ScoreInterval.mean(of: [.init(shares: marks, counts: counts)]), interval.lower <= truth,
        truth <= interval.upper
      {
        held += 1
      }
    }
    return Double(held) / Double(trials)
  }

  /// The cumulated probabilities of the patterns (bit s is set where run s is wrong), in units of 2⁻⁶⁴, by quadrature
  /// over what is the row's own.
  private static func limits(lucks: [Double], _ threshold: Double) -> [UInt64] {
    var probabilities = [Double](repeating: 0, count: 1 << lucks.count)
    let step = 0.25
    for index in -20...20 {
      let z = Double(index) * step
      let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot() * step
      let wrong = lucks.map {
        Distribution.normalCDF((threshold - $0 - z * rowShare.squareRoot()) / (1 - rowShare).squareRoot())
      }
      for pattern in probabilities.indices {
        var product = density
        for (run, share) in wrong.enumerated() { product *= pattern >> run & 1 == 1 ? share : 1 - share }
        probabilities[pattern] += product
      }
    }
    var sum = 0.0
    return probabilities.map { probability in
      sum += probability
      return UInt64(min(max(sum, 0), 1 - 0x1p-53) * 0x1p64)
    }
  }
}
