/// What a task's labels can be guessed by without understanding a sentence.
///
/// Both are fitted to training examples and judged by their accuracy on evaluation examples.
package struct SurfaceBaselines: Sendable, Equatable {
  /// Always the most frequent training label.
  package let majority: Double
  /// Logistic regression on which words stand in which field.
  ///
  /// Where the options are fields of their own (`choice1`, `A`), each is scored by its words alone; otherwise each label
  /// word has weights for the words of all fields.
  package let bagOfWords: Double
  /// How many examples were trained on.
  package let trainingCount: Int
  /// How many examples were judged.
  package let evaluationCount: Int

  /// Most examples that are used of real datasets, the first ones.
  package static let maximumTraining = 2_000
  /// Most examples that are judged.
  package static let maximumEvaluation = 2_000

  /// Fits and judges; nil where answers are not label words, or there are none.
  package init?(training: [Example], evaluation: [Example]) {
    let training = training.prefix(Self.maximumTraining).filter { $0.labelIndex != nil }
    let evaluation = evaluation.prefix(Self.maximumEvaluation).filter { $0.labelIndex != nil }
    guard let first = training.first, !evaluation.isEmpty else { return nil }
    var counts = Array(repeating: 0, count: first.choices.count)
    for example in training { counts[example.labelIndex ?? 0] += 1 }
    let mostFrequent = counts.indices.max { (counts[$0], $1) < (counts[$1], $0) }
    majority = Self.share(of: evaluation) { _ in mostFrequent }

    var vocabulary = Vocabulary()
    let cases = training.map { example in
      LogisticRegression.Case(
        options: vocabulary.options(of: example, isTraining: true), answer: example.labelIndex ?? 0)
    }
    let regression = LogisticRegression(cases, featureCount: vocabulary.count)
    bagOfWords = Self.share(of: evaluation) { example in
      regression.choice(among: vocabulary.options(of: example, isTraining: false))
    }
    trainingCount = training.count
    evaluationCount = evaluation.count
  }

  private static func share(of examples: [Example], _ guess: (Example) -> Int?) -> Double {
    Double(examples.count { guess($0) == $0.labelIndex }) / Double(examples.count)
  }

  /// The words of the training examples with their fields, numbered in the order of their appearance.
  private struct Vocabulary {
    private var numbers: [String: Int] = [:]
    var count: Int { numbers.count }

    private mutating func number(_ name: String, isTraining: Bool) -> Int? {
      if let number = numbers[name] { return number }
      guard isTraining else { return nil }
      numbers[name] = numbers.count
      return numbers.count - 1
    }

    /// The features of each choice.
    mutating func options(of example: Example, isTraining: Bool) -> [LogisticRegression.Features] {
      let choices = example.choices
      let hasOptions = choices.allSatisfy { choice in example.fields.contains { $0.name == choice } }
      var result: [LogisticRegression.Features] = []
      for choice in choices {
        var names = [choice]
        if hasOptions {
          for field in example.fields where field.name == choice { names += Self.words(field.text) }
        } else {
          for field in example.fields {
            names += Self.words(field.text).map { "\(choice) \(field.name ?? ""): \($0)" }
          }
        }
        var features: LogisticRegression.Features = []
        var positions: [Int: Int] = [:]
        for name in names {
          guard let index = number(name, isTraining: isTraining) else { continue }
          if let position = positions[index] {
            features[position].value += 1
          } else {
            positions[index] = features.count
            features.append((index, 1))
          }
        }
        result.append(features)
      }
      return result
    }

    /// Runs of letters and digits, and every other visible character, in small letters.
    static func words(_ text: String) -> [String] {
      var words: [String] = []
      var word = ""
      for character in text.lowercased() {
        if character.isLetter || character.isNumber {
          word.append(character)
          continue
        }
        if !word.isEmpty { words.append(word) }
        word = ""
        if !character.isWhitespace { words.append(String(character)) }
      }
      return word.isEmpty ? words : words + [word]
    }
  }
}
