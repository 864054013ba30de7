/// A word with two meanings.
package struct AmbiguousWord: Sendable {
  /// A meaning of a word, with sentences that show it; `{A}` is somebody, `{he}` and `{his}` the pronouns.
  package struct Sense: Sendable {
    /// What it means.
    package let meaning: String
    let frames: [String]
  }

  /// The word.
  package let word: String
  /// Its two meanings.
  package let senses: [Sense]

  /// - Parameter texts: A meaning and its sentences, and as many of the other.
  private init(_ word: String, _ texts: String...) {
    self.word = word
    let half = texts.count / 2
    senses = [texts[..<half], texts[half...]].map {
      Sense(meaning: $0.first ?? "", frames: Array($0.dropFirst()))
    }
  }

  /// The words.
  package static let all: [AmbiguousWord] = [
    AmbiguousWord(
      "bank", "the side of a river",
      "{A} sat on the bank and watched the river", "The boat came to the bank where {A} stood",
      "{A} caught a fish from the bank", "The bank was wet, and {A} fell into the water",
      "the house where money is kept", "{A} took {his} money to the bank", "The bank lent {A} some money",
      "{A} works at a bank in town", "{A} went to the bank to pay"),
    AmbiguousWord(
      "bat", "the animal that flies at night",
      "A bat flew over the head of {A}", "{A} saw a bat asleep in the cave", "The bat that {A} saw ate a moth",
      "{A} heard the wings of a bat", "the stick to hit a ball with", "{A} hit the ball with a bat",
      "{A} held the bat in both hands", "The bat of {A} is made of wood", "{A} bought a bat to play ball"),
    AmbiguousWord(
      "ring", "the thing worn on a finger",
      "{A} wore a ring of gold", "{A} lost the ring from {his} finger", "{A} gave the queen a ring",
      "{A} took off the ring to wash {his} hands", "the sound of a bell",
      "{A} heard the ring of the bell", "The ring of the phone woke {A}", "{A} ran to the door at the first ring",
      "The loud ring hurt the ears of {A}"),
    AmbiguousWord(
      "bark", "the skin of a tree",
      "{A} cut the bark of the oak", "The bark of the old pine felt rough to {A}", "{A} drew a tree with brown bark",
      "{A} hid under a piece of bark", "the sound of a dog",
      "The bark of the dog woke {A}", "{A} heard a loud bark and saw the dog", "The dog greeted {A} with a bark",
      "{A} was scared by the bark at the gate"),
    AmbiguousWord(
      "nail", "the pin that holds wood",
      "{A} hit the nail with a hammer", "{A} needs one more nail for the shelf", "The picture of {A} hangs on a nail",
      "{A} pulled an old nail from the wall", "the hard end of a finger",
      "{A} painted the nail of {his} thumb", "{A} bit the nail of {his} finger", "{A} broke a nail and hurt {his} hand",
      "{A} cut the nail that was too long"),
    AmbiguousWord(
      "wave", "the moving water",
      "A wave threw {A} off the boat", "{A} swam under a big wave", "The wave made the boots of {A} wet",
      "{A} watched a wave come to the beach", "the greeting with a hand",
      "{A} said goodbye with a wave", "With a wave, {A} called the waiter", "{A} gave the girl a friendly wave",
      "The king greeted {A} with a wave of the hand"),
    AmbiguousWord(
      "spring", "the time of year before summer",
      "{A} plants flowers every spring", "After the long winter, {A} was glad of the spring",
      "{A} will marry next spring", "In spring, {A} hears the birds", "the place where water comes from the ground",
      "{A} drank cold water from the spring", "{A} filled the jug at the spring", "The spring that {A} found is clear",
      "{A} dug a hole where the spring was"),
    AmbiguousWord(
      "match", "the stick that makes fire",
      "{A} lit the lamp with a match", "{A} had one dry match for the fire", "The match burned the finger of {A}",
      "{A} put the match into the box", "the game between two sides",
      "{A} won the match by two goals", "{A} saw the match with {his} friends",
      "The rain stopped the match that {A} played",
      "{A} lost the match and was sad"),
    AmbiguousWord(
      "letter", "the message in an envelope",
      "{A} sent a letter to {his} aunt", "{A} read the letter and cried", "The letter came to {A} by train",
      "{A} put a stamp on the letter", "the sign of the alphabet",
      "The name of {A} has one letter more", "{A} forgot a letter in the word",
      "{A} can write every letter from A to Z",
      "{A} wrote the first letter too big"),
    AmbiguousWord(
      "trunk", "the nose of an elephant",
      "The elephant took the apple from {A} with its trunk", "{A} was splashed by the trunk of the elephant",
      "{A} touched the long grey trunk of the elephant", "The elephant lifted {A} with its trunk",
      "the big box for clothes", "{A} packed {his} coats in a trunk", "The trunk of {A} was too heavy for the train",
      "{A} found old dresses in the trunk", "{A} locked the trunk with a key"),
    AmbiguousWord(
      "bed", "the furniture to sleep in",
      "{A} slept in a soft bed", "{A} was ill and stayed in bed", "{A} made the bed in the morning",
      "The bed was too short for {A}", "the ground where flowers grow",
      "{A} planted tulips in the bed", "{A} watered the bed of roses", "A hen dug up the bed that {A} had planted",
      "{A} pulled the weeds out of the bed"),
    AmbiguousWord(
      "light", "what makes things bright",
      "{A} switched on the light", "The light woke {A} in the morning", "{A} saw a light in the window",
      "{A} reads by the light of a lamp", "easy to carry",
      "The bag of {A} was light", "{A} took the light box and left the heavy one",
      "{A} lifted the chair, for it was light", "The boat was light, and {A} pulled it alone"),
    AmbiguousWord(
      "watch", "the small clock",
      "{A} looked at {his} watch to know the hour", "The watch of {A} is five minutes slow",
      "{A} got a gold watch from {his} uncle", "{A} mended the watch that had stopped",
      "to look at something for a while",
      "{A} likes to watch the birds", "{A} went to watch the boats come in", "{A} and the boy watch the dancers",
      "{A} will watch the children play"),
  ]
}
