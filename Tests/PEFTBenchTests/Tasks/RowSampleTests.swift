import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Samples of rows")
struct RowSampleTests {
  private static let labels = ["low", "middle", "high"]

  /// Rows that are sorted by their label, as many of each as `counts` say; their text is their place.
  private static func sorted(_ counts: [Int]) -> [Example] {
    let classes = counts.enumerated().flatMap { Array(repeating: $0, count: $1) }
    return classes.enumerated().map { Example(fields: [.init(nil, "\($0)")], label: $1, of: labels) }
  }

  private static func sample(_ limit: Int, of examples: [Example], seed: Int = 0, isTied: Bool = false) -> [Example] {
    var sample = RowSample(limit: limit, seed: seed)
    for example in examples { sample.offer(example, isTied: isTied) }
    return sample.examples()
  }

  private static func places(_ examples: [Example]) -> [Int] { examples.compactMap { Int($0.fields[0].text) } }

  private static func counts(_ examples: [Example]) -> [Int] {
    labels.indices.map { label in examples.count { $0.labelIndex == label } }
  }

  @Test("Each class has its share by largest remainders, whatever the order of the file")
  func proportions() {
    // 20 of 100: shares of 10.4, 6.2 and 3.4, of which the one that is left goes to the first of the two remainders of .4.
    let examples = Self.sorted([52, 31, 17])
    #expect(Self.counts(Self.sample(20, of: examples)) == [11, 6, 3])
    #expect(Self.counts(Self.sample(20, of: examples.reversed())) == [11, 6, 3])
    #expect(RowSample.shares(of: 7, among: [10, 10, 10]) == [3, 2, 2])
    #expect(RowSample.shares(of: 40, among: [10, 10, 10]) == [10, 10, 10])
    #expect(RowSample.shares(of: .max / 2, among: [.max / 2, 8]).reduce(0, +) == .max / 2)
  }

  @Test("A rare class has a row where the limit allows, and none where it does not")
  func rareClasses() {
    #expect(RowSample.shares(of: 10, among: [1000, 2, 1, 0]) == [8, 1, 1, 0])
    #expect(RowSample.shares(of: 2, among: [1000, 900, 1]) == [1, 1, 0])
    #expect(Self.counts(Self.sample(3, of: Self.sorted([900, 1, 1]))) == [1, 1, 1])
  }

  @Test("The rows keep their order, the seed decides which they are, and a limit of all rows takes all")
  func order() {
    let examples = Self.sorted([400, 300, 300])
    let chosen = Self.places(Self.sample(50, of: examples))
    #expect(chosen == chosen.sorted() && Set(chosen).count == 50)
    #expect(Self.places(Self.sample(50, of: examples)) == chosen)
    #expect(Self.places(Self.sample(50, of: examples, seed: 1)) != chosen)
    #expect(Self.sample(1000, of: examples) == examples && Self.sample(5000, of: examples) == examples)
    // Rows at the end of a class come up as others do.
    #expect(chosen.contains { $0 % 100 > 80 } && chosen.contains { $0 % 100 < 20 })
  }

  @Test("Of two limits the smaller one's rows are among the larger one's", arguments: [[700, 300, 0], [1, 999, 0]])
  func nesting(counts: [Int]) {
    let examples = Self.sorted(counts)
    var smaller: Set<Int> = []
    for limit in 1...300 {
      let larger = Set(Self.places(Self.sample(limit, of: examples)))
      #expect(larger.count == limit && larger.isSuperset(of: smaller), "\(limit)")
      smaller = larger
    }
  }

  @Test("Rows without labels are drawn alike: each tenth of a file has its part of many samples")
  func unlabelled() {
    let examples = (0..<200).map { Example(fields: [.init(nil, "\($0)")], answer: "x") }
    var hits = [Int](repeating: 0, count: 10)
    for seed in 0..<200 {
      for place in Self.places(Self.sample(20, of: examples, seed: seed)) { hits[place / 20] += 1 }
    }
    // 400 each are expected, with a standard deviation below 18.
    #expect(hits.reduce(0, +) == 4000 && hits.allSatisfy { abs($0 - 400) < 75 }, "\(hits)")
  }

