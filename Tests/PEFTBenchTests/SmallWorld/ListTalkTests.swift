import PEFTCore
import Testing

@testable import PEFTBench
@testable import SmallWorld

@Suite("Talk about lists") struct ListTalkTests {
  /// An option of a list, and the verdict after it, if there is one.
  private struct Option: Equatable {
    let name: String
    let text: String
    var verdict: String?
  }

  /// The options of a text: the lines with a name of an option, each with the verdict that follows.
  private func options(_ lines: [Substring]) -> [Option] {
    var options: [Option] = []
    for line in lines {
      if line == "yes" || line == "no" {
        options[options.count - 1].verdict = String(line)
      } else if let colon = line.firstIndex(of: ":"), let last = line[..<colon].last,
        last.isNumber || (colon == line.index(after: line.startIndex) && last.isUppercase)
      {
        options.append(
          Option(name: String(line[..<colon]), text: String(line[line.index(colon, offsetBy: 2)...])))
      }
    }
    return options
  }

  @Test("Verdicts agree with what the list's last line says, and are given by halves", arguments: [20_000, 120_000])
  func judged(_ first: UInt64) throws {
    let corpus = SmallWorldCorpus()
    var verdicts = (yes: 0, no: 0, none: 0)
    for index in first..<(first + 2_000) {
      guard case .prose(let text) = corpus.document(index) else {
        Issue.record("document \(index) is a conversation")
        continue
      }
      let lines = text.split(separator: "\n")
      let options = options(lines.dropLast())
      #expect((2...5).contains(options.count), "\(text)")
      let last = try #require(lines.last)
      let meant = options.filter { last == "It is \($0.name), \($0.text)." }
      #expect(meant.count == 1, "\(text)")
      for option in options {
        switch option.verdict {
        case "yes": verdicts.yes += 1
        case "no": verdicts.no += 1
        default: verdicts.none += 1
        }
        #expect(option.verdict == nil || (option.verdict == "yes") == (option == meant.first), "\(text)")
      }
    }
    let told = Double(verdicts.yes + verdicts.no) / Double(verdicts.yes + verdicts.no + verdicts.none)
    #expect(abs(told - 0.7) < 0.04)
    #expect(verdicts.yes < verdicts.no && verdicts.yes > 1_000)
  }

  @Test("Entries of a list of things are of different kinds, so that one is meant by each clue")
  func things() {
    var draws = Draws(SeedStream(3))
    for _ in 0..<500 {
      let subject = ListTalk.things(&draws)
      #expect(Set(subject.entries).count == subject.entries.count)
      #expect(subject.clues.count == 3 * subject.entries.count)
      for clue in subject.clues {
        #expect(subject.clues.allSatisfy { $0.question != clue.question || $0.entry == clue.entry }, "\(clue)")
      }
    }
  }

  @Test("A conversation answers with the name and the words of an entry, or with its words")
  func conversations() {
    var draws = Draws(SeedStream(4))
    var conversations = 0
    for _ in 0..<600 {
      guard case .conversation(let messages) = ListTalk.document(&draws) else { continue }
      conversations += 1
      let options = options(messages[0].content.split(separator: "\n"))
      for answer in messages.filter({ $0.role == "assistant" }).map(\.content) {
        #expect(
          options.contains { answer == "\($0.name), \($0.text)." || answer == Inflection.sentence($0.text) },
          "\(messages)")
      }
    }
    #expect((240...360).contains(conversations))
  }

  @Test("Verdicts on statements stand behind each, in any order")
  func statements() {
    var draws = Draws(SeedStream(5))
    var orders: Set<String> = []
    for _ in 0..<40 {
      let statements = [(text: "It is a hen.", isRight: true), (text: "It is a cup.", isRight: false)]
      guard case .prose(let text) = Lesson.verdicts([Lesson.Field(["Text"], "It clucks.")], statements, &draws) else {
        Issue.record("no prose")
        continue
      }
      orders.insert(text)
    }
    #expect(
      orders == [
        "Text: It clucks.\nIt is a hen.\nyes\nIt is a cup.\nno",
        "Text: It clucks.\nIt is a cup.\nno\nIt is a hen.\nyes",
      ])
  }
}
