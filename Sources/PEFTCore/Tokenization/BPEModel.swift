/// Byte-pair encoding of one pre-token: its symbols are merged pair by pair, earliest merge first.
///
/// Covers the byte-level form (a symbol is a byte; GPT-2, Llama 3, Qwen, SmolLM) and the SentencePiece-like
/// form (a symbol is a character, one that the vocabulary lacks falls back to tokens for its bytes; Llama 2,
/// Mistral, Gemma). Sources: Sennrich et al. 2016; ids as the `tokenizers` library gives them.
struct BPEModel: Sendable {
  /// What a symbol, the smallest unit, is.
  enum Symbols: Sendable {
    case bytes, scalars
  }

  let symbols: Symbols
  /// From a token's bytes (byte-level) or UTF-8 (otherwise) to its id.
  let table: ByteStringTable
  let merges: MergeTable
  /// A piece that is a token as a whole is that token, even if no sequence of merges makes it.
  let ignoresMerges: Bool
  let unknown: Int32?
  let fusesUnknown: Bool
  /// For byte-level models the token of each byte, otherwise its fall-back token `<0x..>`; -1 where there is none.
  let byteTokens: [Int32]
  /// Whether merging the symbols of a token gives that token back; then the whole piece is one lookup.
  private var isReachable: [Bool]

  /// Creates the model.
  ///
  /// - Parameters:
  ///   - tokens: Every token with its bytes as pieces spell it, and its id.
  ///   - byteTokens: 256 ids; see above.
  init(
    symbols: Symbols, table: ByteStringTable, merges: MergeTable, tokens: [(bytes: [UInt8], id: Int32)],
    vocabularySize: Int, byteTokens: [Int32], unknown: Int32?, fusesUnknown: Bool, ignoresMerges: Bool
  ) {
    self.symbols = symbols
    self.table = table
    self.merges = merges
    self.ignoresMerges = ignoresMerges
    self.unknown = unknown
    self.fusesUnknown = fusesUnknown
    self.byteTokens = byteTokens
    isReachable = [Bool](repeating: ignoresMerges, count: vocabularySize)
    guard !ignoresMerges else { return }
    var workspace = Workspace()
    var ids: [Int32] = []
    for token in tokens {
      ids.removeAll(keepingCapacity: true)
      token.bytes.withUnsafeBufferPointer { mergeSymbols(of: $0, into: &ids, &workspace) }
      isReachable[Int(token.id)] = ids.count == 1 && ids[0] == token.id
    }
  }

  /// Memory that encoding reuses from piece to piece.
  struct Workspace {
    fileprivate var ids: [Int32] = []
    fileprivate var ranks: [Int32] = []
    fileprivate var next: [Int32] = []
    fileprivate var previous: [Int32] = []
    fileprivate var heap: [UInt64] = []
  }

