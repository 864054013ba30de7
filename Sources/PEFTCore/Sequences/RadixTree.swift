/// Which row each token of known sequences has; what sequences begin with in common has its rows once.
///
/// A node is a run of tokens whose rows follow each other. A token is known by itself and all tokens before it, so one
/// position of one sequence has one row, whatever segments a batch cuts the sequence into.
struct RadixTree {
  private struct Node {
    var tokens: ArraySlice<Int32>
    /// The row of the first of them.
    var firstRow: Int
    /// The nodes that continue this one, by their first token.
    var children: [Int32: Int] = [:]
  }

  private var nodes = [Node(tokens: [], firstRow: 0)]
  private var tokenCount = 0

  /// Bytes of a node with its place among its parent's children, about.
  private static let nodeBytes = 128

  /// Bytes of tokens and nodes, about.
  var byteCount: Int { tokenCount * MemoryLayout<Int32>.stride + nodes.count * Self.nodeBytes }

  /// Bytes that a sequence with so many new tokens adds at most: it cuts one node in two.
  static func mostBytes(adding tokens: Int) -> Int { tokens * MemoryLayout<Int32>.stride + 2 * nodeBytes }

  /// The rows of the first tokens of a sequence, as far as they are known.
  func rows(of sequence: [Int32]) -> RowRuns { walk(sequence).runs }

  /// Gives rows to those tokens of a sequence that have none yet: `row` and the rows after it, in order.
  mutating func add(_ sequence: [Int32], rowsFrom row: Int) {
    let (node, within, runs) = walk(sequence)
    let known = runs.count
    guard known < sequence.count else { return }
    if within < nodes[node].tokens.count { split(node, after: within) }
    nodes[node].children[sequence[known]] = nodes.count
    // A slice of the sequence would keep all of it.
    let rest = Array(sequence[known...])
    nodes.append(Node(tokens: rest[...], firstRow: row))
    tokenCount += rest.count
  }

  /// Follows a sequence as far as it is known, to a place within a node.
  private func walk(_ sequence: [Int32]) -> (node: Int, within: Int, runs: RowRuns) {
    var (node, within, position) = (0, 0, 0)
    var runs = RowRuns()
    while position < sequence.count {
      if within == nodes[node].tokens.count {
        guard let child = nodes[node].children[sequence[position]] else { break }
        (node, within) = (child, 0)
      }
      let tokens = nodes[node].tokens
      var matched = 0
      while matched < tokens.count, position + matched < sequence.count,
        tokens[tokens.startIndex + matched] == sequence[position + matched]
      { matched += 1 }
      runs.append(nodes[node].firstRow..<nodes[node].firstRow + matched)
      within = matched
      position += matched
      if within < tokens.count { break }
    }
    return (node, within, runs)
  }

  /// Cuts a node in two, so that something else can continue its first tokens.
  private mutating func split(_ index: Int, after count: Int) {
    let whole = nodes[index]
    let rest = whole.tokens.dropFirst(count)
    guard let first = rest.first else { return }
    nodes[index].tokens = whole.tokens.prefix(count)
    nodes[index].children = [first: nodes.count]
    nodes.append(Node(tokens: rest, firstRow: whole.firstRow + count, children: whole.children))
  }
}

/// Rows of the tokens of a sequence in their order, as runs of rows that follow each other.
struct RowRuns: Equatable {
  private(set) var runs: [Range<Int>] = []
  /// Rows of all runs.
  private(set) var count = 0

  mutating func append(_ run: Range<Int>) {
    guard !run.isEmpty else { return }
    if let last = runs.last, last.upperBound == run.lowerBound {
      runs[runs.count - 1] = last.lowerBound..<run.upperBound
    } else {
      runs.append(run)
    }
    count += run.count
  }

  /// The rows after the first `skipped`.
  func dropFirst(_ skipped: Int) -> RowRuns {
    var rest = RowRuns()
    var skipped = skipped
    for run in runs {
      rest.append(run.dropFirst(skipped))
      skipped = max(0, skipped - run.count)
    }
    return rest
  }
}
