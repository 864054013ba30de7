/// Learns byte-level byte-pair encoding from texts, with the merges that Hugging Face's `tokenizers` learns.
///
/// Texts are cut as SmolLM2's are: digit by digit, and the rest by GPT-2's expression. Then the most frequent pair of
/// neighbouring tokens becomes a token, again and again. Of equally frequent pairs the one with the lower ids is
/// taken, the first id before the second, as that library does; the result depends on nothing but the texts.
///
/// - Source: Sennrich et al. 2016; Gage 1994.
public struct BPETrainer {
  /// Tokens in all, with the special ones and the 256 bytes.
  public let vocabularySize: Int
  /// The tokens that stand for themselves and get the first ids.
  public let specialTokens: [String]
  /// Pairs that are rarer are not merged.
  public let minimumFrequency: Int

  private var wordTable = ByteStringTable(capacity: 1 << 14)
  private var words: [[UInt8]] = []
  private var counts: [Int] = []

  /// Creates a trainer that has seen no text.
  ///
  /// - Precondition: The special tokens differ and are not of one byte; the vocabulary has room for them and the bytes.
  public init(vocabularySize: Int, specialTokens: [String], minimumFrequency: Int) {
    precondition(vocabularySize >= 256 + specialTokens.count, "BPETrainer: no room for the bytes")
    self.vocabularySize = vocabularySize
    self.specialTokens = specialTokens
    self.minimumFrequency = minimumFrequency
  }

  /// Counts the pieces of a text.
  public mutating func add(_ text: String) {
    var list = PieceList(bytes: Array(text.utf8), startsText: true)
    for step in ByteLevelVocabulary.preTokenizers { step.apply(to: &list) }
    list.bytes.withUnsafeBufferPointer { bytes in
      for piece in list.pieces {
        let word = UnsafeBufferPointer(rebasing: bytes[piece.start..<piece.end])
        if let index = wordTable.insert(word, id: Int32(words.count)) {
          counts[Int(index)] += 1
        } else {
          words.append(Array(word))
          counts.append(1)
        }
      }
    }
  }

  /// The vocabulary that the texts so far give; smaller than asked for if they have too few pairs.
  public func train() -> ByteLevelVocabulary {
    var learner = MergeLearner(specialTokens: specialTokens, words: words, counts: counts)
    learner.learn(until: vocabularySize, minimumFrequency: minimumFrequency)
    return ByteLevelVocabulary(
      specialTokens: specialTokens, tokens: learner.tokens.map { String(decoding: $0, as: UTF8.self) },
      merges: learner.distinctMerges)
  }
}

/// The state of learning: the words as tokens, how often each pair occurs, and what to merge next.
private struct MergeLearner {
  /// Two neighbouring tokens.
  private struct Pair: Hashable {
    let left: Int32
    let right: Int32
  }

  /// A pair with its frequency when it was queued, and the words it occurs in.
  private struct Candidate {
    let pair: Pair
    var count: Int
    let words: [Int32]

    func comes(before other: Candidate) -> Bool {
      if count != other.count { return count > other.count }
      return (pair.left, pair.right) < (other.pair.left, other.pair.right)
    }
  }

  /// UTF-8 of each token as vocabularies spell it.
  private(set) var tokens: [[UInt8]] = []
  private var tokenTable = ByteStringTable(capacity: 1 << 12)
  private var merges: [Pair] = []
  private var words: [[Int32]] = []
  private let counts: [Int]
  private var pairCounts: [Pair: Int] = [:]
  private var queue: [Candidate] = []

  init(specialTokens: [String], words: [[UInt8]], counts: [Int]) {
    self.counts = counts
    for token in specialTokens { _ = addToken(Array(token.utf8)) }
    // The bytes in the order of the characters that stand for them.
    var byteTokens = [Int32](repeating: 0, count: 256)
    for byte in (0..<256).sorted(by: { ByteAlphabet.scalars[$0] < ByteAlphabet.scalars[$1] }) {
      byteTokens[byte] = addToken(Array(String(ByteAlphabet.scalars[byte]).utf8))
    }
    self.words = words.map { $0.map { byteTokens[Int($0)] } }
    var found = PairPositions()
    for (index, word) in self.words.enumerated() {
      for (left, right) in zip(word, word.dropFirst()) {
        let pair = Pair(left: left, right: right)
        pairCounts[pair, default: 0] += counts[index]
        found.add(pair, word: index)
      }
    }
    enqueue(found)
  }

