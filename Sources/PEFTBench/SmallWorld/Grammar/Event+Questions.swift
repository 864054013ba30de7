extension Event {
  /// What a question about an event asks for.
  package enum Question: String, Sendable, CaseIterable {
    case who, what, whom, place, time
  }

  /// The questions that the event answers and that may be asked in its split.
  package var answered: [Question] {
    var result: [Question] = splitWithoutAgent == split ? [.who] : []
    if thing != nil { result.append(.what) }
    if person != nil { result.append(.whom) }
    if place != nil { result.append(.place) }
    if time != nil { result.append(.time) }
    return result
  }

  /// What the event answers to a question, or nil.
  package func answer(to question: Question) -> String? {
    switch question {
    case .who: agent.name
    case .what: thing?.definite
    case .whom: person?.name
    case .place: place?.phrase
    case .time: time?.phrase
    }
  }

  /// The question with its question mark, such as `Where did Tom feed the hen?`.
  ///
  /// - Parameters:
  ///   - question: What it asks for.
  ///   - phrasing: Which verb and words to use.
  ///   - withSetting: Whether it mentions where and when, unless asked for.
  package func text(of question: Question, _ phrasing: Phrasing = Phrasing(), withSetting: Bool = false) -> String {
    let verb = action.verbs[phrasing.verb % action.verbs.count]
    let setting = [question == .place ? nil : place?.phrase, question == .time ? nil : time?.phrase]
      .compactMap(\.self)
    let tail = withSetting ? setting : []
    let agentText = phrasing.agent ?? agent.name
    let thingText = phrasing.thing ?? thing?.definite
    let personText = phrasing.person ?? person?.name
    let words: [String]
    switch question {
    case .who: words = ["who", verb.past] + targets(phrasing)
    case .what:
      words = ["what did", agentText, verb.base] + (personText.map { ["to", $0] } ?? [])
    case .whom:
      words =
        thing == nil
        ? ["whom did", agentText, verb.base]
        : ["to whom did", agentText, verb.base] + [thingText].compactMap(\.self)
    case .place: words = ["where did", agentText, verb.base] + targets(phrasing)
    case .time: words = ["when did", agentText, verb.base] + targets(phrasing)
    }
    return Inflection.capitalized((words + tail).joined(separator: " ")) + "?"
  }

  /// The question for yes or no, such as `Did Tom feed the hen in the garden?`.
  package func yesNoQuestion(_ phrasing: Phrasing = Phrasing(), withSetting: Bool = true) -> String {
    let verb = action.verbs[phrasing.verb % action.verbs.count]
    let setting = withSetting ? [place?.phrase, time?.phrase].compactMap(\.self) : []
    let agentText = phrasing.agent ?? agent.name
    if phrasing.isPassive, let subject = passiveSubject(phrasing) {
      return Inflection.capitalized(
        (["was", subject, verb.participle] + passiveRest(phrasing) + ["by", agentText] + setting)
          .joined(separator: " "))
        + "?"
    }
    return Inflection.capitalized(
      (["did", agentText, verb.base] + targets(phrasing) + setting).joined(separator: " ")) + "?"
  }
}
