/// Three things that happen one because of another.
///
/// `{A}` is somebody, `{As}` the genitive; `{he}` and `{his}` stand for the same person.
package struct CausalChain: Sendable {
  /// What comes first, what it leads to, and what that leads to.
  package let links: [String]

  private init(_ links: String...) { self.links = links }

  /// A link told of somebody, as a sentence.
  ///
  /// - Parameter isNamed: Whether the name is used where the link begins with the person; elsewhere it always is.
  package static func text(_ link: String, of person: Person, isNamed: Bool = true) -> String {
    let usesName = isNamed || !link.hasPrefix("{A")
    return Inflection.sentence(
      link.replacing("{A}", with: usesName ? person.name : person.subject)
        .replacing("{As}", with: usesName ? person.genitive : person.possessive)
        .replacing("{he}", with: person.subject).replacing("{his}", with: person.possessive))
  }

  /// The chains.
  package static let all: [CausalChain] = [
    CausalChain("{A} bumped the table", "{As} cup fell down", "{As} cup broke"),
    CausalChain("{A} forgot {his} coat", "{A} got cold", "{A} put on a warm scarf"),
    CausalChain("{A} walked in the rain", "{A} got wet", "{A} changed {his} clothes"),
    CausalChain("{A} missed breakfast", "{A} got hungry", "{A} ate a big lunch"),
    CausalChain("{A} stayed up all night", "{A} was tired", "{A} went to bed early"),
    CausalChain("{A} ran a long way", "{A} was thirsty", "{A} drank some water"),
    CausalChain("{A} left the gate open", "{As} hens ran away", "{A} looked for the hens"),
    CausalChain("{A} ate too much cake", "{A} felt ill", "{A} went to the doctor"),
    CausalChain("{A} fell off the bike", "{A} hurt {his} knee", "{A} put a bandage on {his} knee"),
    CausalChain("{A} told a lie", "{As} friends were angry", "{A} said sorry"),
    CausalChain("{A} got a present", "{A} was glad", "{A} wrote a letter of thanks"),
    CausalChain("{A} heard a noise at night", "{A} was scared", "{A} hid under the bed"),
    CausalChain("{A} practised every day", "{A} won the match", "{A} got a prize"),
    CausalChain("{A} got up late", "{A} missed the bus", "{A} walked to school"),
    CausalChain("{A} watered the roses", "{As} roses grew tall", "{A} cut some roses for the table"),
    CausalChain("{A} left the bread in the oven", "{As} bread burned", "{A} bought new bread"),
    CausalChain("{A} did not water the plants", "{As} plants died", "{A} bought new plants"),
    CausalChain("{A} dug in the garden", "{As} hands got dirty", "{A} washed {his} hands"),
    CausalChain("{A} lost {his} key", "{A} could not open the door", "{A} climbed in by the window"),
    CausalChain("{A} sat on {his} glasses", "{As} glasses broke", "{A} could not read"),
    CausalChain("{A} left the ice in the sun", "{As} ice melted", "{A} mopped the floor"),
    CausalChain("{A} stepped on a nail", "{As} foot bled", "{A} took off {his} shoe"),
    CausalChain("{A} worked hard all month", "{A} earned money", "{A} bought a bike"),
    CausalChain("{A} lit a fire", "{As} room got warm", "{A} took off {his} coat"),
    CausalChain("{A} dropped the vase", "{A} woke the baby", "{A} sang to the baby"),
    CausalChain("{A} lost {his} dog", "{A} was sad", "{A} cried"),
    CausalChain("{A} made a joke", "{As} friends laughed", "{A} told one more joke"),
    CausalChain("{A} broke a window", "{As} mother was angry", "{A} paid for the glass"),
    CausalChain("{A} put salt in the tea", "{As} tea tasted bad", "{A} threw the tea away"),
    CausalChain("{A} planted an apple tree", "{A} had many apples", "{A} baked an apple pie"),
    CausalChain("{A} bought too many books", "{As} shelf was full", "{A} built a new shelf"),
    CausalChain("{A} swam in the cold lake", "{A} caught a cold", "{A} stayed in bed"),
    CausalChain("{A} drove too fast", "{As} car hit a tree", "{A} called for help"),
    CausalChain("{A} left the cheese out", "A mouse ate {As} cheese", "{A} got a cat"),
    CausalChain("{A} switched off the lamp", "{As} room got dark", "{A} fell asleep"),
    CausalChain("{A} opened the window", "The wind blew {As} papers away", "{A} picked up the papers"),
    CausalChain("{A} forgot to pay", "The baker called {A} back", "{A} gave the baker the money"),
    CausalChain("{A} fed the stray cat", "The cat followed {A} home", "{A} gave the cat a name"),
    CausalChain("{A} saved {his} money", "{A} was rich", "{A} bought a house"),
    CausalChain("{A} pulled the dog by the tail", "The dog bit {A}", "{A} ran from the dog"),
  ]
}
