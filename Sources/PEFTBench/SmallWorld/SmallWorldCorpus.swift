import PEFTCore

/// The pretraining text of the small world, `small-world`: prose, and conversations that teach the tasks' skills.
package struct SmallWorldCorpus: PretrainingCorpus {
  /// The name in configs.
  package static let name = "small-world"

  /// What a model reads first, and what it reads then.
  package enum Stage: String, Sendable, CaseIterable {
    /// Lists, all sorts of text, and conversations.
    case course
    /// Practice of the tasks' skills, of those longest that the course does not bring, and requests that are answered in the
    /// tasks' label words; for a model that has been through the course.
    case practice
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
    if stage == .practice { return practice(index, &draws) }
    if Self.listsOfThings.contains(index) { return ListTalk.judged(ListTalk.things, &draws) }
    if Self.lists.contains(index) {
      return draws.chance(0.6) ? ListTalk.judged(ListTalk.things, &draws) : ListTalk.judged(&draws)
    }
    guard index >= Self.firstOfConversations else { return mixed(common: 0.12, lists: 0.22, &draws) }
    // Every word of prose counts, of a conversation only the answer: so a little prose goes a long way.
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

  /// A document of the later text.
  ///
  /// Prose is rare: all its tokens count, so that one document weighs as much as several verdicts.
  private func practice(_ index: UInt64, _ draws: inout Draws) -> PretrainingDocument {
    let block = Self.practiceBlocks.first { $0.documents.contains(index) }
    while true {
      let document: PretrainingDocument
      let sort = draws.integer(below: 100)
      switch sort {
      case 75..<78: document = WorldText.document(&draws)
      case 78..<82: document = ListTalk.document(&draws)
      case 82..<87: document = ListTalk.practice(&draws)
      case 87..<95: document = NamedAnswers.document(&draws)
      default:
        let names = sort < 75 ? block?.tasks : nil
        let tasks = SmallWorld.datasets.filter { names?.contains($0.name) ?? true }
        document = draws.pick(weighted: tasks.map { ($0, $0.practiceWeight) }).practice(&draws)
      }
      guard case .prose = document, draws.chance(0.95) else { return document }
    }
  }

  /// Documents most of which practise a few tasks only: a dose of one skill teaches it, a pinch of each does not.
  private static let practiceBlocks: [(documents: Range<UInt64>, tasks: [String])] = [
    (0..<40_000, ["wic", "qqp"]), (40_000..<82_000, ["wsc", "winogrande"]),
  ]

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
