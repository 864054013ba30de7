import PEFTCore

/// WiC's counterpart: whether a word with two meanings has the same one in two sentences.
struct MiniWiC: MiniDataset {
  let name = "wic"
  var lessonWeight: Int { 10 }

  /// A meaning of a word, with sentences that show it; `{A}` is somebody, `{his}` the possessive.
  struct Sense: Sendable {
    let meaning: String
    let frames: [String]
  }

  /// A word with two meanings.
  struct Word: Sendable {
    let word: String
    let senses: [Sense]
  }

  /// A word in two sentences.
  struct Pair {
    let word: String
    let sentences: (String, String)
    let isSame: Bool
    let meanings: (String, String)
  }

  private static func sentence(
    _ word: Word, sense: Int, except: Int? = nil, in split: WorldSplit, _ draws: inout Draws
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
    let word = draws.pick(words)
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
      let word = draws.pick(Self.words)
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
    let word = draws.pick(words)
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

  static let words: [Word] = [
    word(
      "bank", "the side of a river",
      "{A} sat on the bank and watched the river", "The boat came to the bank where {A} stood",
      "{A} caught a fish from the bank", "The bank was wet, and {A} fell into the water",
      "the house where money is kept", "{A} took {his} money to the bank", "The bank lent {A} some money",
      "{A} works at a bank in town", "{A} went to the bank to pay"),
    word(
      "bat", "the animal that flies at night",
      "A bat flew over the head of {A}", "{A} saw a bat asleep in the cave", "The bat that {A} saw ate a moth",
      "{A} heard the wings of a bat", "the stick to hit a ball with", "{A} hit the ball with a bat",
      "{A} held the bat in both hands", "The bat of {A} is made of wood", "{A} bought a bat to play ball"),
    word(
      "ring", "the thing worn on a finger",
      "{A} wore a ring of gold", "{A} lost the ring from {his} finger", "{A} gave the queen a ring",
      "{A} took off the ring to wash {his} hands", "the sound of a bell",
      "{A} heard the ring of the bell", "The ring of the phone woke {A}", "{A} ran to the door at the first ring",
      "The loud ring hurt the ears of {A}"),
    word(
      "bark", "the skin of a tree",
      "{A} cut the bark of the oak", "The bark of the old pine felt rough to {A}", "{A} drew a tree with brown bark",
      "{A} hid under a piece of bark", "the sound of a dog",
      "The bark of the dog woke {A}", "{A} heard a loud bark and saw the dog", "The dog greeted {A} with a bark",
      "{A} was scared by the bark at the gate"),
    word(
      "nail", "the pin that holds wood",
      "{A} hit the nail with a hammer", "{A} needs one more nail for the shelf", "The picture of {A} hangs on a nail",
      "{A} pulled an old nail from the wall", "the hard end of a finger",
      "{A} painted the nail of {his} thumb", "{A} bit the nail of {his} finger", "{A} broke a nail and hurt {his} hand",
      "{A} cut the nail that was too long"),
    word(
      "wave", "the moving water",
      "A wave threw {A} off the boat", "{A} swam under a big wave", "The wave made the boots of {A} wet",
      "{A} watched a wave come to the beach", "the greeting with a hand",
      "{A} said goodbye with a wave", "With a wave, {A} called the waiter", "{A} gave the girl a friendly wave",
      "The king greeted {A} with a wave of the hand"),
    word(
      "spring", "the time of year before summer",
      "{A} plants flowers every spring", "After the long winter, {A} was glad of the spring",
      "{A} will marry next spring", "In spring, {A} hears the birds", "the place where water comes from the ground",
      "{A} drank cold water from the spring", "{A} filled the jug at the spring", "The spring that {A} found is clear",
      "{A} dug a hole where the spring was"),
    word(
      "match", "the stick that makes fire",
      "{A} lit the lamp with a match", "{A} had one dry match for the fire", "The match burned the finger of {A}",
      "{A} put the match into the box", "the game between two sides",
      "{A} won the match by two goals", "{A} saw the match with {his} friends",
      "The rain stopped the match that {A} played",
      "{A} lost the match and was sad"),
    word(
      "letter", "the message in an envelope",
      "{A} sent a letter to {his} aunt", "{A} read the letter and cried", "The letter came to {A} by train",
      "{A} put a stamp on the letter", "the sign of the alphabet",
      "The name of {A} has one letter more", "{A} forgot a letter in the word",
      "{A} can write every letter from A to Z",
      "{A} wrote the first letter too big"),
    word(
      "trunk", "the nose of an elephant",
      "The elephant took the apple from {A} with its trunk", "{A} was splashed by the trunk of the elephant",
      "{A} touched the long grey trunk of the elephant", "The elephant lifted {A} with its trunk",
      "the big box for clothes", "{A} packed {his} coats in a trunk", "The trunk of {A} was too heavy for the train",
      "{A} found old dresses in the trunk", "{A} locked the trunk with a key"),
    word(
      "bed", "the furniture to sleep in",
      "{A} slept in a soft bed", "{A} was ill and stayed in bed", "{A} made the bed in the morning",
      "The bed was too short for {A}", "the ground where flowers grow",
      "{A} planted tulips in the bed", "{A} watered the bed of roses", "A hen dug up the bed that {A} had planted",
      "{A} pulled the weeds out of the bed"),
    word(
      "light", "what makes things bright",
      "{A} switched on the light", "The light woke {A} in the morning", "{A} saw a light in the window",
      "{A} reads by the light of a lamp", "easy to carry",
      "The bag of {A} was light", "{A} took the light box and left the heavy one",
      "{A} lifted the chair, for it was light", "The boat was light, and {A} pulled it alone"),
    word(
      "watch", "the small clock",
      "{A} looked at {his} watch to know the hour", "The watch of {A} is five minutes slow",
      "{A} got a gold watch from {his} uncle", "{A} mended the watch that had stopped",
      "to look at something for a while",
      "{A} likes to watch the birds", "{A} went to watch the boats come in", "{A} and the boy watch the dancers",
      "{A} will watch the children play"),
  ]

  private static func word(_ word: String, _ texts: String...) -> Word {
    let half = texts.count / 2
    return Word(
      word: word,
      senses: [texts[..<half], texts[half...]].map { Sense(meaning: $0.first ?? "", frames: Array($0.dropFirst())) })
  }
}
