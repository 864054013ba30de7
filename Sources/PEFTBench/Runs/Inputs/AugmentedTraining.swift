import PEFTCore

/// The further training rows of a strategy.
struct AugmentedTraining {
  /// The rows as examples.
  private(set) var examples: [Example] = []
  /// Of each the training row whose words it has changed; nil for a row of a file.
  private(set) var sources: [Int?] = []
  /// The rows with their ids.
  private(set) var rendered: [RenderedExample] = []

  /// No rows.
  init() {}

  /// Rows of a file.
  init(_ examples: [Example], render: (Example) throws -> RenderedExample) throws {
    self.examples = examples
    sources = examples.map { _ in nil }
    rendered = try examples.map(render)
  }

  /// Training rows in other words.
  ///
  /// Which words is a function of the rows and of `seed`, so that all runs of a config train on the same ones.
  init(
    _ rows: AugmentedRows, of training: [Example], seed: Int, render: (Example) throws -> RenderedExample
  ) throws {
    let augmenter = Augmenter(rows.changes, seeds: SeedStream(seed))
    for (index, example) in training.enumerated() {
      for copy in 0..<rows.copies {
        guard let texts = augmenter.changed(example.fields.map(\.text), row: index, copy: copy)?.texts else { continue }
        var other = example
        for (place, text) in texts.enumerated() { other.fields[place].text = text }
        examples.append(other)
        sources.append(index)
      }
    }
    rendered = try examples.map(render)
  }

  /// The further rows of several datasets that are trained together.
  ///
  /// - Parameters:
  ///   - parts: Those of each.
  ///   - counts: How many training rows each has.
  ///   - rendered: The rows of all, in their order.
  init(joining parts: [AugmentedTraining], of counts: [Int], rendered: [RenderedExample]) {
    examples = parts.flatMap(\.examples)
    self.rendered = rendered
    var before = 0
    for (part, count) in zip(parts, counts) {
      sources += part.sources.map { source in source.map { $0 + before } }
      before += count
    }
  }

  /// The rows that may be trained on where some training rows are held back.
  func encoded(without held: Set<Int>) -> [EncodedExample] {
    zip(rendered, sources).filter { Self.mayTrain($1, without: held) }.map(\.0.encoded)
  }

  /// Whether a further row may be trained on: not one whose source is held back.
  static func mayTrain(_ source: Int?, without held: Set<Int>) -> Bool { source.map { !held.contains($0) } ?? true }
}
