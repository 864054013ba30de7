import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("The memory that a run is charged with") struct RunMemoryTests {
  /// SVFT and PiSSA keep what they found in a weight, and so knew the map that they were attached to.
  @Test("Runs before it in the process do not count", arguments: ["svft", "pissa"]) func others(method: String) throws {
    let lora = #"{"name": "lora", "rank": 2}"#
    try EnsembleRunTests.withConfig(lora) { root in
      let alone = try #require(try EnsembleRunTests.run(root, into: "alone").first)
      let first = try EnsembleRunTests.run(root, into: "first", ["methods.0.name=\(method)"])
      let adapter = "\(root)/first/runs/\(try #require(first.first).id)/adapter"
      let again = #"{"name": "\#(method)", "rank": 2, "init_from": "\#(adapter)", "steps": 1}"#
      let records = try EnsembleRunTests.run(root, into: "out", ["methods=[\(again), \(lora)]"])
      #expect(records.map(\.method.name) == [method, "lora"])
      #expect(records[1].costs.tensorBytes == alone.costs.tensorBytes)
    }
  }
}
