import Foundation
import PEFTBench
import PEFTCore
import Testing

@Suite("Prompts as the model sees them")
struct ChatRendererTests {
  private static let chatML =
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
  private static let instructional =
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }}[/INST]"
    + "{% else %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"

  /// A byte-level tokenizer without merges: one id a byte, and the ids above for special tokens.
  private static func tokenizer() throws -> Tokenizer {
    // The printable stand-ins of byte-level BPE, in the order of GPT-2's table.
    var byteOfCharacter: [(Character, Int)] = []
    var next = 256
    for byte in 0..<256 {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      let scalar = try #require(Unicode.Scalar(isPrintable ? byte : next))
      if !isPrintable { next += 1 }
      byteOfCharacter.append((Character(scalar), byte))
    }
    let vocabulary = byteOfCharacter.map { "\(JSONValue.string(String($0)).compactText): \($1)" }
      .joined(separator: ", ")
    let marks = [
      "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<bos>",
      "<|begin_of_text|>",
    ]
    let special = marks.enumerated().map { index, token in
      #"{"id": \#(256 + index), "content": "\#(token)", "special": true, "single_word": false, "lstrip": false, "#
        + #""rstrip": false, "normalized": false}"#
    }.joined(separator: ", ")
    let json = """
      {"version": "1.0", "added_tokens": [\(special)], "normalizer": null,
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
       "post_processor": null, "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
       "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                 "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": {\(vocabulary)}, "merges": []}}
      """
    let text = DocumentText(name: "tokenizer.json", bytes: Array(json.utf8))
    return try Tokenizer.load(tokenizerJSON: try JSONParser.parse(text), text: text)
  }

  static func renderer(_ template: String?) throws -> ChatRenderer {
    var configuration = TokenizerConfiguration()
    configuration.beginningOfText = "<s>"
    configuration.endOfText = "</s>"
    return try ChatRenderer(
      template: try template.map { try ChatTemplate(source: $0, name: "test") }, tokenizer: try tokenizer(),
      configuration: configuration)
  }

  private func example(_ passage: String, _ question: String = "is it so") throws -> (Example, DatasetDescription) {
    let json: JSONValue = ["question": .string(question), "passage": .string(passage), "label": .integer(1)]
    return (try TaskRows.example("boolq", json.compactText), try TaskRows.dataset("boolq"))
  }

  @Test("ChatML puts the instruction into the user's turn and trains the answer with the end of its turn")
  func chatML() throws {
    let (example, dataset) = try example("It is.")
    let renderer = try Self.renderer(Self.chatML)
    let rendered = try renderer.render(example, of: dataset)
    #expect(
      rendered.prompt == """
        <|im_start|>user
        Answer the question from the passage. Reply with True for yes or False for no.
        Passage: It is.
        Question: is it so<|im_end|>
        <|im_start|>assistant

        """)
    #expect(rendered.completion == "True<|im_end|>")
    #expect(rendered.answerIDs == [84, 114, 117, 101, 257])
    #expect(rendered.promptIDs.first == 256)
    #expect(renderer.endToken == 257)
    #expect(renderer.templateHash == SHA256.hexadecimal(of: Array(Self.chatML.utf8)))
  }

  @Test("A template that writes a space before the answer trains that space")
  func answerPrefix() throws {
    let renderer = try Self.renderer(Self.instructional)
    #expect(renderer.answerPrefix == " ")
    #expect(renderer.answerEnd == "</s>")
    #expect(try renderer.prompt("Hi") == "<s>[INST] Hi[/INST]")
    #expect(try renderer.answerIDs("No", after: renderer.prompt("Hi")) == [32, 78, 111, 259])
  }

  @Test(
    "The frame of an answer is found in the templates of the common families",
    arguments: [
      ("chatml", "", "<|im_end|>"), ("smollm2", "", "<|im_end|>"), ("qwen", "", "<|im_end|>"),
      ("qwen3", "", "<|im_end|>"), ("llama3", "", "<|eot_id|>"), ("mistral", " ", "</s>"),
      ("gemma", "", "<end_of_turn>"), ("phi3", "", "<|end|>"),
    ])
  func builtIns(_ name: String, _ prefix: String, _ end: String) throws {
    let template = try #require(try ChatTemplate.builtIn(name))
    let renderer = try Self.renderer(template.source)
    #expect(renderer.answerPrefix == prefix)
    #expect(renderer.answerEnd == end)
    #expect(renderer.endToken != nil)
    // What is trained continues what is asked: the two together are what the template makes of a whole conversation.
    let whole = try template.render(
      messages: [.init(role: "user", content: "Why?"), .init(role: "assistant", content: "So.")],
      addGenerationPrompt: false, bosToken: "<s>", eosToken: "</s>", variables: ["enable_thinking": .bool(false)])
    #expect(whole.hasPrefix(try renderer.prompt("Why?") + renderer.completion("So.")))
  }

  @Test("A model without template gets the plain form and the end of text")
  func plain() throws {
    let (example, dataset) = try example("It is.")
    let renderer = try Self.renderer(nil)
    let rendered = try renderer.render(example, of: dataset)
    #expect(rendered.prompt.hasSuffix("Question: is it so\nAnswer:"))
    #expect(rendered.completion == " True</s>")
    #expect(renderer.templateName == "plain")
  }

  @Test("A template that hides what the assistant says is refused")
  func silentTemplate() throws {
    #expect(throws: ChatFormatError.self) { try Self.renderer("{{ messages[0]['content'] }}") }
  }

  @Test(
    "A prompt that is too long loses the middle of its longest field, and nothing else", arguments: [300, 250, 200])
  func cutoff(_ cutoff: Int) throws {
    let words = (0..<400).map { "w\($0)" }.joined(separator: " ")
    let (example, dataset) = try example(words)
    let rendered = try Self.renderer(Self.chatML).render(example, of: dataset, cutoff: cutoff)
    #expect(rendered.isPromptCut)
    #expect(!rendered.isAnswerCut)
    let count = rendered.promptIDs.count + rendered.answerIDs.count
    #expect(count <= cutoff)
    #expect(count > cutoff - 30)
    #expect(rendered.prompt.contains("Reply with True for yes or False for no.\nPassage: w0 "))
    #expect(rendered.prompt.contains(" … w"))
    #expect(rendered.prompt.contains(" w399\nQuestion: is it so<|im_end|>"))
    #expect(rendered.completion == "True<|im_end|>")
  }

  @Test("Below the limit nothing changes; room that is reserved counts")
  func noCut() throws {
    let (example, dataset) = try example("It is.")
    let renderer = try Self.renderer(Self.chatML)
    let whole = try renderer.render(example, of: dataset)
    let count = whole.promptIDs.count + whole.answerIDs.count
    #expect(try renderer.render(example, of: dataset, cutoff: count) == whole)
    #expect(try renderer.render(example, of: dataset, cutoff: count, reserving: 8).isPromptCut)
  }

  @Test("When the frame alone is too long, the question goes next and the answer last")
  func extremes() throws {
    let (example, dataset) = try example("It is.", String(repeating: "is it ", count: 50))
    let renderer = try Self.renderer(Self.chatML)
    let question = try renderer.render(example, of: dataset, cutoff: 200)
    #expect(question.promptIDs.count + question.answerIDs.count <= 200)
    #expect(!question.isAnswerCut)
    let tiny = try renderer.render(example, of: dataset, cutoff: 10)
    #expect(tiny.isAnswerCut)
    #expect(tiny.answerIDs.count == 1)
  }

  @Test("A preview marks exactly the answer as trained")
  func preview() throws {
    let (example, dataset) = try example("It is.")
    let preview = try ExamplePreview(example, of: dataset, with: try Self.renderer(Self.chatML))
    #expect(preview.trained.count == 5)
    #expect(preview.trained.upperBound == preview.ids.count)
    #expect(preview.json.compactText.contains(#""answer_ids":[84,114,117,101,257]"#))
  }
}
