import PEFTCore

/// How many examples have each label word, in the order of the dataset's labels.
package struct ClassCounts: Sendable, Equatable {
  /// The label words.
  package let labels: [String]
  /// How many examples have each.
  package private(set) var counts: [Int]

  /// Most classes that are listed one by one.
  private static let mostListed = 6

  /// Nothing yet; nil for a dataset whose answers are free text.
  init?(_ dataset: DatasetDescription) {
    guard !dataset.labels.isEmpty else { return nil }
    labels = dataset.labels
    counts = labels.map { _ in 0 }
  }

  /// Counts the labels of examples; nil for a dataset whose answers are free text.
  init?(_ examples: [Example], of dataset: DatasetDescription) {
    self.init(dataset)
    for example in examples { add(example) }
  }

  /// Reads what `json` wrote; nil for anything else.
  package init?(record json: JSONValue) {
    guard case .object(let object) = json else { return nil }
    let numbers = object.members.compactMap { Int(record: $0.value) }
    guard numbers.count == object.members.count else { return nil }
    labels = object.members.map(\.key)
    counts = numbers
  }

  mutating func add(_ example: Example) {
    if let index = example.labelIndex, counts.indices.contains(index) { counts[index] += 1 }
  }

  /// The labels that there are examples of.
  package var present: [String] { zip(labels, counts).filter { $0.1 > 0 }.map(\.0) }

  /// `{label word: count}`, as records have it.
  package var json: JSONValue { .object(JSONObject(distinct: zip(labels, counts).map { ($0, JSONValue($1)) })) }

  /// `positive 12, negative 20`; of many classes the largest, and how many more there are.
  package var text: String {
    let all = zip(labels, counts).enumerated().map { (place: $0, label: $1.0, count: $1.1) }
    guard all.count > Self.mostListed else { return all.map { "\($0.label) \($0.count)" }.joined(separator: ", ") }
    let largest = all.sorted { (-$0.count, $0.place) < (-$1.count, $1.place) }.prefix(Self.mostListed / 2)
    let listed = largest.map { "\($0.label) \($0.count)" }.joined(separator: ", ")
    let missing = counts.count { $0 == 0 }
    return "\(listed) and \(all.count - largest.count) more" + (missing > 0 ? ", \(missing) of them without a row" : "")
  }
}
