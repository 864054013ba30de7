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

  static func sentence(
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
      let word = draws.pick(AmbiguousWord.all)
      let sense = draws.integer(below: 2)
      let text = draws.untilDrawn { Self.sentence(word, sense: sense, in: .pretraining, &$0) }.text
      let meaning = word.senses[sense].meaning
      return Lesson.exchange(
        Lesson.request("What does \(word.word) mean here?", [Lesson.Field(["Sentence"], text)], bare: 0, &draws),
        Inflection.sentence(meaning))
    }
    if draws.chance(0.4) { return Self.verdicts(&draws) }
    let pair = draws.untilDrawn { Self.draw($0.chance(0.5), in: .pretraining, &$0) }
    let instruction = draws.pick([
      "Is it one meaning of the word?", "Look at the word in both sentences.", "Is the same kind of thing meant?",
    ])
    let fields =
      [Lesson.Field(["Word", "Look at", "Term"], pair.word)]
      + Lesson.pair(pair.sentences.0, pair.sentences.1, .sentences)
    let answer =
      pair.isSame
      ? Lesson.verdict("Yes.", "Both mean \(pair.meanings.0).", &draws)
      : Lesson.verdict("No.", "First it means \(pair.meanings.0), then \(pair.meanings.1).", &draws)
    return Lesson.exchange(Lesson.request(instruction, fields, &draws), answer)
  }

  /// A sentence with a word, and others with it, each with whether the word means the same.
  private static func verdicts(_ draws: inout Draws) -> PretrainingDocument {
    let word = draws.pick(AmbiguousWord.all)
    let meant = draws.integer(below: 2)
    let given = draws.untilDrawn { sentence(word, sense: meant, in: .pretraining, &$0) }
    let others = (0..<draws.integer(in: 2...5)).map { _ in
      let sense = draws.integer(below: 2)
      let except = sense == meant ? given.frame : nil
      let other = draws.untilDrawn { sentence(word, sense: sense, except: except, in: .pretraining, &$0) }
      return (text: other.text, isRight: sense == meant)
    }
    return Lesson.verdicts(
      [
        Lesson.Field(["Word", "Look at", "Term"], word.word),
        Lesson.Field(["Sentence 1", "First", "Given"], given.text),
      ],
      others, &draws)
  }
}