  @Test("Groups are taken whole, close to the shares of the classes, and within the limit")
  func groups() {
    let examples = (0..<600).map { index in
      let label = index < 400 ? 0 : 1
      return Example(fields: [.init(nil, "\(index)")], label: label, of: Self.labels, group: "\(index / 4)")
    }
    for limit in [16, 50, 100] {
      let chosen = Self.sample(limit, of: examples, isTied: true)
      let groups = Dictionary(grouping: chosen, by: \.group)
      #expect(
        groups.values.allSatisfy { $0.count == 4 } && chosen.count <= limit && chosen.count > limit - 4, "\(limit)")
      #expect(abs(Self.counts(chosen)[0] - limit * 2 / 3) <= 4, "\(limit)")
    }
    // One group that is larger than the limit is all that there may be.
    let one = (0..<50).map { Example(fields: [.init(nil, "\($0)")], label: 0, of: Self.labels, group: "g") }
    #expect(Self.places(Self.sample(10, of: one, isTied: true)) == Array(0..<10))
  }

  @Test("Groups whose rows lie far apart in a long file are whole too")
  func scatteredGroups() {
    // 1000 groups of 3, a row in each third of the file, so that groups are dropped before their last rows come.
    let examples = (0..<3000).map { Example(fields: [.init(nil, "\($0)")], answer: "x", group: "\($0 % 1000)") }
    let chosen = Self.sample(30, of: examples, isTied: true)
    #expect(chosen.count == 30)
    #expect(Dictionary(grouping: chosen, by: \.group).values.allSatisfy { $0.count == 3 })
  }

  @Test("A loader draws from the whole of a sorted file, and reads the first rows only where that is asked for")
  func loading() throws {
    let rows = (0..<100).map { #"{"sentence": "s\#($0)", "label": \#($0 < 60 ? 0 : 1)}"# }.joined(separator: "\n")
    try TaskRows.withFolder(["sst2/train.jsonl": rows, "sst2/validation.jsonl": rows + "\n{"]) { root in
      let loader = DatasetLoader(locator: DatasetLocator(root: root, cache: nil))
      let dataset = try TaskRows.dataset("sst2")
      let sample = try loader.load(dataset, .training, .sample(10, seed: 0)).examples
      #expect(try #require(ClassCounts(sample, of: dataset)).counts == [6, 4])
      let first = try loader.load(dataset, .training, .first(10)).examples
      #expect(try #require(ClassCounts(first, of: dataset)).present == ["negative"])
      #expect(try #require(try loader.classCounts(of: dataset, .training)).text == "negative 60, positive 40")
      #expect(try loader.load(dataset, .evaluation, .first(10)).examples.count == 10)
      #expect(throws: (any Error).self) { try loader.load(dataset, .evaluation, .sample(10, seed: 0)) }
    }
  }

  @Test("Of many classes the largest are listed, and how many more there are")
  func manyClasses() throws {
    let words = (0..<9).map { "class\($0)" }
    let metric = DatasetMetric(dataset: "x", family: .multiClass(labels: words))
    let dataset = DatasetDescription(
      id: "x", group: .custom, title: "x", source: nil, columns: [], layout: .lines(instruction: ""), metric: metric
    ) { _ in [] }
    let examples = [3, 3, 3, 5, 5, 8, 0].map { Example(fields: [], label: $0, of: words) }
    let counts = try #require(ClassCounts(examples, of: dataset))
    #expect(counts.text == "class3 3, class5 2, class0 1 and 6 more, 5 of them without a row")
    #expect(counts.present == ["class0", "class3", "class5", "class8"])
    #expect(counts.json.compactText.hasPrefix(#"{"class0":1,"class1":0,"#))
  }

  private static func perClass(_ count: Int, of examples: [Example], seed: Int?) -> [Example] {
    var sample = RowSample(perClass: count, seed: seed)
    for example in examples { sample.offer(example, isTied: false) }
    return sample.examples()
  }

  @Test("Every class has as many rows, fewer ones lie within more, and without a seed they are the first")
  func shots() {
    let examples = Self.sorted([700, 40, 300])
    let five = Self.perClass(5, of: examples, seed: 2)
    #expect(Self.counts(five) == [5, 5, 5] && Self.places(five) == Self.places(five).sorted())
    #expect(Set(Self.places(five)).isSubset(of: Self.places(Self.perClass(25, of: examples, seed: 2))))
    #expect(Self.places(Self.perClass(5, of: examples, seed: 3)) != Self.places(five))
    #expect(Self.places(Self.perClass(2, of: examples, seed: nil)) == [0, 1, 700, 701, 740, 741])
    #expect(Self.counts(Self.perClass(50, of: examples, seed: 2)) == [50, 40, 50])
  }
}
