import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Values that reference libraries gave, from Tests/Fixtures/metrics.
struct MetricFixture {
  let document: DocumentValue

  init(_ name: String) throws {
    let file = GoldenFixture("metrics").url(name)
    document = try JSONParser.parse(DocumentText(name: name, bytes: Array(Data(contentsOf: file))))
  }

  func cases(_ key: String) throws -> [DocumentValue] { try #require(document[key]?.array) }
}

extension DocumentValue {
  func numbers(_ key: String) throws -> [Double] {
    try #require(self[key]?.array).map { try #require($0.number) }
  }

  func double(_ key: String) throws -> Double { try #require(self[key]?.number) }

  func text(_ key: String) throws -> String { try #require(self[key]?.string) }
}

/// Whether two numbers agree to 1e-6, and neither is NaN.
func isClose(_ actual: Double?, _ expected: Double?, _ tolerance: Double = 1e-6) -> Bool {
  guard let actual, let expected else { return actual == nil && expected == nil }
  return abs(actual - expected) <= tolerance
}
