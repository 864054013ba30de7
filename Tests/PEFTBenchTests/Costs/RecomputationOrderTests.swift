import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Which blocks are computed again") struct RecomputationOrderTests {
  /// The tiny Llama of the fixtures with other numbers of layers, without weights.
  private static func skeleton(layers: Int) throws -> CausalLanguageModel {
    let folder = FileManager.default.temporaryDirectory.appending(path: "recomputation-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let source = try String(contentsOf: GoldenFixture("models/llama").url("config.json"), encoding: .utf8)
    try Data(source.replacing(#""num_hidden_layers": 2"#, with: #""num_hidden_layers": \#(layers)"#).utf8)
      .write(to: folder.appending(path: "config.json"))
    return try ModelFiles.open(folder.path).skeleton()
  }

  @Test("Of equal blocks the first ones come first, frozen ones are left out, and the last one is last")
  func equal() throws {
    let model = try Self.skeleton(layers: 6)
    #expect(RecomputationOrder.blocks(of: model, frozen: 0) == [0, 1, 2, 3, 4, 5])
    #expect(RecomputationOrder.blocks(of: model, frozen: 4) == [4, 5])
    #expect(RecomputationOrder.blocks(of: try Self.skeleton(layers: 1), frozen: 0) == [0])
  }

  @Test("As few blocks as it takes, by halves; where nothing fits as few as make the peak smallest")
  func fewest() {
    let order = Array(0..<10)
    func blocks(_ bytes: Int, floor: Int = 0) -> Set<Int> {
      RecomputationOrder.fewest(of: order, within: bytes) { max(floor, 100 - 10 * $0.count) }
    }
    for count in 0...9 {
      #expect(blocks(100 - 10 * count) == Set(0..<count) && blocks(100 - 10 * count + 9) == Set(0..<count))
    }
    // The last one of the order is never taken.
    #expect(blocks(5) == Set(0..<9) && blocks(5, floor: 62) == Set(0..<4) && blocks(5, floor: 100) == [])
    #expect(RecomputationOrder.fewest(of: [3], within: 0) { _ in 7 } == [])
  }

  @Test("Each block of the order but the last lowers the peak, and no other choice of as many is lower")
  func peaks() throws {
    let model = try Self.skeleton(layers: 6)
    func bytes(_ blocks: some Sequence<Int>, frozen: Int = 0) -> Int {
      TrainingActivations.bytes(model, rows: 10, recomputing: Set(blocks), frozen: frozen)
    }
    let first = (0...6).map { bytes(0..<$0) }
    #expect(zip(first.dropLast(), first.dropFirst().dropLast()).allSatisfy { $0 > $1 })
    #expect(first[6] > first[5])
    for mask in 0..<64 {
      let blocks = (0..<6).filter { mask >> $0 & 1 == 1 }
      #expect(bytes(blocks) >= first[blocks.count], "\(blocks)")
    }
    #expect(bytes([], frozen: 4) < bytes([]) && bytes([0, 1], frozen: 4) == bytes([], frozen: 4))
    let hidden = model.configuration.hiddenSize
    let values = TrainingActivations.values(of: model.blocks[0], in: model)
    #expect(first[0] == 40 * (6 * values + hidden) && first[6] == 40 * (7 * hidden + values))
    #expect(first[2] == 40 * (4 * values + 3 * hidden))
  }
}
