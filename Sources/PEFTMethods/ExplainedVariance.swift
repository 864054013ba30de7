import PEFTCore

/// EVA's start: what of each map's inputs varies most, and how many ranks that is worth.
///
///     A = the leading components of the map's inputs, B = 0
///
/// The inputs of answer tokens come batch by batch (`IncrementalComponents`), the rows over and over, until the components
/// that are taken keep their direction from one batch to the next (cosine `eva_tau`). All maps together have the ranks
/// that they would have without it: these go to the components with the largest shares of their inputs' variance, at
/// most `eva_rho` times its own rank to a map, and maybe none. Maps that read the same share components; the first of
/// them gets the largest of their ranks.
///
/// As PEFT does, a batch with fewer answer tokens than a map has components is passed over for that map.
///
/// Source: Paischer et al. 2024, arXiv 2410.07170; PEFT's `get_eva_state_dict`.
struct ExplainedVariance {
  /// What was found.
  struct Result {
    /// The rank of each map, from 0.
    var ranks: [Int]
    /// A of each map, `[rank, inputs]`.
    var components: [[Float]]
  }

  private let maps: [Linear]
  private let ranks: [Int]
  private let options: LoRAStartOptions
  /// Most components of each map.
  private var most: [Int]
  private var found: [Int: IncrementalComponents] = [:]
  /// Which components of a leader agree with those of the batch before.
  private var agree: [Int: [Bool]] = [:]
  /// Ranks as the shares of the last batch give them.
  private var shared: [Int]

  /// Batches after which the components are taken never to settle.
  private static let mostBatches = 1000

  /// - Parameters:
  ///   - maps: The maps to adapt.
  ///   - ranks: The rank that each has of its own.
  init(_ maps: [Linear], ranks: [Int], options: LoRAStartOptions) throws {
    (self.maps, self.ranks, self.options) = (maps, ranks, options)
    most = ranks.map { Int((Double($0) * options.rho).rounded(.toNearestOrEven)) }
    shared = most
    if let index = maps.indices.first(where: { most[$0] > maps[$0].inputs }) {
      throw AttachError(
        "init: eva wants up to \(most[index]) components (eva_rho times the rank) of the inputs of \(maps[index].site), "
          + "which are \(maps[index].inputs) wide", option: "eva_rho")
    }
  }

  /// Looks at batches until the components have settled.
  mutating func result(_ batches: [[StartRows.Row]], _ passes: inout StartPasses) throws -> Result {
    let watch = try InputWatch(maps)
    defer { watch.end() }
    var inputs: [Int: DoubleMatrix] = [:]
    var settled: Set<Int> = []
    var isFirst = true
    for number in 0... {
      let leaders = isFirst ? [] : maps.indices.filter { watch.leaders[$0] == $0 }
      for leader in leaders {
        let isSettled = (agree[leader] ?? []).prefix(shared[leader]).count(where: { $0 }) == shared[leader]
        if isSettled { settled.insert(leader) } else { settled.remove(leader) }
      }
      if !isFirst, settled.count == leaders.count { break }
      guard number < Self.mostBatches else { throw unsettled(leaders.first { !settled.contains($0) }) }
      if number == batches.count, let leader = leaders.first(where: { found[$0] == nil }) { throw tooFew(leader) }
      let batch = batches[number % batches.count]
      let chosen = options.seesPrompts ? nil : StartPasses.answerRows(batch)
      watch.show = { if !settled.contains($0) { inputs[$0] = Self.rows(chosen, of: $1) } }
      passes.forward(batch)
      if isFirst { shareAmongEquals(watch.leaders) }
      isFirst = false
      for (leader, rows) in inputs.sorted(by: { $0.key < $1.key }) {
        add(rows, to: leader, passes.context.workers)
      }
      inputs = [:]
      if maps.indices.allSatisfy({ watch.leaders[$0] != $0 || found[$0] != nil }) { shareRanks(watch.leaders) }
    }
    return Result(
      ranks: shared,
      components: maps.indices.map { map in
        guard let leader = watch.leaders[map], let found = found[leader], let components = found.components else {
          return []
        }
        return (0..<shared[map]).flatMap { row in
          let divisor = options.whitens ? found.singularValues[row].squareRoot() : 1
          return components.rows(row..<row + 1).elements.map { Float(divisor > 0 ? $0 / divisor : 0) }
        }
      })
  }

  /// Maps that read the same have equally many components.
  private mutating func shareAmongEquals(_ leaders: [Int?]) {
    for leader in Set(leaders.compactMap { $0 }) {
      let group = maps.indices.filter { leaders[$0] == leader }
      let largest = group.map { most[$0] }.max() ?? 0
      for map in group { most[map] = largest }
    }
    shared = most
  }

  private mutating func add(_ rows: DoubleMatrix, to leader: Int, _ workers: Workers) {
    guard rows.rows >= most[leader] else { return }
    var components = found[leader] ?? IncrementalComponents(count: most[leader])
    let earlier = components.components
    components.add(rows, workers: workers)
    found[leader] = components
    if let earlier { agree[leader] = components.agreement(with: earlier, atLeast: options.tau) }
  }

  /// Gives the ranks to the components with the largest shares: of equal ones to the first map's of those that read the same.
  private mutating func shareRanks(_ leaders: [Int?]) {
    let heads = maps.indices.filter { leaders[$0] == $0 }
    let followers = heads.flatMap { head in maps.indices.filter { $0 != head && leaders[$0] == head } }
    let shares = (heads + followers).flatMap { map in
      (leaders[map].flatMap { found[$0] }?.shares ?? []).prefix(most[map]).map { (map: map, share: $0) }
    }
    let order = shares.map(\.share).descendingOrder
    var counts = [Int](repeating: 0, count: maps.count)
    for index in order.prefix(ranks.reduce(0, +)) { counts[shares[index].map] += 1 }
    shared = counts
  }

  private static func rows(_ chosen: [Int]?, of input: Tensor) -> DoubleMatrix {
    let all = DoubleMatrix(
      UnsafeBufferPointer(start: input.elements, count: input.elementCount), rows: input.rowCount,
      columns: input.columnCount)
    return chosen.map { all.rows($0) } ?? all
  }

  private func tooFew(_ leader: Int) -> AttachError {
    AttachError(
      "init: eva finds no batch with as many \(options.seesPrompts ? "" : "answer ")tokens as \(maps[leader].site) has "
        + "components, \(most[leader]): take larger batches, a lower rank or eva_rho"
        + (options.seesPrompts ? "" : ", or set eva_prompts: true"), option: "init")
  }

  private func unsettled(_ leader: Int?) -> AttachError {
    AttachError(
      "init: eva: after \(Self.mostBatches) batches the components of \(leader.map { maps[$0].site } ?? "a map") still turn: "
        + "lower eva_tau, or look at more rows (start_rows)", option: "eva_tau")
  }
}
