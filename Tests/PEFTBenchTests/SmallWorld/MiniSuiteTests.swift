import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import SmallWorld

@Suite("The rows of the mini suite") struct MiniSuiteTests {
  static let names = SmallWorld.datasets.map(\.name)
  /// Whose rows are whole sentences of their own; reasoning, arithmetic and code have tests of their own.
  static let sentenceTasks = (SmallWorld.glue + SmallWorld.superGLUE).map(\.name)
  static let classifications = names.filter { DatasetCatalogue.dataset($0)?.labels.isEmpty == false }

  private static let folder = GoldenFixture.package.appending(path: "datasets/mini").path

  private func mini(_ name: String) throws -> any MiniDataset { try #require(SmallWorld.dataset(name)) }

  private func examples(_ name: String, _ part: DatasetPart) throws -> [Example] {
    let loader = DatasetLoader(locator: DatasetLocator(root: Self.folder, suite: .mini))
    return try loader.load(try TaskRows.dataset(name), part).examples
  }

  @Test("The committed files are what the program writes, byte for byte", arguments: names)
  func reproducible(_ name: String) throws {
    for split in MiniSuite.splits {
      let path = "\(Self.folder)/\(name)/\(split.rawValue).jsonl"
      let committed = try #require(FileManager.default.contents(atPath: path))
      #expect(MiniSuite.file(of: try mini(name), split, seed: SmallWorld.defaultSeed) == Array(committed))
    }
  }

  @Test("Another seed gives other rows, the same seed the same", arguments: ["mnli", "record"])
  func seeded(_ name: String) throws {
    let rows = try mini(name).rows(.train, count: 8, seed: 3)
    #expect(try mini(name).rows(.train, count: 8, seed: 3) == rows)
    #expect(try mini(name).rows(.train, count: 8, seed: 4) != rows)
  }

  @Test("256 training and 128 validation rows, no two of them alike, as the catalogue reads them", arguments: names)
  func rows(_ name: String) throws {
    let training = try examples(name, .training)
    let evaluation = try examples(name, .evaluation)
    #expect(training.count == 256 && evaluation.count == 128)
    // The same text can be asked about twice (whom a pronoun means), so the fields count together.
    let texts = (training + evaluation).map { $0.fields.map { "\($0.name ?? ""): \($0.text)" }.joined(separator: "\n") }
    #expect(Set(texts).count == texts.count)
  }

  @Test("No label is much more frequent than in the real task", arguments: classifications)
  func balance(_ name: String) throws {
    for part in [DatasetPart.training, .evaluation] {
      let found = try examples(name, part)
      let counts = Dictionary(grouping: found, by: \.labelIndex).mapValues(\.count)
      let classes = try #require(found.first?.choices.count)
      #expect(counts.count == classes)
      let largest = Double(counts.values.max() ?? 0) / Double(found.count)
      #expect(largest <= (classes == 2 ? 0.63 : 0.45), "\(part): \(largest)")
    }
  }

  @Test("Words alone do not tell the label", arguments: classifications)
  func baselines(_ name: String) throws {
    let found = SurfaceBaselines(
      training: try examples(name, .training), evaluation: try examples(name, .evaluation))
    let baselines = try #require(found)
    #expect(baselines.bagOfWords <= 0.7 && baselines.majority <= 0.7)
  }

  /// The sentences of a text that tell a fact: not those that a pronoun begins, whose fact is that of another sentence.
  private func sentences(_ text: String) -> [String] {
    var result: [String] = []
    var sentence = ""
    for character in text + "\n" {
      if character != "\n" { sentence.append(character) }
      guard ".?!\n".contains(character) else { continue }
      let words = sentence.split(separator: " ")
      let isTold = words.count > 2 && !["He", "She", "It", "They", "His", "Her"].contains(words.first ?? "")
      if isTold { result.append(words.joined(separator: " ")) }
      sentence = ""
    }
    return result
  }

  private func strings(_ value: JSONValue) -> [String] {
    switch value {
    case .string(let text): [text]
    case .array(let values): values.flatMap(strings)
    // An answer to a question about a passage is a part of a sentence.
    case .object(let object): object.members.filter { $0.key != "answer" }.flatMap { strings($0.value) }
    default: []
    }
  }

  @Test("No sentence of training rows is in validation rows, and none of either in the pretraining text")
  func disjoint() throws {
    var pretraining: Set<String> = []
    for corpus in SmallWorldCorpus.Stage.allCases.map({ SmallWorldCorpus(stage: $0) }) {
      for index in 0..<20_000 {
        switch corpus.document(UInt64(index)) {
        case .prose(let text): pretraining.formUnion(sentences(text))
        case .conversation(let messages): for message in messages { pretraining.formUnion(sentences(message.content)) }
        }
      }
    }
    try #require(pretraining.count > 10_000)
    for name in Self.sentenceTasks {
      let training = Set(try mini(name).rows(.train, count: 256, seed: 20_251).flatMap(strings).flatMap(sentences))
      let validation = Set(
        try mini(name).rows(.validation, count: 128, seed: 20_251).flatMap(strings).flatMap(sentences))
      #expect(training.intersection(validation).isEmpty, "\(name): \(training.intersection(validation).prefix(3))")
      let seen = training.union(validation).intersection(pretraining)
      #expect(seen.isEmpty, "\(name): \(seen.sorted().prefix(3))")
    }
  }
}

@Suite("The pretraining text of the small world") struct SmallWorldCorpusTests {
  @Test("The text that the committed model was trained on is what it was") func committedCourse() {
    let corpus = SmallWorldCorpus()
    var hash = SHA256()
    for first in [0, 20_000, 120_000, 300_000, 640_000, 1_000_000] {
      for index in first..<first + 500 {
        hash.update(Array((corpus.document(UInt64(index)).json.compactText + "\n").utf8))
      }
    }
    #expect(hash.hexadecimalDigest == "3c7d0ddf1bc563fb60f09556763636dbf72b56ab9da7752fc2ad9bc33956e7ef")
  }

