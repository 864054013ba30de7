import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// A folder that `model pretrain` wrote, and what transformers makes of it (scripts/golden/make_pretraining.py).
@Suite("A pretrained model in transformers") struct PretrainedModelGoldenTests {
  @Test("Ids, renderings and log-probabilities are those of transformers") func golden() throws {
    let fixture = GoldenFixture("pretraining/model")
    let files = try ModelFiles.open(fixture.folder.path)
    let context = ComputeContext(threads: 1)
    let model = try files.load(as: .auto, context: context)
    let tokenizer = try files.tokenizer()
    let template = try ChatTemplate(
      source: #require(files.tokenizerConfiguration().chatTemplates.first).source, name: "own")
    #expect(template.source == MiniChat.template)
    let expected = try fixture.json("expected.json")
    #expect(expected["end_tokens"]?.array?.compactMap(\.integer) == files.endTokens.map(Int.init))
    let texts = try #require(expected["texts"]?.array)
    let conversations = try #require(expected["conversations"]?.array)
    #expect(texts.count == 8 && conversations.count == 2)
    for entry in conversations {
      let messages = try #require(entry["messages"]?.array).map { message in
        ChatMessage(
          role: try #require(message["role"]?.string), content: try #require(message["content"]?.string))
      }
      #expect(try template.render(messages: messages, addGenerationPrompt: true) == entry["text"]?.string)
    }
    for entry in texts + conversations {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]?.array).compactMap { $0.integer.map(Int32.init) }
      #expect(tokenizer.encode(text, addSpecialTokens: false) == ids, "\(text.debugDescription)")
      #expect(tokenizer.decode(ids, skipSpecialTokens: false) == text)
      guard ids.count > 1 else { continue }
      let tape = Tape(context: context, recording: false)
      var forest = TokenForest()
      forest.add(.tokens(ids), under: nil)
      let labels = (1..<ids.count).map { LabelledPosition(row: $0 - 1, target: ids[$0], weight: 1) }
      let values = model.logProbabilities(of: labels, hidden: model.hiddenStates(forest, on: tape), on: tape)
      let reference = try #require(entry["log_probabilities"]?.array).compactMap(\.number)
      #expect(values.count == reference.count)
      for (value, reference) in zip(values, reference) {
        #expect(abs(value.logProbability - reference) < 1e-4, "\(text.debugDescription)")
      }
    }
  }
}
