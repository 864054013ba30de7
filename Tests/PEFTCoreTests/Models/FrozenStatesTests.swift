import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

/// States after the frozen blocks that are kept by example.
@Suite("Kept states of frozen blocks") struct FrozenStatesTests {
  /// Sequences that begin alike in many ways, some of them twice.
  private static func sequences(_ count: Int, below vocabulary: Int) -> [[Int32]] {
    let stream = SeedStream(8)
    let beginning = RowIndependenceTests.tokens(9, "beginning", below: vocabulary)
    return (0..<count).map { index in
      let own = stream.child(index)
      let shared = beginning.prefix([0, 5, 9, 9][index % 4])
      let length = 1 + own.integer(below: 12, at: 100)
      return shared + (0..<length).map { Int32(own.integer(below: index % 3 == 0 ? 2 : vocabulary, at: $0)) }
    }
  }

  /// Some sequences as a batch: what all of them begin with stands once.
  private static func forest(_ sequences: [[Int32]], shared: Int) -> TokenForest {
    var forest = TokenForest()
    var root: Int?
    if shared > 0, let first = sequences.first { root = forest.add(.tokens(Array(first[..<shared])), under: nil) }
    for sequence in sequences { forest.add(.tokens(Array(sequence[shared...])), under: root) }
    return forest
  }

  /// Batches of the sequences in another order, of other sizes and with other shared beginnings each time.
  private static func batches(_ sequences: [[Int32]], round: Int) -> [TokenForest] {
    let order = SeedStream(3).child(round).permutation(sequences.count).map { sequences[$0] }
    let size = [3, 1, 7, 4][round % 4]
    return stride(from: 0, to: order.count, by: size).map { start in
      let chosen = Array(order[start..<min(order.count, start + size)])
      let common = zip(chosen[0], chosen[chosen.count - 1]).prefix { $0 == $1 }.count
      let all = chosen.allSatisfy { $0.starts(with: chosen[0].prefix(common)) }
      return forest(chosen, shared: round % 2 == 1 && all ? common : 0)
    }
  }

  private struct Pass: Equatable {
    let bits: [UInt32]
    let peak: MemoryUse
    let live: MemoryUse
  }

  /// A pass as training takes it: its hidden states, and the memory that is counted.
  private static func pass(_ forest: TokenForest, _ model: CausalLanguageModel, _ context: ComputeContext) -> Pass {
    context.pool.resetPeak()
    let tape = Tape(context: context, recording: true)
    let states = model.hiddenStates(forest, reading: [forest.rowCount - 1], on: tape).states.value
    return Pass(bits: states.values.map(\.bitPattern), peak: context.pool.peak, live: context.pool.live)
  }

  /// A pass must be the same without kept states and with them, which the model has afterwards.
  private static func expectSame(
    _ forest: TokenForest, _ model: CausalLanguageModel, _ context: ComputeContext, with kept: FrozenStates,
    _ comment: Comment? = nil, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) {
    model.frozenStates = nil
    let plain = pass(forest, model, context)
    model.frozenStates = kept
    #expect(pass(forest, model, context) == plain, comment, sourceLocation: sourceLocation)
  }

