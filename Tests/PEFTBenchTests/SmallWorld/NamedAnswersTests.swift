import PEFTCore
import Testing

@testable import PEFTBench
@testable import SmallWorld

@Suite("Requests that name their answers") struct NamedAnswersTests {
  private static let all: [PretrainingDocument] = {
    var draws = Draws(SeedStream(9))
    return (0..<6_000).map { _ in NamedAnswers.document(&draws) }
  }()

  private static var conversations: [[ChatMessage]] {
    all.compactMap { if case .conversation(let messages) = $0 { messages } else { nil } }
  }

  @Test("An answer is one of the words that the first request names, and nothing else")
  func answers() throws {
    for messages in Self.conversations {
      let lines = messages[0].content.split(separator: "\n")
      let instruction = try #require(
        lines.first { line in [" Reply with ", " Answer with ", " Say "].contains { line.contains($0) } })
      let named = instruction.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
      for message in messages where message.role == "assistant" { #expect(named.contains(message.content)) }
    }
  }

  @Test("Every label word of the suite is an answer to something that no task asks")
  func labels() {
    let answers = Set(Self.conversations.flatMap { $0.filter { $0.role == "assistant" }.map(\.content) })
    for name in MiniSuiteTests.names {
      let dataset = DatasetCatalogue.dataset(name)
      let labels = Set(dataset?.labels ?? [])
      #expect(labels.isSubset(of: answers), "\(name)")
      guard let instruction = dataset?.layout.instruction else { continue }
      #expect(!Self.conversations.contains { $0[0].content.contains(instruction) })
    }
  }

  @Test("Each of two words is right about as often as the other")
  func balance() {
    for (one, other) in [
      ("entailment", "not_entailment"), ("equivalent", "not_equivalent"), ("duplicate", "not_duplicate"),
      ("positive", "negative"), ("acceptable", "unacceptable"), ("True", "False"), ("choice1", "choice2"),
    ] {
      let asked = Self.conversations.filter { messages in
        let words = messages[0].content.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        return words.contains(Substring(one)) && words.contains(Substring(other))
      }
      let answers = asked.flatMap { $0.filter { $0.role == "assistant" }.map(\.content) }
      let share = Double(answers.count { $0 == one }) / Double(answers.count)
      #expect(answers.count > 100 && abs(share - 0.5) < 0.12, "\(one): \(share) of \(answers.count)")
    }
  }

  @Test("What is said of prices and kinds is so")
  func truth() throws {
    var prices = 0
    for messages in Self.conversations where messages[0].content.contains("Most: ") {
      for (request, reply) in zip(messages, messages.dropFirst()) where request.role == "user" {
        let numbers = request.content.split { !$0.isNumber }.compactMap { Int($0) }
        try #require(numbers.count == 2)
        #expect((numbers[1] <= numbers[0]) == ["acceptable", "cheap"].contains(reply.content))
        prices += 1
      }
    }
    #expect(prices > 500)
  }
}

@Suite("Texts that think aloud") struct ThinkingAloudTests {
  @Test("What is given always stands there; thoughts are left out by halves, all or none")
  func shares() {
    var draws = Draws(SeedStream(11))
    var thoughts: [Int: Int] = [:]
    for _ in 0..<2_000 {
      let document = Lesson.thinkingAloud(
        [.given("a"), .thought("1"), .given("b"), .thought("2"), .given("c"), .thought("3"), .thought("4")], &draws)
      guard case .prose(let text) = document else {
        Issue.record("no prose")
        continue
      }
      let lines = text.split(separator: "\n")
      #expect(lines.filter { $0.first?.isLetter == true } == ["a", "b", "c"])
      #expect(lines.filter { $0.first?.isNumber == true } == lines.filter { $0.first?.isNumber == true }.sorted())
      thoughts[lines.count - 3, default: 0] += 1
    }
    // A quarter with all, a quarter with none, half by a coin for each: 1, 4, 6, 4 and 1 of 16.
    let expected = [0.25 + 0.5 / 16, 2.0 / 16, 3.0 / 16, 2.0 / 16, 0.25 + 0.5 / 16]
    for (count, share) in expected.enumerated() {
      #expect(abs(Double(thoughts[count] ?? 0) / 2_000 - share) < 0.04, "\(count)")
    }
  }

  /// Verdicts of the lessons that think aloud agree with the thoughts before them.
  @Test("A pronoun's verdict agrees with whom the text says it stands for")
  func pronouns() throws {
    let mini = try #require(SmallWorld.dataset("wsc"))
    var draws = Draws(SeedStream(12))
    var checked = 0
    for _ in 0..<3_000 {
      guard case .prose(let text) = mini.practice(&draws) else { continue }
      let lines = text.split(separator: "\n").map(String.init)
      for place in lines.indices.dropFirst(2) where lines[place] == "yes" || lines[place] == "no" {
        let asked = lines[place - 1]
        #expect(asked.hasSuffix("?"))
        guard lines[place - 2].hasSuffix("."), !lines[place - 2].contains(": ") else { continue }
        #expect((lines[place - 2].dropLast() == asked.dropLast()) == (lines[place] == "yes"))
        checked += 1
      }
    }
    #expect(checked > 500)
  }
}
