/// What happens in nature and in the house: a beginning that has one right end.
package struct CauseLore: Sendable {
  /// The beginning of a sentence: `when water gets very cold, it`.
  package let beginning: String
  /// Its end: `turns into ice`.
  package let end: String
  /// Which ends could be confused with it: those of the same sort are offered as wrong ones.
  let sort: Character

  private init(_ sort: Character, _ beginning: String, _ end: String) {
    self.sort = sort
    self.beginning = beginning
    self.end = end
  }

  /// The sentences.
  package static let all: [CauseLore] = [
    CauseLore("t", "when water gets very cold, it", "turns into ice"),
    CauseLore("t", "when water boils, it", "turns into steam"),
    CauseLore("t", "when wood burns, it", "turns into ash"),
    CauseLore("t", "when iron gets wet and old, it", "turns into rust"),
    CauseLore("t", "when milk stands too long, it", "turns sour"),
    CauseLore("t", "when butter is heated, it", "turns into a liquid"),
    CauseLore("t", "when dough is baked, it", "turns into bread"),
    CauseLore("t", "when a caterpillar grows up, it", "turns into a moth"),
    CauseLore("t", "when a seed gets water and warmth, it", "turns into a plant"),
    CauseLore("t", "when wet clothes hang in the wind, they", "get dry"),
    CauseLore("n", "a plant needs", "light and water"), CauseLore("n", "a fire needs", "air and wood"),
    CauseLore("n", "a fish needs", "water to swim in"), CauseLore("n", "a car needs", "fuel to drive"),
    CauseLore("n", "a baby needs", "milk and sleep"), CauseLore("n", "a kite needs", "wind to rise"),
    CauseLore("n", "a clock needs", "a spring or a battery"),
    CauseLore("n", "a sailing boat needs", "wind in its sail"),
    CauseLore("c", "day and night come because", "the earth turns"),
    CauseLore("c", "it rains because", "clouds let water fall"),
    CauseLore("c", "birds fly south because", "winter is cold"),
    CauseLore("c", "leaves fall because", "autumn comes"),
    CauseLore("c", "a shadow is there because", "something stops the light"),
    CauseLore("c", "a stone falls because", "the earth pulls it"),
    CauseLore("c", "snow goes away because", "spring is warm"),
    CauseLore("c", "an echo comes because", "sound bounces off a wall"),
    CauseLore("c", "dogs pant because", "they are hot"),
    CauseLore("c", "bees visit flowers because", "they want nectar"),
    CauseLore("w", "a bird lives in", "a nest"), CauseLore("w", "a bee lives in", "a hive"),
    CauseLore("w", "a fox lives in", "a den"), CauseLore("w", "a spider lives in", "a web"),
    CauseLore("w", "a horse sleeps in", "a stable"), CauseLore("w", "a snail lives in", "a shell"),
    CauseLore("w", "a fish lives in", "a pond"), CauseLore("w", "a hen sleeps in", "a coop"),
    CauseLore("b", "the young of a cow is", "a calf"), CauseLore("b", "the young of a dog is", "a puppy"),
    CauseLore("b", "the young of a cat is", "a kitten"), CauseLore("b", "the young of a hen is", "a chick"),
    CauseLore("b", "the young of a sheep is", "a lamb"), CauseLore("b", "the young of a horse is", "a foal"),
    CauseLore("b", "the young of a goat is", "a kid"), CauseLore("b", "the young of a bear is", "a cub"),
    CauseLore("o", "we see with", "the eyes"), CauseLore("o", "we hear with", "the ears"),
    CauseLore("o", "we smell with", "the nose"), CauseLore("o", "we taste with", "the tongue"),
    CauseLore("o", "we breathe with", "the lungs"), CauseLore("o", "we bite with", "the teeth"),
    CauseLore("o", "a bird flies with", "the wings"), CauseLore("o", "a tree drinks with", "the roots"),
  ]

  /// A beginning with its end and three wrong ends.
  package static func item(_ draws: inout Draws) -> Lore.Item {
    let lore = draws.pick(all)
    let others = all.filter { $0.sort == lore.sort && $0.end != lore.end }
    return Lore.Item(
      subject: "nature", question: Inflection.capitalized(lore.beginning), right: lore.end,
      wrong: draws.sample(3, of: others).map(\.end),
      fact: Inflection.sentence("\(lore.beginning) \(lore.end)"))
  }
}
