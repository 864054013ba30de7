/// A verb with its forms.
package struct Verb: Sendable, Hashable {
  /// The base form, such as `give`.
  package let base: String
  /// The third person of the present, such as `gives`.
  package let third: String
  /// The past, such as `gave`.
  package let past: String
  /// The past participle, such as `given`.
  package let participle: String
  /// The form with -ing, such as `giving`.
  package let progressive: String

  /// The verb of this base form.
  package init(_ base: String) {
    self.base = base
    // A particle stays behind: `look at`.
    let words = base.split(separator: " ", maxSplits: 1).map(String.init)
    let rest = words.count > 1 ? " " + words[1] : ""
    let irregular = Self.irregular[words[0]]
    third = Inflection.third(of: words[0]) + rest
    past = (irregular?.0 ?? Inflection.past(of: words[0])) + rest
    participle = (irregular?.1 ?? irregular?.0 ?? Inflection.past(of: words[0])) + rest
    progressive = Inflection.progressive(of: words[0]) + rest
  }

  private static let irregular: [String: (String, String?)] = [
    "be": ("was", "been"), "have": ("had", nil), "do": ("did", "done"), "go": ("went", "gone"),
    "feed": ("fed", nil), "buy": ("bought", nil), "sell": ("sold", nil), "find": ("found", nil),
    "lose": ("lost", nil), "hide": ("hid", "hidden"), "eat": ("ate", "eaten"), "drink": ("drank", "drunk"),
    "cut": ("cut", nil), "shut": ("shut", nil), "draw": ("drew", "drawn"), "throw": ("threw", "thrown"),
    "catch": ("caught", nil), "read": ("read", nil), "write": ("wrote", "written"), "meet": ("met", nil),
    "teach": ("taught", nil), "give": ("gave", "given"), "send": ("sent", nil), "lend": ("lent", nil),
    "bring": ("brought", nil), "tell": ("told", nil), "say": ("said", nil), "sleep": ("slept", nil),
    "sing": ("sang", "sung"), "run": ("ran", "run"), "swim": ("swam", "swum"), "sit": ("sat", nil),
    "stand": ("stood", nil), "break": ("broke", "broken"), "fall": ("fell", "fallen"), "put": ("put", nil),
    "take": ("took", "taken"), "see": ("saw", "seen"), "hear": ("heard", nil), "know": ("knew", "known"),
    "think": ("thought", nil), "feel": ("felt", nil), "get": ("got", nil), "make": ("made", nil),
    "build": ("built", nil), "keep": ("kept", nil), "leave": ("left", nil), "ride": ("rode", "ridden"),
    "drive": ("drove", "driven"), "come": ("came", "come"), "begin": ("began", "begun"), "win": ("won", nil),
    "grow": ("grew", "grown"), "fly": ("flew", "flown"), "dig": ("dug", nil), "bite": ("bit", "bitten"),
    "wake": ("woke", "woken"), "hold": ("held", nil), "pay": ("paid", nil), "spill": ("spilled", nil),
    "burn": ("burned", nil), "hit": ("hit", nil), "hurt": ("hurt", nil), "let": ("let", nil),
    "forget": ("forgot", "forgotten"), "shine": ("shone", nil), "rise": ("rose", "risen"), "sweep": ("swept", nil),
    "wear": ("wore", "worn"), "tear": ("tore", "torn"), "freeze": ("froze", "frozen"), "set": ("set", nil),
    "speak": ("spoke", "spoken"), "understand": ("understood", nil), "choose": ("chose", "chosen"),
    "ring": ("rang", "rung"), "blow": ("blew", "blown"), "light": ("lit", nil), "lead": ("led", nil),
    "steal": ("stole", "stolen"), "spend": ("spent", nil), "lie": ("lay", "lain"), "sink": ("sank", "sunk"),
  ]
}

