import PEFTCore
import Testing

@testable import PEFTMethods

@Suite("Similarity of adapters") struct AdapterSimilarityTests {
  private func prompt(_ values: [Float]) -> [AdapterArray] {
    [AdapterArray(key: "prompt_embeddings", shape: [2, values.count / 2], values: values)]
  }

  @Test("Cosines by hand, of all values and of token means")
  func byHand() throws {
    let adapters = [
      (name: "a", values: prompt([1, 0, 0, 1])), (name: "b", values: prompt([1, 1, 1, 1])),
      (name: "c", values: prompt([-2, 0, 0, -2])),
    ]
    let similarity = try AdapterSimilarity(adapters, origins: nil, permutations: 0, seed: 1)
    #expect(abs((similarity.flattened[0][0] ?? 0) - 1) < 1e-12)
    #expect(abs(similarity.flattened[0][1].map { $0 - 0.5.squareRoot() } ?? 1) < 1e-12)
    #expect(abs((similarity.flattened[0][2] ?? 0) + 1) < 1e-12)
    #expect(abs(similarity.tokenMean?[0][1].map { $0 - 1 } ?? 1) < 1e-12)
    #expect(similarity.flattened[1][2] == similarity.flattened[2][1])
  }

  @Test("Origins are taken off, and what is left of nothing has no direction")
  func origins() throws {
    let adapters = [(name: "a", values: prompt([1, 2, 3, 4])), (name: "b", values: prompt([5, 6, 7, 9]))]
    let similarity = try AdapterSimilarity(
      adapters, origins: [prompt([1, 2, 3, 3]), prompt([5, 6, 7, 8])], permutations: 0, seed: 1)
    #expect(similarity.flattened[0][1] == 1)
    let none = try AdapterSimilarity(adapters, origins: adapters.map(\.values), permutations: 3, seed: 1)
    #expect(none.flattened[0][1] == nil)
  }

  @Test("Random vectors have cosines of about 0 ± 1/√n, and so has the control")
  func chance() throws {
    let stream = SeedStream(4)
    let adapters = (0..<4).map { number in
      (name: "\(number)", values: prompt(stream.child(number).normals(2000, standardDeviation: 1)))
    }
    let similarity = try AdapterSimilarity(adapters, origins: nil, permutations: 20, seed: 1)
    #expect(abs(similarity.control.deviation * 2000.0.squareRoot() - 1) < 0.25)
    #expect(abs(similarity.control.mean) < 0.01)
    #expect(similarity.flattened[0].dropFirst().allSatisfy { abs($0 ?? 1) < 0.1 })
  }

  @Test("Adapters of different shapes are refused")
  func shapes() {
    #expect(throws: CheckpointError.self) {
      try AdapterSimilarity(
        [(name: "a", values: prompt([1, 2])), (name: "b", values: prompt([1, 2, 3, 4]))], origins: nil,
        permutations: 1, seed: 1)
    }
  }
}
