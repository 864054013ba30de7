import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Changes of texts by rules") struct TextChangeTests {
  private static let text =
    "The film is not very good. I do not think that anybody will buy a ticket for it! Didn't the doctor's children like it?"

  @Test("A text falls into words and what is between them, and joins again") func pieces() {
    for text in ["", "a", " a b ", "It's 7 o'clock, isn't it?", "naïve — “café”\n\n'quoted' don't'", "12:30"] {
      #expect(TextPieces(text).text == text)
    }
    let pieces = TextPieces("It's 7 o'clock, 'tis")
    #expect(pieces.words.map { pieces.pieces[$0] } == ["It's", "o'clock", "tis"])
  }

  @Test(
    "Each rule changes a text in the same way for one stream, and in others for others", arguments: TextChange.allCases)
  func repeatable(change: TextChange) throws {
    let changed = try (0..<20).map { try #require(change.changed(Self.text, by: SeedStream($0))) }
    #expect(changed == (0..<20).map { change.changed(Self.text, by: SeedStream($0)) })
    #expect(Set(changed).count > 1 && !changed.contains(Self.text))
    #expect(change.changed("", by: SeedStream(1)) == nil && change.changed("7 + 5 = 12", by: SeedStream(1)) == nil)
  }

  @Test("Slips change single letters of long words, and leave the first") func slips() throws {
    for seed in 0..<50 {
      for (change, difference) in [(TextChange.typos, 1), (.keyboard, 0)] {
        let word = try #require(change.changed("ticket", by: SeedStream(seed)))
        #expect(word.hasPrefix("t") && abs(word.count - 6) <= difference && word != "ticket")
        #expect(change.changed("It is so", by: SeedStream(seed)) == nil)
      }
      let slip = try #require(TextChange.keyboard.changed("HELLO", by: SeedStream(seed)))
      let places = zip(slip, "HELLO").filter { $0.0 != $0.1 }
      #expect(places.count == 1)
      for (new, old) in places {
        #expect(
          new.isUppercase
            && LetterSlips.neighbours(of: Character(old.lowercased())).contains(Character(new.lowercased())))
      }
    }
    #expect(Set(LetterSlips.neighbours(of: "g")) == Set("fhtyvb"))
    #expect(Set(LetterSlips.neighbours(of: "q")) == Set("wa") && LetterSlips.neighbours(of: "é").isEmpty)
  }

  @Test("Cases, contractions and synonyms keep what is said") func words() {
    #expect(
      Set((0..<30).compactMap { TextChange.letterCase.changed("Good film", by: SeedStream($0)) })
        == ["good film", "GOOD FILM", "Good Film"])
    #expect(TextChange.letterCase.changed("42!", by: SeedStream(1)) == nil)
    func contracted(_ text: String) -> Set<String> {
      Set((0..<10).compactMap { TextChange.contractions.changed(text, by: SeedStream($0)) })
    }
    #expect(contracted("I am sure they do not know.") == ["I'm sure they don't know."])
    #expect(contracted("Don't go; it can't work") == ["Do not go; it cannot work"])
    #expect(contracted("We cannot; it is not here") == ["We can't; it isn't here"])
    #expect(contracted("do\nnot").isEmpty && contracted("nothing here").isEmpty)
    #expect(TextChange.synonyms.changed("A Big one", by: SeedStream(3)) == "A Large one")
    #expect(TextChange.synonyms.changed("An odd one", by: SeedStream(3)) == nil)
    for text in ["It is about right", "Let me work, too", "He also allows it"] {
      #expect((0..<10).allSatisfy { TextChange.synonyms.changed(text, by: SeedStream($0)) == nil })
    }
  }

  @Test("Function words go with their space, and sentences are turned round") func order() {
    #expect(TextChange.functionWords.changed("The end", by: SeedStream(1)) == "End")
    #expect(TextChange.functionWords.changed("see the end", by: SeedStream(1)) == "see end")
    #expect(SentenceOrder.sentences(of: "One.  Two! Mr. X? last") == ["One.", "Two!", "Mr.", "X?", "last"])
    let turned = Set((0..<20).compactMap { TextChange.sentenceOrder.changed("A. B! C?", by: SeedStream($0)) })
    #expect(turned == ["B! C? A.", "C? A. B!"])
    #expect(TextChange.sentenceOrder.changed("One sentence only.", by: SeedStream(1)) == nil)
  }

  @Test("Copies of a row have one rule each, and what no rule can change has no copies") func augmenter() throws {
    let augmenter = Augmenter(TextChange.allCases, seeds: SeedStream(4))
    let copies = try (0..<7).map { try #require(augmenter.changed([Self.text, "7"], row: 3, copy: $0)) }
    #expect(Set(copies.map(\.change)) == Set(TextChange.allCases))
    #expect(copies.allSatisfy { $0.texts.count == 2 && $0.texts[0] != Self.text && $0.texts[1] == "7" })
    #expect(augmenter.changed(["7", ""], row: 1, copy: 0) == nil)
    #expect(Augmenter([], seeds: SeedStream(4)).changed(["words"], row: 1, copy: 0) == nil)
    // A rule that finds nothing leaves its turn to the next.
    let two = Augmenter([.sentenceOrder, .typos], seeds: SeedStream(4))
    #expect((0..<4).allSatisfy { two.changed(["sentence"], row: $0, copy: 0)?.change == .typos })
    // Copies share out the rules that find something: neither sentences nor contractions are there.
    let text = "A good film"
    let some = (0..<20).map { row in
      (0..<4).compactMap { augmenter.changed([text], row: row, copy: $0)?.change }
    }
    #expect(some.allSatisfy { $0.count == 4 && Set($0).count == 4 })
  }
}