  /// The merges without those that a later one for the same pair replaces.
  var distinctMerges: [(left: Int32, right: Int32)] {
    var seen: Set<Pair> = []
    return merges.reversed().filter { seen.insert($0).inserted }.reversed().map { ($0.left, $0.right) }
  }

  mutating func learn(until vocabularySize: Int, minimumFrequency: Int) {
    while tokens.count < vocabularySize, var top = pop() {
      // Merges since it was queued may have made the pair rarer.
      let count = pairCounts[top.pair] ?? 0
      guard top.count == count else {
        top.count = count
        push(top)
        continue
      }
      guard count >= max(1, minimumFrequency) else { return }
      let merged = addToken(tokens[Int(top.pair.left)] + tokens[Int(top.pair.right)])
      merges.append(top.pair)
      merge(top, into: merged)
    }
  }

  /// Adds a token unless it is there already, as two ways to one token are; returns its id.
  private mutating func addToken(_ token: [UInt8]) -> Int32 {
    let new = Int32(tokens.count)
    if let old = token.withUnsafeBufferPointer({ tokenTable.insert($0, id: new) }) { return old }
    tokens.append(token)
    return new
  }

  private mutating func merge(_ candidate: Candidate, into merged: Int32) {
    let pair = candidate.pair
    var found = PairPositions()
    for index in candidate.words {
      let count = counts[Int(index)]
      var word = words[Int(index)]
      var position = 0
      while position + 1 < word.count {
        if word[position] == pair.left, word[position + 1] == pair.right {
          if position > 0 {
            pairCounts[Pair(left: word[position - 1], right: pair.left), default: 0] -= count
            add(Pair(left: word[position - 1], right: merged), count, word: index, to: &found)
          }
          word[position] = merged
          word.remove(at: position + 1)
          if position + 1 < word.count {
            pairCounts[Pair(left: pair.right, right: word[position + 1]), default: 0] -= count
            add(Pair(left: merged, right: word[position + 1]), count, word: index, to: &found)
          }
        }
        position += 1
      }
      words[Int(index)] = word
    }
    enqueue(found)
  }

  private mutating func add(_ pair: Pair, _ count: Int, word: Int32, to found: inout PairPositions) {
    pairCounts[pair, default: 0] += count
    found.add(pair, word: Int(word))
  }

  /// New pairs with the words that they were found in, in the order of discovery.
  private struct PairPositions {
    private(set) var pairs: [Pair] = []
    private(set) var words: [[Int32]] = []
    private var index: [Pair: Int] = [:]

    /// Notes a pair; words come in ascending order.
    mutating func add(_ pair: Pair, word: Int) {
      guard let known = index[pair] else {
        index[pair] = pairs.count
        pairs.append(pair)
        words.append([Int32(word)])
        return
      }
      if words[known].last != Int32(word) { words[known].append(Int32(word)) }
    }
  }

  // MARK: - The queue, a binary heap

  private mutating func enqueue(_ found: PairPositions) {
    for (pair, words) in zip(found.pairs, found.words) {
      let count = pairCounts[pair] ?? 0
      if count > 0 { push(Candidate(pair: pair, count: count, words: words)) }
    }
  }

  private mutating func push(_ candidate: Candidate) {
    var child = queue.count
    queue.append(candidate)
    while child > 0 {
      let parent = (child - 1) / 2
      guard candidate.comes(before: queue[parent]) else { break }
      queue[child] = queue[parent]
      child = parent
    }
    queue[child] = candidate
  }

  private mutating func pop() -> Candidate? {
    guard let first = queue.first, let last = queue.popLast() else { return nil }
    guard !queue.isEmpty else { return first }
    var parent = 0
    while true {
      var child = parent * 2 + 1
      guard child < queue.count else { break }
      if child + 1 < queue.count, queue[child + 1].comes(before: queue[child]) { child += 1 }
      guard queue[child].comes(before: last) else { break }
      queue[parent] = queue[child]
      parent = child
    }
    queue[parent] = last
    return first
  }
}
