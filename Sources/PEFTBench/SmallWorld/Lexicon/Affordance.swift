/// What a thing is good for: reaching a goal with its help.
package struct Affordance: Sendable {
  /// The thing: `a knife`.
  package let tool: String
  /// Goals, as orders: `cut the bread`.
  package let goals: [String]

  private init(_ tool: String, _ goals: String...) {
    self.tool = tool
    self.goals = goals
  }

  /// All of them; no goal is reached with two of the tools.
  package static let all: [Affordance] = [
    Affordance("a knife", "cut the bread", "cut the cheese", "slice the apple", "peel the potato"),
    Affordance("a hammer", "drive in the nail", "crack the nut", "nail the board down"),
    Affordance("a broom", "sweep the floor", "sweep the yard", "get the dust off the stairs"),
    Affordance("a spade", "dig a hole", "plant the tree", "turn the soil"),
    Affordance("a ladder", "get up on the roof", "reach the top shelf", "pick the high apples"),
    Affordance("a bucket", "carry the water", "fetch milk from the barn", "put out the small fire"),
    Affordance("a key", "open the locked door", "lock the chest", "start the car"),
    Affordance("a needle", "sew the shirt", "mend the torn coat", "put a button on the dress"),
    Affordance("soap", "get the hands clean", "wash the dirty shirt", "get the grease off the plate"),
    Affordance("a towel", "dry the hands", "dry the wet dog", "dry the plates"),
    Affordance("an umbrella", "stay dry in the rain", "keep the rain off the baby"),
    Affordance("a lamp", "see in the dark", "read at night", "find the way in the cellar"),
    Affordance("a map", "find the way to the town", "learn where the river goes"),
    Affordance("a rope", "tie the goat to the fence", "pull the cart", "tie up the boat"),
    Affordance("a basket", "carry the eggs", "gather the apples", "bring the bread home"),
    Affordance("glue", "mend the broken cup", "stick the paper to the wall", "mend the vase"),
    Affordance("an axe", "chop the wood", "fell the tree", "split the log"),
    Affordance("a rake", "gather the leaves", "tidy the hay"),
    Affordance("a pen", "write a letter", "sign the card", "note down the number"),
    Affordance("a brush", "paint the wall", "paint the fence", "put colour on the picture"),
    Affordance("a comb", "tidy the hair", "smooth the beard"),
    Affordance("a net", "catch the fish", "catch the moth"),
    Affordance("an oven", "bake the bread", "bake the pie", "roast the goose"),
    Affordance("a pot", "cook the soup", "boil the eggs", "cook the rice"),
    Affordance("a spoon", "stir the tea", "eat the soup", "taste the honey"),
    Affordance("scissors", "cut the paper", "cut the hair", "cut the cloth"),
    Affordance("a match", "light the candle", "light the fire"),
    Affordance("ice", "cool the milk", "keep the fish cold", "cool the sore knee"),
    Affordance("a blanket", "keep warm in bed", "cover the sleeping child"),
    Affordance("a watering can", "water the roses", "water the tulips"),
    Affordance("a boat", "cross the lake", "get to the island"),
    Affordance("a bandage", "cover the cut", "wrap the hurt knee"),
    Affordance("a scale", "weigh the flour", "find out how heavy the fish is"),
    Affordance("a clock", "know the time", "wake up at six"),
    Affordance("glasses", "read the small letters", "see far things well"),
    Affordance("a saddle", "ride the horse", "sit well on the donkey"),
    Affordance("a bell", "call the children in", "let all hear that it is noon"),
    Affordance("a ruler", "draw a straight line", "measure the board"),
    Affordance("a fan", "cool the hot room", "get fresh air on a hot day"),
    Affordance("a mirror", "see your own face", "look at the back of your head"),
  ]

  /// Ways to say what is done with the tool; `{t}` is the tool, `{g}` the goal.
  package static let ways = [
    "use {t}.", "take {t} and try it.", "get {t} for that.", "do it with {t}.", "ask for {t}.",
  ]

  /// Ways to state a goal.
  package static let statements = ["To {g},", "How do you {g}?", "{g}", "You want to {g}.", "What helps to {g}?"]

  /// A goal with the tool that reaches it and one that does not.
  package struct Item: Sendable {
    /// The goal as an order.
    package let goal: String
    /// The thing that helps.
    package let right: String
    /// The thing that does not.
    package let wrong: String
  }

  /// An item of a split, or nil where the draw belongs to another.
  package static func item(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let pair = draws.sample(2, of: all)
    let goal = draws.pick(pair[0].goals)
    guard self.split(of: goal, with: pair[1].tool) == split else { return nil }
    return Item(goal: goal, right: pair[0].tool, wrong: pair[1].tool)
  }

  /// Where it may be told that a tool does not reach a goal.
  static func split(of goal: String, with wrong: String) -> WorldSplit { WorldSplit.of("affordance|\(goal)|\(wrong)") }
}
