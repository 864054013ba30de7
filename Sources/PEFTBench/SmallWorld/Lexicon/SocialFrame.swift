/// Something that one person does and that touches another, with what both feel and do.
package struct SocialFrame: Sendable {
  /// The deed: `{A} broke {Bs} cup`; `{As}` and `{Bs}` are genitives, `{his}` is the first one's.
  package let deed: String
  /// How the first one feels, how the second one feels, and what the first one is like.
  package let feels: String
  let otherFeels: String
  let trait: String
  /// Why the first one did it, as an infinitive.
  let reason: String
  /// What the first one wants to do next, and what the second one wants to do next.
  let next: String
  let otherNext: String

  private init(
    _ deed: String, feels: String, otherFeels: String, trait: String, because reason: String, next: String,
    otherNext: String
  ) {
    self.deed = deed
    self.feels = feels
    self.otherFeels = otherFeels
    self.trait = trait
    self.reason = reason
    self.next = next
    self.otherNext = otherNext
  }

  /// What can be asked.
  package enum Aim: String, Sendable, CaseIterable {
    case feels, otherFeels, trait, reason, next, otherNext

    /// The question in the words of a task.
    var question: String {
      switch self {
      case .feels: "How would {A} feel afterwards?"
      case .otherFeels: "How would {B} feel afterwards?"
      case .trait: "How would you describe {A}?"
      case .reason: "Why did {A} do this?"
      case .next: "What will {A} want to do next?"
      case .otherNext: "What will {B} want to do next?"
      }
    }

    /// What the answers to the questions are called together; two aims of one sort can take each other's answers.
    var sort: Int {
      switch self {
      case .feels, .otherFeels: 0
      case .trait: 1
      case .reason: 2
      case .next, .otherNext: 3
      }
    }
  }

  /// The answer to a question.
  package func answer(_ aim: Aim) -> String {
    switch aim {
    case .feels: feels
    case .otherFeels: otherFeels
    case .trait: trait
    case .reason: reason
    case .next: next
    case .otherNext: otherNext
    }
  }

  /// A text with the people's names.
  package static func filled(_ text: String, _ people: [Person]) -> String {
    text.replacing("{As}", with: people[0].genitive).replacing("{Bs}", with: people[1].genitive)
      .replacing("{A}", with: people[0].name).replacing("{B}", with: people[1].name)
      .replacing("{his}", with: people[0].possessive)
  }

  /// The frames.
  package static let all: [SocialFrame] = [
    SocialFrame(
      "{A} broke {Bs} cup", feels: "sorry", otherFeels: "angry", trait: "clumsy", because: "to play with it",
      next: "buy {B} a new cup", otherNext: "sweep up the pieces"),
    SocialFrame(
      "{A} helped {B} carry the boxes", feels: "useful", otherFeels: "grateful", trait: "helpful",
      because: "to make the work easier", next: "carry one more box", otherNext: "thank {A}"),
    SocialFrame(
      "{A} stole {Bs} bike", feels: "guilty", otherFeels: "angry", trait: "dishonest", because: "to get home faster",
      next: "hide the bike", otherNext: "call the guard"),
    SocialFrame(
      "{A} gave {B} a present", feels: "generous", otherFeels: "happy", trait: "generous", because: "to please {B}",
      next: "see {B} open it", otherNext: "open the present"),
    SocialFrame(
      "{A} beat {B} in the race", feels: "proud", otherFeels: "disappointed", trait: "fast",
      because: "to win the prize", next: "take the prize", otherNext: "practise more"),
    SocialFrame(
      "{A} told {B} a scary story", feels: "amused", otherFeels: "scared", trait: "a good teller",
      because: "to frighten {B}", next: "tell another story", otherNext: "leave the light on"),
    SocialFrame(
      "{A} forgot {Bs} birthday", feels: "ashamed", otherFeels: "hurt", trait: "forgetful",
      because: "to have a quiet day", next: "say sorry and bring a cake", otherNext: "be alone for a while"),
    SocialFrame(
      "{A} visited {B} in the hospital", feels: "worried", otherFeels: "less lonely", trait: "caring",
      because: "to cheer {B} up", next: "ask the doctor about {B}", otherNext: "get well"),
    SocialFrame(
      "{A} laughed at {Bs} picture", feels: "mean", otherFeels: "hurt", trait: "rude", because: "to tease {B}",
      next: "laugh once more", otherNext: "tear up the picture"),
    SocialFrame(
      "{A} taught {B} to swim", feels: "patient", otherFeels: "proud", trait: "a good teacher",
      because: "to make {B} safe in the water", next: "teach {B} to dive", otherNext: "swim across the lake"),
    SocialFrame(
      "{A} lied to {B} about the money", feels: "guilty", otherFeels: "betrayed", trait: "dishonest",
      because: "to keep the money", next: "spend the money", otherNext: "count the money"),
    SocialFrame(
      "{A} saved {B} from the river", feels: "like a hero", otherFeels: "thankful", trait: "brave",
      because: "to keep {B} from drowning", next: "get {B} a dry coat", otherNext: "get warm and dry"),
    SocialFrame(
      "{A} shared {his} lunch with {B}", feels: "kind", otherFeels: "less hungry", trait: "kind",
      because: "to feed {B}", next: "eat the rest", otherNext: "eat the bread"),
    SocialFrame(
      "{A} woke {B} in the night", feels: "restless", otherFeels: "tired", trait: "thoughtless",
      because: "to talk about a dream", next: "talk for an hour", otherNext: "go back to sleep"),
    SocialFrame(
      "{A} won a game against {B} by a trick", feels: "sly", otherFeels: "cheated", trait: "unfair",
      because: "to win at any price", next: "boast about it", otherNext: "ask for a fair game"),
    SocialFrame(
      "{A} invited {B} to the party", feels: "hopeful", otherFeels: "welcome", trait: "friendly",
      because: "to have more guests", next: "bake a party cake", otherNext: "choose party clothes"),
    SocialFrame(
      "{A} shouted at {B}", feels: "furious", otherFeels: "upset", trait: "bad-tempered", because: "to be heard",
      next: "slam the door", otherNext: "walk away"),
    SocialFrame(
      "{A} lost {Bs} book", feels: "sorry", otherFeels: "annoyed", trait: "careless", because: "to lend it to a friend",
      next: "look for the book", otherNext: "get the book back"),
    SocialFrame(
      "{A} praised {Bs} song", feels: "delighted", otherFeels: "flattered", trait: "polite",
      because: "to show that it was good", next: "hear the song again", otherNext: "sing another song"),
    SocialFrame(
      "{A} left {B} waiting in the rain", feels: "late", otherFeels: "cold and wet", trait: "unreliable",
      because: "to finish the work first", next: "hurry to {B}", otherNext: "find a roof"),
    SocialFrame(
      "{A} paid for {Bs} dinner", feels: "rich", otherFeels: "grateful", trait: "generous", because: "to treat {B}",
      next: "leave a coin for the cook", otherNext: "pay the next time"),
    SocialFrame(
      "{A} hid {Bs} shoes", feels: "amused", otherFeels: "annoyed", trait: "playful", because: "to play a joke",
      next: "watch {B} search", otherNext: "find the shoes"),
    SocialFrame(
      "{A} moved away from {B}", feels: "homesick", otherFeels: "lonely", trait: "adventurous",
      because: "to live in a new town", next: "unpack the boxes", otherNext: "write a letter to {A}"),
    SocialFrame(
      "{A} mended {Bs} roof", feels: "tired but pleased", otherFeels: "relieved", trait: "handy",
      because: "to keep the rain out", next: "put the ladder away", otherNext: "pay {A} for the work"),
    SocialFrame(
      "{A} spilled tea on {Bs} dress", feels: "embarrassed", otherFeels: "cross", trait: "clumsy",
      because: "to hand over the cup", next: "get a wet cloth", otherNext: "change the dress"),
    SocialFrame(
      "{A} told everybody {Bs} secret", feels: "important", otherFeels: "betrayed", trait: "a gossip",
      because: "to have something to tell", next: "hear more secrets", otherNext: "trust {A} no more"),
    SocialFrame(
      "{A} cooked soup for {B}, who was ill", feels: "caring", otherFeels: "better", trait: "caring",
      because: "to help {B} get well", next: "wash the pot", otherNext: "eat the soup"),
    SocialFrame(
      "{A} pushed {B} off the chair", feels: "mean", otherFeels: "hurt", trait: "rough", because: "to sit there",
      next: "sit down on the chair", otherNext: "get up from the floor"),
    SocialFrame(
      "{A} kissed {B} at the dance", feels: "in love", otherFeels: "surprised", trait: "bold",
      because: "to show love", next: "dance with {B} again", otherNext: "kiss {A} back"),
    SocialFrame(
      "{A} found {Bs} lost dog", feels: "glad", otherFeels: "relieved", trait: "helpful",
      because: "to bring the dog home", next: "knock at {Bs} door", otherNext: "hug the dog"),
  ]

  /// A situation with a question and three answers.
  package struct Item: Sendable {
    /// The situation.
    package let context: String
    /// The question.
    package let question: String
    /// The answer.
    package let right: String
    /// The wrong ones.
    package let wrong: [String]
    /// The people.
    package let people: [Person]
    /// What is asked.
    package let aim: Aim
  }

  /// An item of a split, or nil where the draw belongs to another or leaves no two wrong answers.
  package static func item(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let index = draws.integer(below: all.count)
    let frame = all[index]
    let people = draws.sample(2, of: Person.named)
    let aim = draws.pick(weighted: [
      (Aim.feels, 3), (.otherFeels, 4), (.trait, 3), (.reason, 3), (.next, 4), (.otherNext, 4),
    ])
    guard WorldSplit.of("social|\(index)|\(people[0].name)") == split else { return nil }
    let right = frame.answer(aim)
    var wrong: [String] = []
    // What the other one would feel or do is the wrong answer that is nearest.
    let mirror: [Aim: Aim] = [.feels: .otherFeels, .otherFeels: .feels, .next: .otherNext, .otherNext: .next]
    if let other = mirror[aim], draws.chance(0.6), frame.answer(other) != right { wrong.append(frame.answer(other)) }
    var tries = 0
    while wrong.count < 2, tries < 50 {
      tries += 1
      let other = draws.pick(all)
      let candidates = Aim.allCases.filter { $0.sort == aim.sort }
      let answer = other.answer(draws.pick(candidates))
      // Feelings of one colour are too near to each other to be wrong.
      if answer == right || wrong.contains(answer) || nearness(answer, right) { continue }
      wrong.append(answer)
    }
    guard wrong.count == 2 else { return nil }
    // Nobody thanks or hugs themselves: that would give a wrong answer away.
    let asked = aim == .otherNext || aim == .otherFeels ? ("{B}", "{A}") : ("{A}", "{B}")
    wrong = wrong.map {
      $0.replacing(asked.0.dropLast() + "s}", with: asked.1.dropLast() + "s}").replacing(asked.0, with: asked.1)
    }
    return Item(
      context: Inflection.sentence(filled(frame.deed, people)), question: filled(aim.question, people),
      right: filled(right, people), wrong: wrong.map { filled($0, people) }, people: people, aim: aim)
  }

  private static let bright: Set<String> = [
    "useful", "grateful", "generous", "happy", "proud", "amused", "less lonely", "patient", "like a hero", "thankful",
    "kind", "less hungry", "hopeful", "welcome", "delighted", "flattered", "rich", "tired but pleased", "relieved",
    "caring", "better", "in love", "glad", "helpful", "fast", "a good teller", "a good teacher", "brave", "friendly",
    "polite", "playful", "adventurous", "handy", "bold", "important", "sly", "surprised",
  ]
  private static let dark: Set<String> = [
    "sorry", "angry", "clumsy", "guilty", "dishonest", "disappointed", "scared", "ashamed", "hurt", "forgetful",
    "worried", "mean", "rude", "betrayed", "restless", "tired", "thoughtless", "cheated", "unfair", "furious", "upset",
    "bad-tempered", "annoyed", "careless", "late", "cold and wet", "unreliable", "homesick", "lonely", "embarrassed",
    "cross", "a gossip", "rough",
  ]
  private static func nearness(_ a: String, _ b: String) -> Bool {
    bright.contains(a) && bright.contains(b) || dark.contains(a) && dark.contains(b)
  }
}