  private static func folder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "states-\(UUID().uuidString)").path
  }

  @Test(
    "Passes have the same bits and count the same memory, whatever the batches, and each example is computed once",
    arguments: SitesTests.families)
  func same(name: String) throws {
    let (model, context) = try SitesTests.model(name)
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let width = model.configuration.hiddenSize
    let sequences = Self.sequences(23, below: model.configuration.vocabularySize)
    for place in [FrozenStates.Place.memory, .disk(folder: folder)] {
      let kept = try FrozenStates(width: width, in: place, limit: 1 << 20)
      for round in 0..<5 {
        let before = kept.usage
        for forest in Self.batches(sequences, round: round) {
          Self.expectSame(forest, model, context, with: kept, "round \(round)")
        }
        #expect(kept.usage.since(before).rows > 0 && kept.usage.blocks == model.frozenBlockCount)
        #expect((kept.usage.since(before).computedRows == 0) == (round > 0))
      }
      model.frozenStates = nil
      #expect(kept.usage.shareLeftOut > 0.7 && kept.usage.bytes == kept.byteCount && kept.byteCount > 0)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty, "the file has no name")
  }

  @Test("Of what does not fit the first stays, within the bound", arguments: [300, 2000, 9000, 20_000])
  func bound(limit: Int) throws {
    let (model, context) = try SitesTests.model("llama")
    let sequences = Self.sequences(40, below: model.configuration.vocabularySize)
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for place in [FrozenStates.Place.memory, .disk(folder: folder)] {
      let kept = try FrozenStates(width: model.configuration.hiddenSize, in: place, limit: limit)
      var computed: [Int] = []
      for round in 0..<3 {
        let before = kept.usage
        for forest in Self.batches(sequences, round: round) {
          Self.expectSame(forest, model, context, with: kept)
          #expect(kept.byteCount <= limit)
        }
        computed.append(kept.usage.since(before).computedRows)
      }
      model.frozenStates = nil
      // A bound for some of it leaves some of it out.
      #expect((kept.usage.shareLeftOut > 0) == (limit > 300))
      #expect(computed[2] > 0 && kept.usage.bytes <= limit)
    }
  }

  @Test("Memory that the system has not to spare is not taken, and what was kept before stays")
  func spare() throws {
    let (model, context) = try SitesTests.model("llama")
    let sequences = Self.sequences(30, below: model.configuration.vocabularySize)
    var asked = 0
    let width = model.configuration.hiddenSize
    let store = StateMemory(width: width, pieceBytes: 4096) { bytes in
      asked += 1
      #expect(bytes == 4096)
      return asked <= 2
    }
    let kept = FrozenStates(width: width, store: store, limit: 1 << 20)
    defer { model.frozenStates = nil }
    for round in 0..<2 {
      for forest in Self.batches(sequences, round: round) {
        Self.expectSame(forest, model, context, with: kept)
      }
    }
    #expect(asked == 3 && store.rowCount <= 2 * 4096 / (4 * width) && kept.usage.shareLeftOut > 0.05)
  }

  @Test("Rows come back as they were, from memory in pieces of any size and from a file")
  func stores() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let width = 3
    let stores: [any StateStore] = [
      StateMemory(width: width, pieceBytes: 1) { _ in true }, StateMemory(width: width, pieceBytes: 100) { _ in true },
      StateMemory(width: width) { _ in true }, try StateFile(folder: folder, width: width) { Issue.record("\($0)") },
    ]
    for store in stores {
      var expected: [Float] = []
      func rows(_ range: Range<Int>) -> [Float]? {
        var found = [Float](repeating: -1, count: range.count * width)
        return store.copy(range, to: &found) ? found : nil
      }
      for count in [1, 7, 0, 20, 2] {
        let new = (0..<count * width).map { Float(expected.count + $0) + 0.25 }
        #expect(store.append(new, count: count))
        expected += new
        for start in 0...store.rowCount {
          for end in [start, (start + store.rowCount) / 2, store.rowCount] where start <= end {
            #expect(rows(start..<end) == Array(expected[start * width..<end * width]))
          }
        }
        #expect(store.rowCount * width == expected.count && rows(store.rowCount..<store.rowCount + 1) == nil)
      }
      store.removeRows(from: 5)
      #expect(store.rowCount == 5 && rows(0..<5) == Array(expected[..<(5 * width)]) && rows(4..<6) == nil)
      #expect(store.append([1, 2, 3], count: 1) && rows(5..<6) == [1, 2, 3])
      store.removeRows(from: 0)
      #expect(store.rowCount == 0 && rows(0..<0) == [])
    }
  }

  @Test("A file takes no more of a disk than it leaves free, and says so")
  func roomOnDisk() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var complaints: [String] = []
    var free: Int? = 4 * 10
    let store = try StateFile(folder: folder, width: 1, freeBytes: { _ in free }) { complaints.append($0.description) }
    let row: [Float] = [1, 2, 3, 4, 5, 6, 7]
    #expect(store.append(row, count: 5) && complaints.isEmpty)
    free = 4 * 9
    // Two more leave seven free, which is what is taken then; a third would not.
    #expect(store.append(row, count: 2) && store.rowCount == 7)
    free = 4 * 7
    #expect(!store.append(row, count: 1) && store.rowCount == 7)
    #expect(complaints.count == 1 && complaints[0].contains(folder) && complaints[0].contains("little room left"))
    free = nil
    #expect(store.append(row, count: 7) && store.rowCount == 14, "nobody tells, so it is tried")
    // What the system tells leaves room for seven numbers.
    let told = try StateFile(folder: folder, width: 1) { Issue.record("\($0)") }
    #expect(told.append(row, count: 7))
  }

  /// A disk that takes so many rows, and gives back nothing after so many readings.
  private final class PoorStore: StateStore {
    private var rows: [Float] = []
    private let width: Int
    var roomForRows = Int.max
    var readings = Int.max
    private(set) var appendCalls = 0

    init(width: Int) { self.width = width }

    var rowCount: Int { rows.count / width }
    func byteCount(ofRows count: Int) -> Int { 4 * width * count }
    func append(_ new: UnsafePointer<Float>, count: Int) -> Bool {
      appendCalls += 1
      guard rowCount + count <= roomForRows else { return false }
      rows += UnsafeBufferPointer(start: new, count: count * width)
      return true
    }
    func copy(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) -> Bool {
      readings -= 1
      guard readings >= 0 else { return false }
      for index in range.lowerBound * width..<range.upperBound * width {
        target[index - range.lowerBound * width] = rows[index]
      }
      return true
    }
    func removeRows(from count: Int) { rows.removeLast(max(0, rows.count - count * width)) }
  }

  @Test(
    "A store that takes no more or gives nothing back costs time and no bit",
    arguments: [(20, 1000), (1000, 9), (60, 3)])
  func failing(room: Int, readings: Int) throws {
    let (model, context) = try SitesTests.model("llama")
    let sequences = Self.sequences(30, below: model.configuration.vocabularySize)
    let store = PoorStore(width: model.configuration.hiddenSize)
    let kept = FrozenStates(width: model.configuration.hiddenSize, store: store, limit: 1 << 20)
    (store.roomForRows, store.readings) = (room, readings)
    for round in 0..<3 {
      for forest in Self.batches(sequences, round: round) {
        Self.expectSame(forest, model, context, with: kept)
      }
    }
    #expect(store.rowCount <= room && (store.readings >= 0 || store.rowCount == 0))
    let calls = store.appendCalls
    for forest in Self.batches(sequences, round: 3) { _ = Self.pass(forest, model, context) }
    model.frozenStates = nil
    #expect(store.appendCalls == calls, "it is not asked again")
  }

  @Test("Other weights and another number of frozen blocks make what was kept useless")
  func invalidated() throws {
    let (model, context) = try SitesTests.model("llama")
    let forest = Self.forest([[5, 17, 80, 3, 41], [5, 17, 9]], shared: 2)
    let kept = try FrozenStates(width: model.configuration.hiddenSize, in: .memory, limit: 1 << 20)
    func check(_ reason: String, isNew: Bool) {
      model.frozenStates = nil
      let plain = Self.pass(forest, model, context)
      model.frozenStates = kept
      let before = kept.usage.computedRows
      #expect(Self.pass(forest, model, context) == plain, "\(reason)")
      #expect((kept.usage.computedRows > before) == isNew, "\(reason)")
      model.frozenStates = nil
    }
    check("at first", isNew: true)
    check("again", isNew: false)
    try model.keepNeurons(Array(0..<20), ofLayer: 0, context: context)
    check("pruned neurons", isNew: true)
    try model.keepHeads([0, 1], ofLayer: 0, context: context)
    check("pruned heads", isNew: true)
    check("pruned heads again", isNew: false)
    _ = model.makeEverythingTrainable(context: context)
    model.freezeEverything()
    try model.restoreWeights()
    check("loaded again", isNew: true)
    try model.keepNeurons([0, 2, 3], ofLayer: 1, context: context)
    check("pruned above the frozen blocks", isNew: false)
    // Something attached to the first block leaves nothing frozen; afterwards all is as it was.
    let site = model.blocks[0].feedForward.neuronSite
    let scale = UnitScale(of: site, values: site.values(2), in: context.pool)
    let placement = try site.place(.activationAdapter(scale), by: "test")
    #expect(model.frozenBlockCount == 0)
    check("attached below", isNew: true)
    placement.undo()
    check("taken off", isNew: false)
  }

  @Test("Generation, whose passes keep keys and values of all layers, has no part in it")
  func generation() throws {
    let (model, context) = try SitesTests.model("llama")
    let generator = Generator(model: model, endTokens: [], context: context)
    let prompts: [[Int32]] = [[5, 17, 80], [3], [9, 9, 9, 2]]
    let expected = try generator.generate(prompts, after: nil, maximumNewTokens: 6)
    let kept = try FrozenStates(width: model.configuration.hiddenSize, in: .memory, limit: 1 << 20)
    model.frozenStates = kept
    defer { model.frozenStates = nil }
    for _ in 0..<2 { #expect(try generator.generate(prompts, after: nil, maximumNewTokens: 6) == expected) }
    #expect(kept.byteCount == RadixTree().byteCount && kept.usage.computedRows == kept.usage.rows)
  }

  @Test("Noise on the embeddings leaves the pass as it is")
  func noise() throws {
    let (model, context) = try SitesTests.model("llama")
    let forest = Self.forest([[5, 17, 80, 3, 41]], shared: 0)
    let noise = EmbeddingNoise(rows: [0..<3], share: 0.5, seeds: SeedStream(4))
    func states(_ noise: EmbeddingNoise?) -> [Float] {
      model.hiddenStates(forest, noise: noise, on: Tape(context: context, recording: true)).states.value.values
    }
    let (plain, noisy) = (states(nil), states(noise))
    #expect(plain != noisy)
    model.frozenStates = try FrozenStates(width: model.configuration.hiddenSize, in: .memory, limit: 1 << 20)
    defer { model.frozenStates = nil }
    for _ in 0..<2 { #expect(states(nil) == plain && states(noise) == noisy) }
  }

  @Test("A folder in which no file can be made is named")
  func refused() throws {
    let file = Self.folder()
    try Data([1]).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    let error = #expect(throws: FileError.self) {
      try FrozenStates(width: 4, in: .disk(folder: file), limit: 100)
    }
    #expect(error?.path == file && error?.message.contains("folder") == true)
  }
}

extension ActivationSite {
  /// The same factor for every head or neuron.
  fileprivate func values(_ factor: Float) -> [Float] { [Float](repeating: factor, count: unitCount) }
}
