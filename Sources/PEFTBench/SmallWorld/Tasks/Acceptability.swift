import PEFTCore

/// CoLA's counterpart: whether a sentence is English as people speak it.
///
/// The wrong ones are right ones with one mistake, made of words that right ones have too.
struct MiniCoLA: MiniDataset {
  let name = "cola"
  var lessonWeight: Int { 10 }

  /// A sentence and the same with a mistake.
  struct Pair {
    let right: String
    let wrong: String
  }

  static func draw(in split: WorldSplit, _ draws: inout Draws) -> Pair? {
    let wish = Event.Wish(
      actions: Action.onThings + Action.onPeople + Action.ofGiving, people: Person.all, place: 0.4, time: 0.2)
    let event = Event.draw(wish, in: split, &draws)
    var phrasing = Event.Phrasing.draw(for: event, &draws)
    let verb = event.action.verbs[phrasing.verb % event.action.verbs.count]
    let agent = event.agent
    let targets = event.targets(phrasing).joined(separator: " ")
    let tail = [event.place?.phrase, event.time?.phrase].compactMap(\.self).joined(separator: " ")
    func line(_ parts: String...) -> String {
      Inflection.sentence((parts + [tail]).filter { !$0.isEmpty }.joined(separator: " "))
    }
    switch draws.integer(below: 10) {
    case 0:
      // Agreement: one who, or two.
      let isOne = draws.chance(0.5)
      guard let other = draws.pick(Person.named, except: { $0 == agent || $0 == event.person }) else { return nil }
      let subject = isOne ? agent.name : "\(agent.name) and \(other.name)"
      let forms = isOne ? ("is", "are") : ("are", "is")
      return Pair(
        right: line(subject, forms.0, verb.progressive, targets),
        wrong: line(subject, forms.1, verb.progressive, targets))
    case 1:
      let isOne = draws.chance(0.5)
      guard let other = draws.pick(Person.named, except: { $0 == agent || $0 == event.person }) else { return nil }
      let subject = isOne ? agent.name : "\(agent.name) and \(other.name)"
      let forms = isOne ? ("has", "have") : ("have", "has")
      return Pair(
        right: line(subject, forms.0, verb.participle, targets), wrong: line(subject, forms.1, verb.participle, targets)
      )
    case 2:
      // The form after a helping verb.
      guard verb.base != verb.past else { return nil }
      let helper = draws.pick(["did not", "will", "can", "must"])
      return Pair(
        right: line(agent.name, helper, verb.base, targets), wrong: line(agent.name, helper, verb.past, targets))
    case 3:
      guard verb.base != verb.past else { return nil }
      let helper = draws.pick(["wanted to", "tried to", "forgot to"])
      return Pair(
        right: line(agent.name, helper, verb.base, targets), wrong: line(agent.name, helper, verb.past, targets))
    case 4:
      // The order of verb and object.
      phrasing.isPassive = false
      return Pair(right: line(agent.name, verb.past, targets), wrong: line(agent.name, targets, verb.past))
    case 5:
      // The article and its noun.
      guard let thing = event.thing else { return nil }
      let swapped = thing.bare.split(separator: " ").reversed().joined(separator: " ")
      return Pair(
        right: line(
          agent.name, verb.past,
          event.person == nil ? thing.definite : "\(thing.definite) to \(event.person?.name ?? "")"),
        wrong: line(
          agent.name, verb.past,
          event.person == nil ? "\(swapped) the" : "\(swapped) the to \(event.person?.name ?? "")"))
    case 6:
      // Pronouns: she or her.
      guard event.person == nil, let other = draws.pick(Person.named, except: { $0 == agent }),
        WorldSplit.of("\(other.name)|see|\(event.action.id)") == split
      else { return nil }
      return Pair(
        right: line("\(other.name) saw that \(agent.subject)", verb.past, targets),
        wrong: line("\(other.name) saw that \(agent.object)", verb.past, targets))
    case 7:
      guard let person = event.person, event.thing == nil else { return nil }
      return Pair(
        right: line(agent.name, verb.past, person.object), wrong: line(agent.name, verb.past, person.subject))
    case 8:
      // Preposition and noun.
      guard let place = event.place else { return nil }
      let words = place.phrase.split(separator: " ").map(String.init)
      let broken = [words[1], words[0], words[2]].joined(separator: " ")
      let time = event.time.map { " " + $0.phrase } ?? ""
      let core = ([agent.name, verb.past] + event.targets(phrasing)).joined(separator: " ")
      return Pair(
        right: Inflection.sentence("\(core) \(place.phrase)\(time)"),
        wrong: Inflection.sentence("\(core) \(broken)\(time)"))
    default:
      // One or several.
      guard let thing = event.thing, !thing.noun.isMass, thing.noun.singular != thing.noun.plural, event.person == nil
      else { return nil }
      let isOne = draws.chance(0.5)
      let number = isOne ? "one" : draws.pick(["two", "three", "many"])
      let quality = thing.quality.map { $0 + " " } ?? ""
      let forms = isOne ? (thing.noun.singular, thing.noun.plural) : (thing.noun.plural, thing.noun.singular)
      return Pair(
        right: line(agent.name, verb.past, "\(number) \(quality)\(forms.0)"),
        wrong: line(agent.name, verb.past, "\(number) \(quality)\(forms.1)"))
    }
  }

  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue] {
    let wanted = classes([(true, 55), (false, 45)], count: count, seed: seed, split)
    return numbered(
      uniqueRows(split, seed: seed, classes: wanted) { isRight, draws in
        guard let pair = Self.draw(in: split, &draws), pair.right != pair.wrong else { return nil }
        return ["sentence": .string(isRight ? pair.right : pair.wrong), "label": .integer(isRight ? 1 : 0)]
      })
  }

  func lesson(_ draws: inout Draws) -> PretrainingDocument {
    if draws.chance(0.4) {
      let sentences = (0..<draws.integer(in: 2...5)).map { _ in
        let pair = draws.untilDrawn { Self.draw(in: .pretraining, &$0) }
        let isRight = draws.chance(0.5)
        return (text: isRight ? pair.right : pair.wrong, isRight: isRight)
      }
      return Lesson.verdicts([], sentences, &draws)
    }
    let pair = draws.untilDrawn { Self.draw(in: .pretraining, &$0) }
    let isRight = draws.chance(0.5)
    let instruction = draws.pick([
      "Did I say that well?", "Is that how people say it?", "Is this well written?",
      "I am learning to write. Is this right?",
    ])
    let answer = isRight ? "Yes." : draws.chance(0.5) ? "No." : "No. " + pair.right
    let field = Lesson.Field(draws.chance(0.7) ? [] : ["Sentence"], isRight ? pair.right : pair.wrong)
    return Lesson.exchange(Lesson.request(instruction, [field], bare: 0, &draws), answer)
  }
}
