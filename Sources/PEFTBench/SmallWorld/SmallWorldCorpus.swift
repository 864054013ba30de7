import PEFTCore

/// The pretraining text of the small world, `small-world`: prose, and conversations that teach the tasks' skills.
package struct SmallWorldCorpus: PretrainingCorpus {
  /// The name in configs.
  package static let name = "small-world"

  /// What a model reads, in the order in which it is meant to be read.
  ///
  /// A dose of one skill teaches it and a pinch of each does not, but what is not told again meanwhile is half forgotten: so
  /// the doses come one after the other, each a training of its own, and then the course again.
  package enum Stage: String, Sendable, CaseIterable {
    /// Lists, all sorts of text, and conversations.
    case course
    /// A dose of word senses and of what questions ask for.
    case senses
    /// A dose of whom pronouns and gaps stand for.
    case pronouns
    /// A dose of choices for gaps.
    case gaps
    /// A dose of choices for sums, with numbers of one digit.
    case sums
    /// The course's lists and conversations, with something of all doses.
    case revision
  }

  private let stream: SeedStream
  private let stage: Stage

  /// The corpus of a seed.
  package init(seed: Int = SmallWorld.defaultSeed, stage: Stage = .course) {
    let stream = SeedStream(seed).child(Self.name)
    self.stream = stream.child(stage == .course ? "corpus" : stage.rawValue)
    self.stage = stage
  }

  /// The document of a number.
  package func document(_ index: UInt64) -> PretrainingDocument {
    var draws = Draws(stream.child(Int(truncatingIfNeeded: index)))
    if let mixture = Self.mixtures[stage] { return document(of: mixture, &draws) }
    if Self.listsOfThings.contains(index) { return ListTalk.judged(ListTalk.things, &draws) }
    if Self.lists.contains(index) {
      return draws.chance(0.6) ? ListTalk.judged(ListTalk.things, &draws) : ListTalk.judged(&draws)
    }
    return index < Self.firstOfConversations ? mixed(common: 0.12, lists: 0.22, &draws) : conversing(&draws)
  }

  /// Mostly a conversation: every word of prose counts, of a conversation only the answer, so a little prose goes a long way.
  private func conversing(_ draws: inout Draws) -> PretrainingDocument {
    while true {
      let document = mixed(common: 0.06, lists: 0.1, &draws)
      guard case .prose = document, draws.chance(0.85) else { return document }
    }
  }

  /// A document of any sort: a share of them of no task, and of the others a share of talk about lists.
  private func mixed(common: Double, lists: Double, _ draws: inout Draws) -> PretrainingDocument {
    let lessons = SmallWorld.datasets
    if lessons.isEmpty || draws.chance(common) { return WorldText.document(&draws) }
    if draws.chance(lists) { return ListTalk.document(&draws) }
    return draws.pick(weighted: lessons.map { ($0, $0.lessonWeight) }).lesson(&draws)
  }

  /// A document after the course: practice of some tasks, label words in other use, or what the course has.
  private func document(of mixture: Mixture, _ draws: inout Draws) -> PretrainingDocument {
    let sort = draws.integer(below: 100)
    if sort < mixture.course { return draws.chance(0.2) ? ListTalk.judged(&draws) : conversing(&draws) }
    if sort < mixture.course + Self.namedAnswers { return NamedAnswers.document(&draws) }
    return draws.pick(weighted: mixture.tasks).practice(&draws)
  }

  /// What a stage after the course has.
  private struct Mixture {
    /// How many of a hundred documents are such as the course has.
    let course: Int
    /// What is practised, and how often.
    let tasks: [(any MiniDataset, Int)]
  }

  private static let mixtures: [Stage: Mixture] = [
    .senses: Mixture(course: 15, tasks: [(MiniWiC(), 1), (MiniQQP(), 1)]),
    .pronouns: Mixture(course: 15, tasks: [(MiniWSC(), 4), (MiniWinoGrande(), 4), (MiniWiC(), 1), (MiniQQP(), 1)]),
    .gaps: Mixture(course: 10, tasks: [(MiniWinoGrande(), 8), (MiniWSC(), 1), (MiniWiC(), 1), (MiniQQP(), 1)]),
    .sums: Mixture(
      course: 10, tasks: [(MiniMathQA(), 8), (MiniWinoGrande(), 1), (MiniWSC(), 1), (MiniWiC(), 1), (MiniQQP(), 1)]),
    .revision: Mixture(
      course: 80,
      tasks: [
        (MiniMathQA(), 4), (MiniWinoGrande(), 3), (MiniWSC(), 3), (MiniWiC(), 3), (MiniQQP(), 3), (MiniCOPA(), 2),
        (MiniGSM8K(), 2),
      ]),
  ]
  /// How many of a hundred documents after the course are requests that name their answers.
  private static let namedAnswers = 6

  /// Documents that are lists of things with verdicts, and then those that are lists of all sorts.
  ///
  /// Choosing among options is learned all at once or not at all: among everything else it would take many times the text,
  /// and what a thing is comes sooner than what it is good for. The vocabulary, which is learned from the first documents,
  /// is spared.
  private static let listsOfThings: Range<UInt64> = 20_000..<120_000
  private static let lists: Range<UInt64> = 120_000..<280_000
  /// From here on documents are mostly conversations.
  private static let firstOfConversations: UInt64 = 640_000
}
