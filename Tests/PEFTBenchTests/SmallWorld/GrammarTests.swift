import PEFTCore
import Testing

@testable import PEFTBench
@testable import SmallWorld

@Suite("The grammar of the small world") struct GrammarTests {
  private static let anna = Person(name: "Anna", gender: .she)
  private static let tom = Person(name: "Tom", gender: .he)

  private func action(_ id: String) throws -> Action { try #require(Action.all.first { $0.id == id }) }

  private func feeding() throws -> Event {
    Event(
      agent: Self.tom, action: try action("feed"), thing: Thing(.named("hen"), "grey"),
      place: Place("in the yard", .home),
      time: Time.days[0])
  }

  @Test(
    "Words have their forms",
    arguments: [
      ("carry", "carries", "carried", "carried", "carrying"), ("chop", "chops", "chopped", "chopped", "chopping"),
      ("give", "gives", "gave", "given", "giving"),
      ("look for", "looks for", "looked for", "looked for", "looking for"),
      ("catch", "catches", "caught", "caught", "catching"), ("play", "plays", "played", "played", "playing"),
      ("lie", "lies", "lay", "lain", "lying"),
    ])
  func forms(_ base: String, _ third: String, _ past: String, _ participle: String, _ progressive: String) {
    let verb = Verb(base)
    #expect([verb.third, verb.past, verb.participle, verb.progressive] == [third, past, participle, progressive])
  }

  @Test("Articles and plurals follow the sound")
  func articlesAndPlurals() {
    #expect(
      ["owl", "hen", "onion", "useful box"].map(Inflection.withArticle) == [
        "an owl", "a hen", "an onion", "a useful box",
      ])
    #expect(
      ["fly", "box", "potato", "toy", "bench"].map(Inflection.plural) == [
        "flies", "boxes", "potatoes", "toys", "benches",
      ])
    #expect(
      Noun.named("goose").plural == "geese" && Noun.named("milk").isMass && Noun.named("hen").kind.widest.id == "animal"
    )
  }

  @Test("One event is said in several ways")
  func sentences() throws {
    let event = try feeding()
    var phrasing = Event.Phrasing()
    #expect(event.sentence(phrasing) == "Tom fed the grey hen in the yard on Monday.")
    phrasing.isDenied = true
    #expect(event.sentence(phrasing) == "Tom did not feed the grey hen in the yard on Monday.")
    phrasing.isPassive = true
    #expect(event.sentence(phrasing) == "The grey hen was not fed by Tom in the yard on Monday.")
    phrasing = .init()
    phrasing.timeFirst = true
    phrasing.thing = Noun.named("hen").kind.one
    #expect(event.sentence(phrasing) == "On Monday, Tom fed a bird in the yard.")
    var giving = Event(agent: Self.anna, action: try action("give"), thing: Thing(.named("book")), person: Self.tom)
    giving.time = Time.hours[1]
    phrasing = .init()
    phrasing.verb = 1
    #expect(giving.sentence(phrasing) == "Anna handed Tom the book at noon.")
    phrasing.recipientLast = true
    #expect(giving.sentence(phrasing) == "Anna handed the book to Tom at noon.")
    phrasing.isPassive = true
    #expect(giving.sentence(phrasing) == "The book was handed to Tom by Anna at noon.")
  }

  @Test("Questions ask for each part of an event")
  func questions() throws {
    let event = try feeding()
    #expect(event.answered == [.who, .what, .place, .time])
    #expect(
      event.answered.map { event.text(of: $0) } == [
        "Who fed the grey hen?", "What did Tom feed?", "Where did Tom feed the grey hen?",
        "When did Tom feed the grey hen?",
      ])
    #expect(event.yesNoQuestion() == "Did Tom feed the grey hen in the yard on Monday?")
    var phrasing = Event.Phrasing()
    phrasing.isPassive = true
    #expect(event.yesNoQuestion(phrasing) == "Was the grey hen fed by Tom in the yard on Monday?")
  }

  @Test("A claim stands to its event as it was asked to, by the words that decide it", arguments: Relation.allCases)
  func claims(_ relation: Relation) throws {
    let event = try feeding()
    var seen: Set<String> = []
    for seed in 0..<300 {
      var draws = Draws(SeedStream(seed))
      var event = event
      if relation == .open, seed % 2 == 0 { event.place = nil }
      if relation == .open, seed % 2 == 1 { event.time = nil }
      guard let claim = Claim.draw(about: event, relation, &draws) else { continue }
      seen.insert(claim.text)
      let isDenied = claim.text.contains(" not ")
      let places = Place.all.filter { claim.text.lowercased().contains($0.phrase.lowercased()) }
      let times = Time.all.filter { claim.text.lowercased().contains($0.phrase.lowercased()) }
      let agrees = places.allSatisfy { $0.phrase == event.place?.phrase } && times.allSatisfy { $0 == event.time }
      #expect(isDenied == (relation == .contradicted && agrees), "\(claim.text)")
      if relation != .contradicted { #expect(agrees == (relation == .entailed), "\(claim.text)") }
    }
    #expect(seen.count > 20)
  }

  @Test("The lexicon has everyday size, and no word means two things by accident")
  func size() {
    let verbs = Action.all.flatMap(\.verbs).map(\.base)
    let nouns = Noun.all.flatMap { [$0.singular, $0.plural] }
    #expect(Set(Noun.all.map(\.singular)).count == Noun.all.count)
    #expect(Set(Person.all.map(\.name)).count == Person.all.count)
    #expect((150...600).contains(Set(verbs + nouns + Person.all.map(\.name)).count))
  }
}
