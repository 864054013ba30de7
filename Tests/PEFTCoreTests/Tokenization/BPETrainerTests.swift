import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Learning byte-pair encoding") struct BPETrainerTests {
  static let fixture = GoldenFixture("pretraining")

  static func lines() throws -> [String] {
    try String(contentsOf: fixture.url("text.txt"), encoding: .utf8).components(separatedBy: "\n")
  }

  @Test("Tokens and merges equal the tokenizers library's, ties included", arguments: 0..<4)
  func golden(index: Int) throws {
    let expected = try Self.fixture.json("bpe.json")
    let special = try #require(expected["special_tokens"]?.array).compactMap(\.string)
    let example = try #require(expected["cases"]?.array)[index]
    var trainer = BPETrainer(
      vocabularySize: try #require(example["vocabulary_size"]?.integer), specialTokens: special,
      minimumFrequency: try #require(example["minimum_frequency"]?.integer))
    for line in try Self.lines() { trainer.add(line) }
    let vocabulary = trainer.train()
    #expect(vocabulary.tokens == example["tokens"]?.array?.compactMap(\.string))
    let merges = vocabulary.merges.map { [vocabulary.tokens[Int($0.left)], vocabulary.tokens[Int($0.right)]] }
    #expect(merges == example["merges"]?.array?.map { $0.array?.compactMap(\.string) ?? [] })
    #expect(merges.count > 30)
  }

  @Test("What is learned loads as a tokenizer that gives every text back") func load() throws {
    var trainer = BPETrainer(vocabularySize: 320, specialTokens: ["<|end|>", "<|x|>"], minimumFrequency: 1)
    let lines = try Self.lines()
    for line in lines { trainer.add(line) }
    let vocabulary = trainer.train()
    #expect(vocabulary.tokens.count == 320 && vocabulary.tokens[..<2] == ["<|end|>", "<|x|>"])
    let text = DocumentText(name: "tokenizer.json", bytes: JSONWriter.bytes(vocabulary.tokenizerJSON, isPretty: true))
    let tokenizer = try Tokenizer.load(tokenizerJSON: JSONParser.parse(text), text: text)
    for line in lines + ["\u{0}\n\t é 日 🙂", "1234"] {
      let ids = tokenizer.encode(line, addSpecialTokens: false)
      #expect(tokenizer.decode(ids, skipSpecialTokens: false) == line)
    }
    // Digits stay apart, special tokens are one.
    #expect(tokenizer.encode("1234", addSpecialTokens: false).count == 4)
    #expect(tokenizer.encode("<|x|><|end|>", addSpecialTokens: false) == [1, 0])
  }

  @Test("Without text there are the special tokens and the bytes") func empty() {
    let vocabulary = BPETrainer(vocabularySize: 1000, specialTokens: ["<|end|>"], minimumFrequency: 1).train()
    #expect(vocabulary.tokens.count == 257 && vocabulary.merges.isEmpty && Set(vocabulary.tokens).count == 257)
  }
}
