import PEFTCore

/// Tokens of a training example.
struct ExampleLength: Hashable {
  let prompt: Int
  /// Tokens of the answer, all of which are labelled.
  let answer: Int

  var tokens: Int { prompt + answer }
}

/// A training batch as far as its memory follows from it: the lengths of its examples, and what all of them begin with.
struct BatchOutline: Hashable {
  let examples: [ExampleLength]
  /// Tokens that all examples begin with.
  let shared: Int

  /// Rows of its forest, without what a method puts before the examples.
  var rows: Int { examples.reduce(0) { $0 + $1.tokens } - repeated * max(0, examples.count - 1) }

  /// Shared tokens that stand once in a forest.
  private var repeated: Int { shared >= TrainingBatch.leastShared ? shared : 0 }

  /// The first examples, of no more rows than `most`; of a single longer one its end.
  func within(rows most: Int) -> BatchOutline {
    var (taken, rows) = ([ExampleLength](), 0)
    for example in examples {
      let own = example.tokens - (taken.isEmpty ? 0 : repeated)
      guard rows + own <= most else { break }
      rows += own
      taken.append(example)
    }
    if taken.isEmpty, let first = examples.first {
      let answer = min(first.answer, most / 2)
      taken = [ExampleLength(prompt: min(first.prompt, most - answer), answer: answer)]
    }
    return BatchOutline(examples: taken, shared: min(shared, taken.map(\.prompt).min() ?? 0))
  }

  /// Examples of these lengths, each with a token before its answer and one to be answered with.
  ///
  /// - Parameter vocabularySize: Which ids there are.
  func encoded(vocabularySize: Int) -> [EncodedExample] {
    examples.enumerated().map { index, length in
      // They part right after what they share.
      let own = Int32(index % max(1, vocabularySize))
      let prompt = (0..<max(1, length.prompt)).map { $0 < shared ? Int32(0) : own }
      return EncodedExample(prompt: prompt, answer: [Int32](repeating: own, count: max(1, length.answer)))
    }
  }
}