  @Test("A dose is mostly of its own tasks, and revision mostly of the course")
  func doses() {
    /// Words by which documents of a stage's own tasks are told, and the least share of documents that have them.
    let own: [(stage: SmallWorldCorpus.Stage, words: [String], share: Double)] = [
      (.senses, ["Look at: ", "Word: ", "Term: "], 0.3), (.pronouns, ["#"], 0.15), (.gaps, [" _ "], 0.5),
      (.sums, ["Problem: ", "Sum: "], 0.25),
    ]
    func share(_ documents: [PretrainingDocument], with words: [String]) -> Double {
      let found = documents.filter { document in
        document.texts.contains { text in words.contains(where: text.contains) }
      }
      return Double(found.count) / Double(documents.count)
    }
    for stage in SmallWorldCorpus.Stage.allCases where stage != .course {
      let corpus = SmallWorldCorpus(stage: stage)
      let documents = (0..<2_000).map { corpus.document($0) }
      #expect(corpus.document(7) == documents[7] && documents[7] != SmallWorldCorpus().document(7))
      for document in documents {
        #expect(document.texts.allSatisfy { !$0.isEmpty && !$0.contains("{") }, "\(document)")
      }
      for (of, words, least) in own {
        let found = share(documents, with: words)
        if of == stage { #expect(found > least, "\(stage)") }
        if stage == .revision { #expect(found < 0.1, "\(of): \(found)") }
      }
      #expect(0.05...0.1 ~= share(documents, with: ["Reply with ", "Answer with "]), "\(stage)")
    }
  }

  @Test("A document depends on seed and number only")
  func randomAccess() {
    let corpus = SmallWorldCorpus(seed: 5)
    let later = corpus.document(70_001)
    for index in 0..<50 { _ = corpus.document(UInt64(index)) }
    #expect(corpus.document(70_001) == later)
    #expect(SmallWorldCorpus(seed: 6).document(70_001) != later)
    #expect(corpus.document(.max) == corpus.document(.max))
  }

  @Test("Conversations and some prose; users and assistants take turns, and nothing is empty")
  func shape() {
    let corpus = SmallWorldCorpus()
    var prose = 0
    for index in 0..<4_000 {
      switch corpus.document(UInt64(index)) {
      case .prose(let text):
        prose += 1
        #expect(!text.isEmpty && text.last?.isWhitespace == false, "document \(index)")
      case .conversation(let messages):
        #expect(messages.count >= 2 && messages.count.isMultiple(of: 2))
        for (place, message) in messages.enumerated() {
          #expect(message.role == (place.isMultiple(of: 2) ? "user" : "assistant"))
          #expect(!message.content.isEmpty && !message.content.contains("{"), "document \(index): \(message.content)")
        }
      }
    }
    #expect((1_000...1_700).contains(prose))
  }

  @Test("Lessons ask in other words than the task and answer without its label words", arguments: MiniSuiteTests.names)
  func otherWords(_ name: String) throws {
    let mini = try #require(SmallWorld.dataset(name))
    let dataset = try TaskRows.dataset(name)
    let instruction = try #require(dataset.layout.instruction)
    var draws = Draws(SeedStream(1).child(name))
    let documents = (0..<300).map { _ in mini.lesson(&draws) } + (0..<300).map { _ in mini.practice(&draws) }
    for document in documents {
      guard case .conversation(let messages) = document else { continue }
      for message in messages {
        if message.role == "user" {
          #expect(!message.content.contains(instruction))
        } else {
          #expect(AnswerParser(labels: dataset.labels).label(message.content) == nil, "\(message.content)")
        }
      }
    }
  }

  @Test("A split is a stable hash: about 60, 22 and 18 in a hundred")
  func splits() {
    #expect(WorldSplit.of("Tom|feed") == WorldSplit.of("Tom|feed"))
    var counts: [WorldSplit: Int] = [:]
    for person in Person.all {
      for action in Action.all { counts[WorldSplit.of(person.name + "|" + action.id), default: 0] += 1 }
    }
    let total = Double(counts.values.reduce(0, +))
    #expect(abs(Double(counts[.pretraining] ?? 0) / total - 0.60) < 0.04)
    #expect(abs(Double(counts[.train] ?? 0) / total - 0.22) < 0.04)
  }
}
