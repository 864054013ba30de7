import PEFTCore

/// WiC's counterpart: whether a word with two meanings has the same one in two sentences.
struct MiniWiC: MiniDataset {
  let name = "wic"
  var lessonWeight: Int { 10 }

  /// A word in two sentences.
  struct Pair {
    let word: String
    let sentences: (String, String)
    let isSame: Bool
    let meanings: (String, String)
  }

  private static func sentence(
    _ word: AmbiguousWord, sense: Int, except: Int? = nil, in split: WorldSplit, _ draws: inout Draws
  ) -> (text: String, frame: Int)? {
    let frames = word.senses[sense].frames
    guard let frame = draws.pick(frames.indices, except: { $0 == except }) else { return nil }
    let person = draws.pick(Person.all)
    guard WorldSplit.of("sense|\(word.word)|\(sense)|\(frame)|\(person.name)") == split else { return nil }
    let text = frames[frame].replacing("{A}", with: person.name).replacing("{his}", with: person.possessive)
      .replacing("{he}", with: person.subject)
    return (Inflection.sentence(text), frame)
  }

  static func draw(_ isSame: Bool, in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let word = draws.pick(AmbiguousWord.all)
    let first = draws.integer(below: 2)
    let second = isSame ? first : 1 - first
    guard let one = sentence(word, sense: first, in: split, &draws),
      let other = sentence(word, sense: second, except: isSame ? one.frame : nil, in: split, &draws)
    else { return nil }
    return Pair(
      word: word.word, sentences: (one.text, other.text), isSame: isSame,
      meanings: (word.senses[first].meaning, word.senses[second].meaning))
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 50), (false, 50)], count: count, seed: seed, split)
    let rows = uniqueRows(split, seed: seed, classes: wanted) { isSame, draws in
      guard let pair = Self.draw(isSame, in: split, &draws) else { return nil }
      let starts = [pair.sentences.0, pair.sentences.1].map { Self.place(of: pair.word, in: $0) }
      return [
        "word": .string(pair.word), "sentence1": .string(pair.sentences.0), "sentence2": .string(pair.sentences.1),
        "start1": .integer(starts[0]), "start2": .integer(starts[1]),
        "end1": .integer(starts[0] + pair.word.count), "end2": .integer(starts[1] + pair.word.count),
        "idx": .null, "label": .integer(isSame ? 1 : 0),
      ]
    }
    return numbered(rows)
  }

  /// The character at which a word begins in a sentence.
  private static func place(of word: String, in sentence: String) -> Int {
    let characters = Array(sentence.lowercased())
    let wanted = Array(word)
    return characters.indices.first { start in
      start + wanted.count <= characters.count && Array(characters[start..<(start + wanted.count)]) == wanted
        && (start == 0 || !characters[start - 1].isLetter)
    } ?? 0
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.25) {
      // One sentence, and what the word means in it.
      let given = Self.use(&draws)
      return Lesson.exchange(
        Lesson.request(
          "What does \(given.word.word) mean here?", [Lesson.Field(["Sentence"], given.text)], bare: 0, &draws),
        Inflection.sentence(given.meaning))
    }
    if draws.chance(0.4) { return Self.verdicts(&draws) }
    let pair = draws.untilDrawn { Self.draw($0.chance(0.5), in: .pretraining, &$0) }
    let instruction = draws.pick(Self.instructions)
    let fields =
      [Lesson.Field(Self.wordNames, pair.word)] + Lesson.pair(pair.sentences.0, pair.sentences.1, .sentences)
    let answer = Self.answer(pair.isSame, pair.meanings, &draws)
    return Lesson.exchange(Lesson.request(instruction, fields, &draws), answer)
  }

  static let instructions = [
    "Is it one meaning of the word?", "Look at the word in both sentences.", "Is the same kind of thing meant?",
  ]
  static let wordNames = ["Word", "Look at", "Term"]
  static let givenNames = ["Sentence 1", "First", "Given"]

  /// A sentence of the pretraining text that uses a word in one of its senses.
  struct Use {
    let word: AmbiguousWord
    let sense: Int
    let text: String
    fileprivate let frame: Int

    var meaning: String { word.senses[sense].meaning }

    /// A further sentence with the word, in the same sense or in the other.
    func another(_ draws: inout Draws) -> Use {
      let other = draws.integer(below: 2)
      return MiniWiC.use(word, sense: other, except: other == sense ? frame : nil, &draws)
    }
  }

  static func use(_ draws: inout Draws) -> Use {
    let word = draws.pick(AmbiguousWord.all)
    return use(word, sense: draws.integer(below: 2), &draws)
  }

  private static func use(_ word: AmbiguousWord, sense: Int, except: Int? = nil, _ draws: inout Draws) -> Use {
    let drawn = draws.untilDrawn { sentence(word, sense: sense, except: except, in: .pretraining, &$0) }
    return Use(word: word, sense: sense, text: drawn.text, frame: drawn.frame)
  }

  /// Whether the meanings are the same, and now and then what they are.
  static func answer(_ isSame: Bool, _ meanings: (String, String), _ draws: inout Draws) -> String {
    isSame
      ? Lesson.verdict("Yes.", "Both mean \(meanings.0).", &draws)
      : Lesson.verdict("No.", "First it means \(meanings.0), then \(meanings.1).", &draws)
  }

  /// A sentence with a word, and others with it, each with whether the word means the same.
  private static func verdicts(_ draws: inout Draws) -> PretrainingDocument {
    let given = use(&draws)
    let others = (0..<draws.integer(in: 2...5)).map { _ in
      let other = given.another(&draws)
      return (text: other.text, isRight: other.sense == given.sense)
    }
    return Lesson.verdicts(
      [Lesson.Field(wordNames, given.word.word), Lesson.Field(givenNames, given.text)], others, &draws)
  }
}
