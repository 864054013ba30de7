/// What everybody in the small world knows of a property: what has it and what has not.
package struct Lore: Sendable {
  /// The subject under which a school teaches it.
  package let subject: String
  /// As predicate after a thing: `can fly`.
  package let says: String
  /// As question without its question mark: `Which of these can fly`.
  package let asks: String
  /// Things that have it, and things that have not, with their articles.
  package let has: [String]
  let lacks: [String]

  private init(_ subject: String, _ says: String, _ asks: String? = nil, has: String, lacks: String) {
    self.subject = subject
    self.says = says
    self.asks = asks ?? "Which of these " + says
    self.has = Self.list(has)
    self.lacks = Self.list(lacks)
  }

  private static func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

  /// The properties.
  package static let all: [Lore] = [
    Lore(
      "biology", "can fly", has: "a crow,an owl,a gull,a bee,a moth,a fly,a swan",
      lacks: "a cow,a pig,a trout,a dog,a horse,a goat,an eel,a cat"),
    Lore(
      "biology", "lives in water", has: "a trout,a carp,an eel,a salmon",
      lacks: "a hen,a cow,a bee,a fox,a goat,a moth,a horse"),
    Lore(
      "biology", "lays eggs", has: "a hen,a duck,a goose,a crow,an owl,a swan,a gull",
      lacks: "a cow,a dog,a cat,a horse,a pig,a goat,a fox,a bear"),
    Lore(
      "biology", "gives milk to its young", has: "a cow,a goat,a sheep,a dog,a cat,a horse,a pig",
      lacks: "a hen,a trout,a crow,a bee,a duck,a beetle,an eel"),
    Lore(
      "biology", "has fur", has: "a dog,a cat,a rabbit,a fox,a bear,a wolf",
      lacks: "a hen,a trout,an eel,a bee,a duck,a gull,a beetle"),
    Lore(
      "biology", "has feathers", has: "a hen,a duck,a goose,a crow,an owl,a swan",
      lacks: "a cow,a cat,a trout,a moth,a rabbit,a bear,a pig"),
    Lore(
      "biology", "has six legs", has: "a bee,an ant,a beetle,a moth,a fly",
      lacks: "a dog,a cat,a hen,a cow,a trout,a wolf,a duck"),
    Lore(
      "biology", "hunts other animals", has: "a wolf,a fox,an owl,a cat,a bear",
      lacks: "a cow,a sheep,a goat,a horse,a rabbit,a lamb"),
    Lore(
      "biology", "eats grass", has: "a cow,a sheep,a goat,a horse,a rabbit", lacks: "a wolf,a fox,an owl,a trout,a cat"),
    Lore(
      "biology", "has leaves", has: "an oak,a birch,a willow,an elm,a rose,a tulip",
      lacks: "a stone,a dog,a spoon,a cloud,a coin,a trout"),
    Lore(
      "biology", "grows on a tree", has: "an apple,a pear,a plum,a cherry,a lemon",
      lacks: "a carrot,an onion,a potato,a turnip,a cabbage"),
    Lore(
      "biology", "grows under the ground", has: "a carrot,an onion,a potato,a turnip",
      lacks: "an apple,a pear,a plum,a cherry,a melon,a bean"),
    Lore(
      "biology", "is alive", has: "a tree,a hen,a bee,a rose,a trout,a cow",
      lacks: "a stone,a car,a cup,a cloud,a coin,a clock,a shoe"),
    Lore(
      "physics", "melts in the sun", has: "ice,snow,butter,wax", lacks: "stone,iron,glass,wood,brick,wool"),
    Lore(
      "physics", "burns well", has: "dry wood,paper,straw,oil,coal", lacks: "stone,water,iron,sand,brick,ice"),
    Lore(
      "physics", "floats on water", has: "a leaf,a cork,a feather,a log,a boat",
      lacks: "a stone,a nail,a coin,a hammer,a key,a brick"),
    Lore(
      "physics", "is pulled by a magnet", has: "a nail,a needle,an iron key,a steel pin",
      lacks: "a leaf,a cork,a candle,a feather,a paper bag,a wool sock"),
    Lore(
      "physics", "gives light", has: "the sun,a lamp,a candle,a fire,a star",
      lacks: "a stone,a chair,a wall,a spoon,a shadow,a blanket"),
    Lore(
      "physics", "lets light through", has: "glass,clean water,ice,air", lacks: "wood,iron,stone,brick,wool,bread"),
    Lore(
      "physics", "carries heat well", has: "iron,copper,silver,gold", lacks: "wood,wool,paper,straw,cork,cloth"),
    Lore(
      "physics", "is a liquid", has: "milk,tea,oil,juice,water", lacks: "ice,stone,bread,sand,wood,iron,cheese"),
    Lore(
      "physics", "bounces", has: "a ball,a rubber ring,a spring", lacks: "a stone,a brick,a pillow,a potato,a book"),
    Lore(
      "physics", "is heavier than a man", has: "a horse,a truck,a ship,a bear,a train",
      lacks: "a hen,a cup,a shoe,a book,a bee,an apple"),
    Lore(
      "crafts", "is made of wood", has: "a table,a chair,a shelf,a log,a bench",
      lacks: "a nail,a coin,a window,a sock,a scarf,a brick"),
    Lore(
      "crafts", "is made of metal", has: "a nail,a coin,a needle,a saw,a knife",
      lacks: "a scarf,a candle,a book,a pillow,a loaf,a rope"),
    Lore(
      "crafts", "keeps you warm", has: "a coat,a scarf,a blanket,a glove,a fire",
      lacks: "a fan,a spoon,a map,ice,a fork,a kite"),
    Lore(
      "crafts", "makes music", has: "a drum,a flute,a violin,a guitar,a piano,a horn",
      lacks: "a rake,a spoon,a shelf,a boot,a ladder,a map"),
    Lore(
      "crafts", "has wheels", has: "a car,a bus,a bike,a cart,a train,a truck",
      lacks: "a boat,a ship,a horse,a bench,a ladder,a bed"),
    Lore(
      "cooking", "comes from milk", has: "cheese,butter,cream", lacks: "bread,honey,jam,rice,tea,salt,oil"),
    Lore(
      "cooking", "tastes sweet", has: "honey,jam,sugar,cake,a ripe plum", lacks: "salt,a lemon,an onion,vinegar,coffee"),
    Lore(
      "cooking", "is made from flour", has: "bread,cake,pie,noodles", lacks: "cheese,honey,juice,rice,milk,jam"),
    Lore(
      "cooking", "is good to drink", has: "milk,tea,juice,water,coffee", lacks: "sand,oil,paint,glue,soap,ink"),
  ]

  /// Things that have several properties, in the order of the lexicon.
  private static let things: [String] = {
    var seen: Set<String> = []
    return all.flatMap { $0.has + $0.lacks }.filter { seen.insert($0).inserted }
  }()

  /// A question, its answer and wrong answers.
  package struct Item: Sendable {
    /// The subject under which it is taught.
    package let subject: String
    /// The question.
    package let question: String
    /// The answer.
    package let right: String
    /// The wrong ones.
    package let wrong: [String]
    /// What is known, as a sentence.
    package let fact: String

    /// The split: questions with the same answers to choose from are one.
    package var split: WorldSplit {
      WorldSplit.of("lore|\(question)|\(right)|\(wrong.sorted().joined(separator: "|"))")
    }
  }

  /// A question about properties: which thing has one, or which of several is true of a thing.
  package static func item(_ draws: inout Draws) -> Item? {
    if draws.chance(0.6) {
      let lore = draws.pick(all)
      let right = draws.pick(lore.has)
      return Item(
        subject: lore.subject, question: lore.asks + "?", right: right, wrong: draws.sample(3, of: lore.lacks),
        fact: Inflection.sentence("\(right) \(lore.says)"))
    }
    let thing = draws.pick(things)
    let known = all.filter { $0.has.contains(thing) }
    let denied = all.filter { $0.lacks.contains(thing) }
    guard let lore = known.isEmpty ? nil : draws.pick(known), denied.count >= 3 else { return nil }
    return Item(
      subject: lore.subject, question: "What is true of \(thing)?", right: "it \(lore.says)",
      wrong: draws.sample(3, of: denied).map { "it \($0.says)" }, fact: Inflection.sentence("\(thing) \(lore.says)"))
  }

  /// Facts told one after another.
  package static func prose(_ draws: inout Draws) -> String {
    let lore = draws.pick(all)
    switch draws.integer(below: 4) {
    case 0:
      let thing = draws.pick(things)
      let known = all.filter { $0.has.contains(thing) }.map { "\(thing) \($0.says)" }
      let denied = all.filter { $0.lacks.contains(thing) }.map { "it is not true that \(thing) \($0.says)" }
      let told = draws.sample(2, of: known) + draws.sample(1, of: denied)
      return told.map(Inflection.sentence).joined(separator: " ")
    case 1:
      let (a, b) = (draws.pick(lore.has), draws.pick(lore.lacks))
      return Inflection.sentence("\(a) \(lore.says), but not \(b)")
    case 2:
      return draws.sample(3, of: lore.has).map { Inflection.sentence("\($0) \(lore.says)") }.joined(separator: " ")
    default:
      let list = draws.sample(3, of: lore.has)
      return Inflection.sentence("\(list[0]) \(lore.says)")
        + (list.count > 2 ? " So it is with \(list[1]) and \(list[2])." : "")
    }
  }
}
