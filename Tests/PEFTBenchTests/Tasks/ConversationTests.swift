import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// Prompt and answer as ids: together those of the whole conversation, and never beyond the model's vocabulary.
@Suite("Prompts with their answers as ids") struct ConversationTests {
  private static let llama2 =
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    + "{% else %} {{ m['content'] }} {{ eos_token }}{% endif %}{% endfor %}"
  private static let marks =
    "{% for m in messages %}<s>{{ m['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<s>{% endif %}"

  private static func renderer(
    _ family: String, _ template: String?, end: String? = "</s>"
  ) throws -> ChatRenderer {
    let text = DocumentText(
      name: family, bytes: Array(try Data(contentsOf: GoldenFixture("tokenizers").url("\(family).json"))))
    var configuration = TokenizerConfiguration()
    configuration.beginningOfText = "<s>"
    configuration.endOfText = end
    return try ChatRenderer(
      template: try template.map { try ChatTemplate(source: $0, name: "test") },
      tokenizer: try Tokenizer.load(tokenizerJSON: JSONParser.parse(text), text: text), configuration: configuration)
  }

  @Test(
    "A SentencePiece-style tokenizer's mark belongs to the beginning of the text and not to the answer",
    arguments: ["llama2", "mistral", "metaspace"])
  func dummyPrefix(family: String) throws {
    for template in [Self.llama2, Self.marks, nil] {
      let renderer = try Self.renderer(family, template)
      for (question, answer) in [("Is it good?", "positive"), ("The report hadn't", "no, or maybe"), ("a", " b c")] {
        let prompt = try renderer.prompt(question)
        let whole = renderer.tokenizer.encode(prompt + renderer.completion(answer), addSpecialTokens: false)
        let ids = renderer.tokenizer.encode(prompt, addSpecialTokens: false)
        let following = renderer.answerIDs(answer, after: prompt)
        #expect(ids + following == whole, "\(family): \(prompt)|\(answer)")
        #expect(following.last == renderer.endToken && renderer.endToken == renderer.tokenizer.id(of: "</s>"))
      }
    }
  }

  @Test("The ids of a prompt are the same whatever its answer") func promptAlone() throws {
    let json: JSONValue = ["sentence": "a warm and funny film", "label": .integer(1)]
    var other = json
    other["label"] = .integer(0)
    let dataset = try TaskRows.dataset("sst2")
    let renderer = try Self.renderer("llama2", Self.llama2)
    let rows = try [json, other].map {
      try renderer.render(try TaskRows.example("sst2", $0.compactText), of: dataset, cutoff: 512)
    }
    #expect(rows[0].promptIDs == rows[1].promptIDs && rows[0].answerIDs != rows[1].answerIDs)
    #expect(rows[0].promptIDs == renderer.promptIDs(rows[0].prompt))
  }

  @Test("A choice is ranked with the token that ends it, as it is trained") func choices() throws {
    let renderer = try Self.renderer("llama2", Self.llama2)
    let prompt = try renderer.prompt("How many?")
    let ids = renderer.answerIDs(["1", "10"], after: prompt)
    #expect(ids == ["1", "10"].map { renderer.answerIDs($0, after: prompt) })
    #expect(ids.allSatisfy { $0.last == renderer.endToken })
    // Without its end, the first would be the beginning of the second and could never be less likely.
    #expect(!ids[1].starts(with: ids[0]))
  }

  @Test("A model of which nothing says what ends an answer is refused for training, with where it could be said")
  func noEnd() throws {
    for template in ["{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}", nil] {
      let renderer = try Self.renderer("metaspace", template, end: nil)
      let ends = renderer.endToken == nil
      #expect(ends)
      let error = #expect(throws: FileError.self) { try renderer.requireEndToken(of: "models/x") }
      #expect(error?.description.hasPrefix("models/x: nothing ends an answer") == true)
      // A token that the tokenizer cannot spell as one ends nothing either.
      #expect(try Self.renderer("metaspace", template, end: "<stop>").endToken == nil)
    }
    try Self.renderer("metaspace", nil).requireEndToken(of: "models/x")
  }

  @Test("A token beyond the vocabulary is named with its id, its place and the vocabulary's size") func beyond() throws
  {
    let tokenizer = try Self.renderer("llama2", nil).tokenizer
    let ids = tokenizer.encode("The report", addSpecialTokens: false)
    let largest = try #require(ids.max())
    try tokenizer.check(ids, within: Int(largest) + 1, place: "here")
    let error = #expect(throws: VocabularyError.self) {
      try tokenizer.check(ids, within: Int(largest), place: "sst2, training row 3")
    }
    #expect(error?.id == largest && error?.token == tokenizer.token(for: largest))
    let text = try #require(error?.description)
    #expect(text.hasPrefix("sst2, training row 3: the token ") && text.contains("has \(largest) entries"), "\(text)")
  }
}