/// Something that somebody can do, with the verbs that say it.
package struct Action: Sendable, Hashable {
  /// What the action is done to.
  package enum Target: Sendable, Hashable {
    /// Nothing: sleep.
    case nothing
    /// A thing of one of these kinds.
    case thing([String])
    /// A person.
    case person
    /// A thing of one of these kinds, and a person who gets it.
    case thingToPerson([String])
  }

  /// The verbs that say it; the first one is its name.
  package let verbs: [Verb]
  /// What it is done to.
  package let target: Target
  /// Where it is done.
  package let site: Place.Site?

  /// The name in keys of facts.
  package var id: String { verbs[0].base }

  private init(_ verbs: String, _ target: Target, _ site: Place.Site? = nil) {
    self.verbs = verbs.split(separator: ",").map { Verb(String($0)) }
    self.target = target
    self.site = site
  }

  private static let goods = ["fruit", "vegetable", "meal", "tool", "clothes", "toy", "reading", "dish", "instrument"]

  /// Actions on things.
  package static let onThings: [Action] = [
    Action("feed", .thing(["beast", "bird"]), .outdoors),
    Action("wash,clean", .thing(["dish", "clothes", "vehicle"]), .home),
    Action("mend,fix,repair", .thing(["tool", "vehicle", "furniture", "toy", "instrument"]), .home),
    Action("buy", .thing(goods), .town), Action("sell", .thing(goods + ["vehicle"]), .town),
    Action("paint", .thing(["opening", "furniture", "vehicle"])), Action("carry", .thing(["container", "furniture"])),
    Action("find,discover", .thing(goods + ["container"])), Action("lose", .thing(["clothes", "toy", "reading"])),
    Action("hide", .thing(["toy", "reading", "container", "meal"])), Action("cook", .thing(["vegetable"]), .home),
    Action("eat", .thing(["fruit", "meal"])), Action("cut,chop", .thing(["vegetable", "fruit"]), .home),
    Action("drink", .thing(["drink"])), Action("open", .thing(["container"])),
    Action("shut,close", .thing(["container"])),
    Action("watch,observe", .thing(["bird", "beast", "insect", "fish"]), .outdoors),
    Action("draw,sketch", .thing(["bird", "beast", "flower", "tree"])),
    Action("plant", .thing(["flower", "tree"]), .outdoors),
    Action("water", .thing(["flower", "tree"]), .outdoors),
    Action("pick,gather", .thing(["flower", "fruit"]), .outdoors),
    Action("push", .thing(["vehicle", "furniture"]), .outdoors),
    Action("lift,raise", .thing(["container", "furniture"])),
    Action("drop", .thing(["dish", "fruit", "container"])), Action("throw,toss", .thing(["toy", "fruit"]), .outdoors),
    Action("read", .thing(["reading"]), .home), Action("chase", .thing(["bird", "beast"]), .outdoors),
    Action("catch", .thing(["fish", "insect"]), .outdoors),
    Action("borrow", .thing(["tool", "vehicle", "reading", "instrument"])), Action("choose,select", .thing(goods)),
    Action("clean,scrub", .thing(["furniture"]), .home), Action("look for,search for", .thing(goods)),
    Action("break", .thing(["dish", "toy"])), Action("wrap", .thing(["toy", "reading", "dish"]), .home),
    Action("touch", .thing(["flower", "instrument", "toy"])), Action("kick", .thing(["toy", "container"]), .outdoors),
  ]

  /// Actions on people.
  package static let onPeople: [Action] = [
    Action("greet,welcome", .person), Action("thank", .person), Action("help,assist", .person),
    Action("visit", .person), Action("meet", .person), Action("follow", .person), Action("invite", .person),
    Action("teach", .person), Action("hug,embrace", .person), Action("call,phone", .person), Action("praise", .person),
    Action("wait for", .person),
  ]

  /// Actions by which something goes to somebody.
  package static let ofGiving: [Action] = [
    Action("give,hand", .thingToPerson(goods)), Action("show", .thingToPerson(goods)),
    Action("send,mail", .thingToPerson(["reading", "clothes", "toy"])),
    Action("lend", .thingToPerson(["tool", "reading", "instrument", "vehicle"]), .town),
    Action("bring", .thingToPerson(["meal", "drink", "fruit", "dish", "flower"])),
  ]

  /// Actions that need nothing and nobody else.
  package static let alone: [Action] = [
    Action("sleep", .nothing), Action("rest,relax", .nothing), Action("sing", .nothing), Action("dance", .nothing),
    Action("run", .nothing), Action("laugh", .nothing), Action("wait", .nothing),
    Action("work", .nothing), Action("play", .nothing), Action("whistle", .nothing), Action("sit", .nothing),
  ]

  /// All actions.
  package static let all = onThings + onPeople + ofGiving + alone
}
