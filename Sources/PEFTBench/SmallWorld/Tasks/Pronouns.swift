import PEFTCore

/// WSC's counterpart: whether a pronoun stands for one of two people.
struct MiniWSC: MiniDataset {
  let name = "wsc"
  var lessonWeight: Int { 8 }

  /// What one person does to another, with reasons that lie with the first or with the second.
  struct Frame: Sendable {
    /// What is done, with `{A}` for who does it and `{B}` for the other.
    let act: String
    /// Reasons by which `{he}` is the first.
    let ofFirst: [String]
    /// Reasons by which `{he}` is the second.
    let ofSecond: [String]
  }

  /// A text with a pronoun, the two people, and whom it stands for.
  struct Item {
    let text: String
    let people: [Person]
    /// 0 for the first person of the text, 1 for the second.
    let referent: Int
    let pronounWord: Int
    let pronoun: String
    let words: [Int]

    /// That the pronoun stands for one of the people, as a sentence.
    func claim(_ person: Int) -> String { Inflection.sentence("\(pronoun) is \(people[person].name)") }

    /// The text with one of the two between `*` signs and the pronoun between `#` signs.
    func marked(_ candidate: Int) -> String {
      var all = text.split(separator: " ").map(String.init)
      func mark(_ place: Int, _ sign: String) {
        let core = String(all[place].trimmingSuffix(while: { !$0.isLetter }))
        all[place] = sign + core + sign + all[place].dropFirst(core.count)
      }
      mark(words[candidate], "*")
      mark(pronounWord, "#")
      return all.joined(separator: " ")
    }
  }

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let index = draws.integer(below: frames.count)
    let frame = frames[index]
    let first = draws.pick(Person.named)
    guard let second = draws.pick(Person.named, except: { $0 == first }),
      WorldSplit.of("pronoun|\(index)|\(first.name)") == split
    else { return nil }
    let referent = draws.integer(below: 2)
    let people = [first, second]
    let reason = draws.pick(referent == 0 ? frame.ofFirst : frame.ofSecond)
    let pronoun = people[referent].subject
    let text = Inflection.sentence(
      frame.act.replacing("{A}", with: first.name).replacing("{B}", with: second.name) + " because "
        + reason.replacing("{he}", with: pronoun).replacing("{his}", with: people[referent].possessive)
        .replacing("{other}", with: people[1 - referent].name))
    let words = text.split(separator: " ").map(String.init)
    func word(_ wanted: String) -> Int? {
      words.firstIndex { $0.trimmingSuffix(while: { !$0.isLetter }) == wanted }
    }
    guard let firstWord = word(first.name), let secondWord = word(second.name), let because = word("because"),
      words.indices.contains(because + 1), words[because + 1] == pronoun
    else { return nil }
    return Item(
      text: text, people: people, referent: referent, pronounWord: because + 1, pronoun: pronoun,
      words: [firstWord, secondWord])
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 47), (false, 53)], count: count, seed: seed, split)
    let rows = uniqueRows(split, seed: seed, classes: wanted) { isReferent, draws in
      guard let item = Self.draw(in: split, &draws) else { return nil }
      let candidate = isReferent ? item.referent : 1 - item.referent
      return [
        "text": .string(item.text), "span1_index": .integer(item.words[candidate]),
        "span2_index": .integer(item.pronounWord), "span1_text": .string(item.people[candidate].name),
        "span2_text": .string(item.pronoun), "idx": .null, "label": .integer(isReferent ? 1 : 0),
      ]
    }
    return numbered(rows)
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    let item = Self.item(&draws)
    let name = item.people[item.referent].name
    switch draws.integer(below: 10) {
    case 0: return .prose("\(item.text) Here, \(item.pronoun) is \(name).")
    case 3..<6:
      let statements = item.people.indices.map { (text: item.claim($0), isRight: $0 == item.referent) }
      return Lesson.verdicts([Lesson.Field(["Text", "Sentence"], item.text)], statements, &draws)
    case 1..<3:
      let instruction = draws.pick(["Who is meant?", "Who is \(item.pronoun)?", "Whom does \(item.pronoun) stand for?"])
      return Lesson.exchange(
        Lesson.request(instruction, [Lesson.Field([], item.text)], bare: 0, &draws), "\(name) is meant.")
    default:
      let candidate = draws.integer(below: 2)
      let instruction = draws.pick(Self.instructions)
      return Lesson.exchange(
        Lesson.request(instruction, [Lesson.Field([], item.marked(candidate))], &draws),
        Self.verdict(item, candidate, &draws))
    }
  }

  static let instructions = [
    "Are the marked words one person?", "Two words are marked. Is it the same person?",
    "Do the marks show the same person?",
  ]

  static func item(_ draws: inout Draws) -> Item { draws.untilDrawn { draw(in: .pretraining, &$0) } }

  /// Whether the pronoun stands for the candidate, and now and then for whom it does.
  static func verdict(_ item: Item, _ candidate: Int, _ draws: inout Draws) -> String {
    Lesson.verdict(candidate == item.referent ? "Yes." : "No.", item.claim(item.referent), &draws)
  }

  static let frames: [Frame] = [
    Frame(
      act: "{A} gave {B} some bread", ofFirst: ["{he} had too much", "{he} wanted to be kind", "{he} was generous"],
      ofSecond: ["{he} was hungry", "{he} had nothing to eat", "{he} asked for some"]),
    Frame(
      act: "{A} helped {B} with the box", ofFirst: ["{he} was strong", "{he} wanted to be kind", "{he} had time"],
      ofSecond: ["{he} was weak", "{he} could not lift it", "{he} asked for help"]),
    Frame(
      act: "{A} thanked {B}", ofFirst: ["{he} was grateful", "{he} had got a present", "{he} was glad of the help"],
      ofSecond: ["{he} had helped", "{he} had given a present", "{he} had been kind"]),
    Frame(
      act: "{A} asked {B} the way", ofFirst: ["{he} was lost", "{he} was new in town", "{he} had no map"],
      ofSecond: ["{he} knew the town", "{he} lived there", "{he} had a map"]),
    Frame(
      act: "{A} lent {B} a coat", ofFirst: ["{he} had two", "{he} wanted to be kind", "{he} did not need it"],
      ofSecond: ["{he} was cold", "{he} had lost the old one", "{he} needed one"]),
    Frame(
      act: "{A} waited for {B}", ofFirst: ["{he} was early", "{he} was in no hurry", "{he} did not want to go alone"],
      ofSecond: ["{he} was late", "{he} walked slowly", "{he} had missed the bus"]),
    Frame(
      act: "{A} paid {B}", ofFirst: ["{he} had bought a horse", "{he} was rich", "{he} owed the money"],
      ofSecond: ["{he} had sold a horse", "{he} was poor", "{he} had done the work"]),
    Frame(
      act: "{A} was angry with {B}", ofFirst: ["{he} had been hurt", "{he} had been woken", "{he} hated the noise"],
      ofSecond: ["{he} had told a lie", "{he} had broken a cup", "{he} had made a noise"]),
    Frame(
      act: "{A} visited {B}", ofFirst: ["{he} wanted to see a friend", "{he} was lonely", "{he} had a free day"],
      ofSecond: ["{he} was ill", "{he} could not go out", "{he} had a new baby"]),
    Frame(
      act: "{A} chased {B}", ofFirst: ["{he} wanted the ball back", "{he} had been robbed", "{he} had been hit"],
      ofSecond: ["{he} had taken the ball", "{he} had stolen a hat", "{he} had run away"]),
    Frame(
      act: "{A} could not see over {B}", ofFirst: ["{he} was too short", "{he} was small", "{he} sat too low"],
      ofSecond: ["{he} was too tall", "{he} was big", "{he} wore a high hat"]),
    Frame(
      act: "{A} praised {B}", ofFirst: ["{he} liked the song", "{he} was proud", "{he} loved the picture"],
      ofSecond: ["{he} had sung well", "{he} had won", "{he} had painted well"]),
    Frame(
      act: "{A} taught {B} to swim", ofFirst: ["{he} was a good teacher", "{he} swam well", "{he} knew how"],
      ofSecond: ["{he} wanted to learn", "{he} was scared of water", "{he} did not know how"]),
    Frame(
      act: "{A} called {B} for help",
      ofFirst: ["{he} was in trouble", "{he} had fallen", "{he} could not do it alone"],
      ofSecond: ["{he} was a doctor", "{he} was strong and brave", "{he} was near"]),
    Frame(
      act: "{A} woke {B}", ofFirst: ["{he} was scared", "{he} had made a noise", "{he} heard a thief"],
      ofSecond: ["{he} had to go to school", "{he} had slept too long", "{he} had a bad dream"]),
    Frame(
      act: "{A} followed {B}",
      ofFirst: ["{he} did not know the way", "{he} was curious", "{he} wanted to find out more"],
      ofSecond: ["{he} knew the way", "{he} went first", "{he} was the leader"]),
    Frame(
      act: "{A} lost the race to {B}", ofFirst: ["{he} was slow", "{he} fell down", "{he} was tired"],
      ofSecond: ["{he} was fast", "{he} ran better", "{he} had practised more"]),
    Frame(
      act: "{A} cooked soup for {B}", ofFirst: ["{he} was a good cook", "{he} liked to cook", "{he} had time"],
      ofSecond: ["{he} was ill", "{he} was hungry", "{he} came home late"]),
  ]
}
