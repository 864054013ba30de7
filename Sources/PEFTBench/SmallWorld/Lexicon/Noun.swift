/// A kind of things, within a wider kind.
package struct Kind: Sendable, Hashable {
  /// The word that names it in the lexicon.
  package let id: String
  /// One of it: `a bird`, `a piece of clothing`.
  package let one: String
  /// Several: `birds`.
  package let many: String
  /// The wider kind, if there is one.
  package let parent: String?

  /// What one of the kind may be called by, beside its noun.
  package var qualities: [String] {
    switch id {
    case "bird", "beast": ["black", "white", "brown", "grey", "big", "small", "old", "young"]
    case "fish", "insect": ["big", "small", "black", "green"]
    case "tree": ["old", "young", "tall"]
    case "flower": ["red", "yellow", "white", "blue"]
    case "fruit": ["ripe", "sweet", "big", "small", "green", "yellow"]
    case "vegetable", "meal": ["fresh", "big", "small"]
    case "drink": ["cold", "fresh", "warm"]
    default:
      ["red", "blue", "green", "yellow", "white", "black", "brown", "grey", "big", "small", "old", "new", "pretty"]
    }
  }

  private init(_ id: String, _ one: String? = nil, _ many: String? = nil, in parent: String? = nil) {
    self.id = id
    self.one = one ?? Inflection.withArticle(id)
    self.many = many ?? Inflection.plural(of: id)
    self.parent = parent
  }

  /// All kinds.
  package static let all: [Kind] = [
    Kind("animal"), Kind("bird", in: "animal"), Kind("fish", "a fish", "fish", in: "animal"),
    Kind("insect", in: "animal"), Kind("beast", "an animal", "animals", in: "animal"), Kind("plant"),
    Kind("tree", in: "plant"), Kind("flower", in: "plant"), Kind("food", "something to eat", "things to eat"),
    Kind("fruit", "a fruit", "fruits", in: "food"), Kind("vegetable", in: "food"),
    Kind("meal", "something to eat", "things to eat", in: "food"),
    Kind("drink", "something to drink", "things to drink"), Kind("tool"), Kind("vehicle"),
    Kind("furniture", "a piece of furniture", "pieces of furniture"), Kind("dish", "a dish", "dishes"),
    Kind("clothes", "something to wear", "things to wear"),
    Kind("instrument", "an instrument", "instruments"), Kind("toy"),
    Kind("reading", "something to read", "things to read"), Kind("container"),
    Kind("opening", "a part of the house", "parts of the house"),
  ]

  private static let byID = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

  /// The kind of this name.
  package static func named(_ id: String) -> Kind {
    guard let kind = byID[id] else { preconditionFailure("the small world has no kind \(id)") }
    return kind
  }

  /// The widest kind that this one is in.
  package var widest: Kind { parent.map { Kind.named($0).widest } ?? self }
}

/// A common noun of the small world.
package struct Noun: Sendable, Hashable {
  /// One of it.
  package let singular: String
  /// Several.
  package let plural: String
  /// Its kind.
  package let kind: Kind
  /// Whether it is not counted: bread, milk.
  package let isMass: Bool
  /// Another word for the same.
  package let synonym: String?

  private init(_ word: Substring, _ kind: Kind) {
    // `goose/geese`, `bread-` (not counted), `rabbit=hare`.
    var word = word
    var synonym: String?
    if let equals = word.firstIndex(of: "=") {
      synonym = String(word[word.index(after: equals)...])
      word = word[..<equals]
    }
    isMass = word.hasSuffix("-")
    if isMass { word = word.dropLast() }
    let parts = word.split(separator: "/")
    singular = String(parts[0])
    plural = parts.count > 1 ? String(parts[1]) : isMass ? singular : Inflection.plural(of: singular)
    self.kind = kind
    self.synonym = synonym
  }

  private static func nouns(_ kind: String, _ words: String) -> [Noun] {
    words.split(separator: " ").map { Noun($0, Kind.named(kind)) }
  }

  /// All nouns.
  package static let all: [Noun] =
    nouns("bird", "hen duck goose/geese crow owl swan gull")
    + nouns("fish", "trout/trout carp/carp eel salmon/salmon")
    + nouns("insect", "bee ant fly beetle moth")
    + nouns("beast", "dog cat cow horse goat sheep/sheep pig=hog rabbit=hare fox wolf/wolves bear donkey=mule lamb")
    + nouns("tree", "oak pine birch willow elm")
    + nouns("flower", "rose tulip daisy poppy violet")
    + nouns("fruit", "apple pear plum cherry lemon melon")
    + nouns("vegetable", "carrot onion potato bean cabbage turnip")
    + nouns("meal", "bread- cake soup- cheese- egg pie rice- honey- sausage")
    + nouns("drink", "milk- tea- coffee- juice- water-")
    + nouns("tool", "hammer saw spade=shovel axe knife/knives rake ladder broom")
    + nouns("vehicle", "car=automobile bus train boat=ship bike=bicycle cart=wagon truck=lorry")
    + nouns("furniture", "table chair=seat bed shelf/shelves bench stool desk sofa=couch")
    + nouns("dish", "cup=mug plate bowl glass/glasses jug pot pan")
    + nouns("clothes", "coat=jacket hat=cap shirt boot scarf/scarves glove dress skirt")
    + nouns("instrument", "drum flute violin=fiddle guitar piano horn")
    + nouns("toy", "ball doll kite puzzle top")
    + nouns("reading", "book letter=note map newspaper=paper poem card")
    + nouns("container", "box basket bag=sack chest=trunk bottle jar")
    + nouns("opening", "door gate window fence wall roof")

  private static let byKind = Dictionary(grouping: all, by: \.kind.id)
  private static let byWidest = Dictionary(grouping: all, by: \.kind.widest.id)

  /// The nouns of a kind and of the kinds within it.
  package static func of(kind: String) -> [Noun] { (byWidest[kind] ?? byKind[kind]) ?? [] }

  /// The nouns of several kinds.
  package static func of(kinds: [String]) -> [Noun] { kinds.flatMap { of(kind: $0) } }

  /// The noun of this singular.
  package static func named(_ singular: String) -> Noun {
    guard let noun = bySingular[singular] else { preconditionFailure("the small world has no noun \(singular)") }
    return noun
  }
  private static let bySingular = Dictionary(all.map { ($0.singular, $0) }, uniquingKeysWith: { first, _ in first })
}