  /// Appends the tokens of one pre-token to `ids`.
  @inline(__always)
  func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], _ workspace: inout Workspace) {
    if let id = table.id(of: piece), isReachable[Int(id)] {
      ids.append(id)
      return
    }
    mergeSymbols(of: piece, into: &ids, &workspace)
  }

  private func mergeSymbols(
    of piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], _ workspace: inout Workspace
  ) {
    workspace.ids.removeAll(keepingCapacity: true)
    switch symbols {
    case .bytes: splitIntoBytes(piece, &workspace.ids)
    case .scalars: splitIntoScalars(piece, &workspace.ids)
    }
    // A short piece is merged by looking for its lowest rank again and again; in a long one that would be
    // quadratic (models without a pre-tokenizer see a whole text as one piece).
    if workspace.ids.count <= 48 {
      mergeByScanning(&workspace)
    } else {
      mergeByHeap(&workspace)
    }
    ids.append(contentsOf: workspace.ids)
  }

  private func splitIntoBytes(_ piece: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
    for byte in piece {
      let id = byteTokens[Int(byte)]
      if id >= 0 { ids.append(id) } else if let unknown { appendUnknown(unknown, &ids, continues: true) }
    }
  }

  private func splitIntoScalars(_ piece: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
    var position = 0
    var wasUnknown = false
    while position < piece.count {
      let length = min(UTF8Step.length(first: piece[position]), piece.count - position)
      let scalar = UnsafeBufferPointer(rebasing: piece[position..<position + length])
      position += length
      if let id = table.id(of: scalar) {
        ids.append(id)
        wasUnknown = false
      } else if scalar.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
        for byte in scalar { ids.append(byteTokens[Int(byte)]) }
        wasUnknown = false
      } else if let unknown {
        appendUnknown(unknown, &ids, continues: wasUnknown)
        wasUnknown = true
      }
    }
  }

  private func appendUnknown(_ unknown: Int32, _ ids: inout [Int32], continues: Bool) {
    if fusesUnknown, continues, ids.last == unknown { return }
    ids.append(unknown)
  }

  private func mergeByScanning(_ workspace: inout Workspace) {
    var count = workspace.ids.count
    guard count > 1 else { return }
    workspace.ranks.removeAll(keepingCapacity: true)
    workspace.ids.withUnsafeBufferPointer { ids in
      for index in 0..<count - 1 { workspace.ranks.append(merges.merge(ids[index], ids[index + 1]).rank) }
    }
    workspace.ids.withUnsafeMutableBufferPointer { ids in
      workspace.ranks.withUnsafeMutableBufferPointer { ranks in
        while count > 1 {
          var best = MergeTable.never
          var at = 0
          for index in 0..<count - 1 where ranks[index] < best {
            best = ranks[index]
            at = index
          }
          guard best != MergeTable.never else { break }
          ids[at] = merges.merge(ids[at], ids[at + 1]).merged
          count -= 1
          for index in at + 1..<max(count, at + 1) { ids[index] = ids[index + 1] }
          for index in at + 1..<max(count - 1, at + 1) { ranks[index] = ranks[index + 1] }
          if at > 0 { ranks[at - 1] = merges.merge(ids[at - 1], ids[at]).rank }
          if at + 1 < count { ranks[at] = merges.merge(ids[at], ids[at + 1]).rank }
        }
      }
    }
    workspace.ids.removeLast(workspace.ids.count - count)
  }

  /// As scanning, with a priority queue of (rank, position) over a linked list of symbols.
  ///
  /// An entry is stale once one of its symbols has merged otherwise; since a pair's rank is its own, comparing
  /// ranks finds that out.
  private func mergeByHeap(_ workspace: inout Workspace) {
    let count = workspace.ids.count
    guard count < Int(Int32.max) else { return }
    workspace.next = (0..<count).map { Int32($0 + 1 < count ? $0 + 1 : -1) }
    workspace.previous = (0..<count).map { Int32($0 - 1) }
    workspace.heap.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 {
      let rank = merges.merge(workspace.ids[index], workspace.ids[index + 1]).rank
      if rank != MergeTable.never { push(rank: rank, at: index, &workspace.heap) }
    }
    while let (rank, at) = pop(&workspace.heap) {
      // A symbol that has merged into its left neighbour is -1 and merges with nothing.
      let right = Int(workspace.next[at])
      guard right >= 0, workspace.ids[at] >= 0 else { continue }
      let merge = merges.merge(workspace.ids[at], workspace.ids[right])
      guard merge.rank == rank else { continue }
      workspace.ids[at] = merge.merged
      workspace.ids[right] = -1
      let after = Int(workspace.next[right])
      workspace.next[at] = Int32(after)
      if after >= 0 {
        workspace.previous[after] = Int32(at)
        let rank = merges.merge(merge.merged, workspace.ids[after]).rank
        if rank != MergeTable.never { push(rank: rank, at: at, &workspace.heap) }
      }
      let before = Int(workspace.previous[at])
      if before >= 0 {
        let rank = merges.merge(workspace.ids[before], merge.merged).rank
        if rank != MergeTable.never { push(rank: rank, at: before, &workspace.heap) }
      }
    }
    workspace.ids.removeAll { $0 < 0 }
  }

  private func push(rank: Int32, at position: Int, _ heap: inout [UInt64]) {
    let entry = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(position)
    var child = heap.count
    heap.append(entry)
    while child > 0 {
      let parent = (child - 1) / 2
      guard entry < heap[parent] else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  private func pop(_ heap: inout [UInt64]) -> (rank: Int32, position: Int)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      var parent = 0
      while true {
        var child = parent * 2 + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        guard heap[child] < last else { break }
        heap[parent] = heap[child]
        parent = child
      }
      heap[parent] = last
    }
    return (Int32(truncatingIfNeeded: first >> 32), Int(first & 0xFFFF_FFFF))
  }
}

extension BPEModel {
  /// The tokens `<0x00>` to `<0xFF>` of a vocabulary, -1 for each that it lacks.
  static func fallbackTokens(in table: ByteStringTable) -> [Int32] {
    let digits = Array("0123456789ABCDEF".utf8)
    return (0..<256).map { byte in
      table.id(of: Array("<0x".utf8) + [digits[byte >> 4], digits[byte & 15], UInt8(ascii: ">")]) ?? -1
    }
  }
}
