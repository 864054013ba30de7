/// Something that is done in steps, always in the same order.
package struct Script: Sendable {
  /// What it is called: `Baking a cake`.
  package let title: String
  /// The steps, as predicates in the present: `puts flour into a bowl`; `{his}` is a genitive.
  package let steps: [String]

  private init(_ title: String, _ steps: String...) {
    self.title = title
    self.steps = steps
  }

  /// A step of somebody.
  package static func filled(_ step: String, _ person: Person) -> String {
    step.replacing("{his}", with: person.possessive).replacing("{him}", with: person.object)
  }

  /// The scripts.
  package static let all: [Script] = [
    Script(
      "Baking a cake", "puts flour and eggs into a bowl", "stirs the dough", "pours the dough into a pan",
      "puts the pan into the oven", "takes the hot cake out of the oven", "cuts the cake"),
    Script(
      "Making tea", "fills the kettle with water", "waits until the water boils", "pours the water over the tea leaves",
      "fills a cup with tea", "drinks the tea"),
    Script(
      "Washing dishes", "fills the sink with warm water", "puts the plates into the sink", "scrubs the plates",
      "rinses the plates", "dries the plates with a towel", "puts the plates on the shelf"),
    Script(
      "Planting a tree", "digs a hole in the garden", "sets the young tree into the hole", "fills the hole with earth",
      "waters the tree"),
    Script(
      "Fishing", "walks to the lake with a rod", "puts a worm on the hook", "throws the line into the water",
      "feels a pull at the line", "pulls a fish out of the water"),
    Script(
      "Going to bed", "brushes {his} teeth", "puts on a night shirt", "lies down in bed", "turns off the lamp",
      "falls asleep"),
    Script(
      "Getting up", "hears the alarm clock", "gets out of bed", "washes {his} face", "gets dressed", "eats breakfast"),
    Script(
      "Painting a wall", "opens a pot of paint", "dips the brush into the paint", "moves the brush over the wall",
      "waits until the wall is dry", "cleans the brush"),
    Script(
      "Washing the dog", "fills a tub with water", "lifts the dog into the tub", "rubs soap into the fur",
      "rinses the dog", "dries the dog with a towel"),
    Script(
      "Buying bread", "walks to the bakery", "stands in line", "asks for a loaf of bread", "pays the baker",
      "carries the bread home"),
    Script(
      "Sending a letter", "writes a letter", "puts the letter into an envelope", "sticks a stamp on the envelope",
      "walks to the post office", "drops the envelope into the box"),
    Script(
      "Riding a horse", "puts the saddle on the horse", "climbs on the horse", "takes the reins",
      "rides through the field", "leads the horse back to the stable"),
    Script(
      "Taking the bus", "walks to the bus stop", "waits for the bus", "gets on the bus", "buys a ticket",
      "sits down on a seat", "gets off at the market"),
    Script(
      "Lighting a fire", "gathers dry wood", "stacks the wood", "strikes a match", "holds the match to the wood",
      "warms {his} hands at the fire"),
    Script(
      "Playing football", "puts on {his} boots", "runs onto the field", "gets the ball", "kicks the ball at the goal",
      "cheers about the goal"),
    Script(
      "Cooking soup", "peels the carrots", "cuts the carrots into small pieces", "puts the carrots into a pot of water",
      "lets the soup boil", "tastes the soup with a spoon"),
    Script(
      "Mending a bike", "turns the bike over", "takes off the wheel", "finds the hole in the tube",
      "glues a patch on the tube", "puts the wheel back on"),
    Script(
      "Building a snowman", "goes out into the snow", "rolls a big ball of snow", "sets a small ball on the big one",
      "gives the snowman a carrot as a nose", "puts a hat on the snowman"),
    Script(
      "Swimming", "walks down to the beach", "takes off {his} shoes", "jumps into the water", "swims to the island",
      "dries off in the sun"),
    Script(
      "Seeing the doctor", "feels ill", "goes to the doctor", "tells the doctor where it hurts", "gets some medicine",
      "feels better"),
    Script(
      "Flying a kite", "takes the kite to the hill", "unrolls the string", "runs against the wind",
      "sees the kite rise", "winds up the string"),
    Script(
      "Milking a cow", "goes into the barn", "sits down on a stool by the cow", "milks the cow into a bucket",
      "carries the bucket of milk out of the barn"),
    Script(
      "Getting dressed for winter", "puts on a thick coat", "winds a scarf around {his} neck", "pulls on the gloves",
      "steps out into the cold"),
    Script(
      "Playing the piano", "sits down at the piano", "opens the lid", "lays {his} fingers on the keys", "plays a song",
      "takes a bow"),
    Script(
      "Making juice", "picks some oranges", "cuts the oranges in half", "presses the oranges",
      "pours the juice into a glass", "drinks the juice"),
    Script(
      "Drawing a picture", "takes a sheet of paper", "sharpens a pencil", "draws a house", "colours the house red",
      "hangs the picture on the wall"),
    Script(
      "Sewing a button", "puts the thread through the needle", "holds the button on the shirt",
      "pushes the needle through the button", "ties a knot", "cuts the thread"),
    Script(
      "Reading at the library", "enters the library", "looks along the shelves", "picks a book",
      "reads the book at a desk", "brings the book back"),
    Script(
      "Cutting the grass", "fetches the mower from the shed", "starts the mower", "pushes the mower over the lawn",
      "rakes up the cut grass"),
    Script(
      "Eating at an inn", "enters the inn", "reads the menu", "orders a pie", "eats the pie", "pays the bill",
      "leaves the inn"),
  ]

  /// The beginning of a script, how it goes on, and three other endings.
  package struct Item: Sendable {
    /// Which script.
    package let title: String
    /// Who does it.
    package let person: Person
    /// The steps so far.
    package let told: [String]
    /// The next step.
    package let right: String
    /// The wrong ones.
    package let wrong: [String]
  }

  /// An item of a split, or nil where the draw belongs to another.
  package static func item(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let index = draws.integer(below: all.count)
    let script = all[index]
    let person = draws.pick(Person.all)
    let place = draws.integer(in: 1...script.steps.count - 1)
    guard WorldSplit.of("script|\(index)|\(person.name)") == split else { return nil }
    let start = max(0, place - draws.integer(in: 1...3))
    var wrong: [String] = []
    // A step of the same script that was told already or comes too early.
    if start > 0, draws.chance(0.3) { wrong.append(script.steps[start - 1]) }
    // Steps of scripts with a word in common are hard to tell apart; they come first.
    let words = Set(script.steps[start..<place].joined(separator: " ").split(separator: " ").filter { $0.count > 3 })
    func shares(_ step: String) -> Bool { step.split(separator: " ").contains { words.contains($0) } }
    let near = all.filter { $0.title != script.title }.flatMap { $0.steps.filter(shares) }
    wrong += draws.sample(1, of: near)
    while wrong.count < 3 {
      guard let other = draws.pick(all, except: { $0.title == script.title }) else { return nil }
      let step = draws.pick(other.steps)
      if !wrong.contains(step) && step != script.steps[place] { wrong.append(step) }
    }
    func filled(_ steps: [String]) -> [String] { steps.map { Self.filled($0, person) } }
    return Item(
      title: script.title, person: person, told: filled(Array(script.steps[start..<place])),
      right: Self.filled(script.steps[place], person), wrong: filled(wrong))
  }
}
