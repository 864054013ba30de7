import Foundation
import PEFTCore
import PEFTTestSupport
import SmallWorld
import Testing

@testable import PEFTBench

@Suite("Pretraining configuration") struct PretrainingConfigurationTests {
  func configuration(_ text: String, set: [String] = []) throws -> PretrainingConfiguration {
    try PretrainingConfiguration(
      ConfigFile.read(DocumentText(name: "mini.yaml", bytes: Array(text.utf8)), overrides: set))
  }

  func message(_ text: String, set: [String] = []) -> String? {
    #expect(throws: DocumentError.self) { try configuration(text, set: set) }?.description
  }

  @Test("The defaults are a mini model on the small world") func defaults() throws {
    let configuration = try configuration("name: mini\n")
    #expect(configuration.source == .smallWorld(seed: 1) && configuration.output == "models/mini")
    #expect(configuration.training.steps == 2442 && configuration.warmupSteps == 49)
    let model = try LlamaDescription(configuration.architecture, vocabularySize: 2048).skeleton()
    #expect(model.parameterCount == 1_449_600)
  }

  @Test("The config that comes with the program makes a model of 1 to 3 million parameters in at most 6 MB")
  func shipped() throws {
    let path = GoldenFixture.package.appending(path: "configs/pretrain-mini.yaml").path
    let configuration = try PretrainingConfiguration(ConfigFile.load(path: path))
    let model = try LlamaDescription(
      configuration.architecture, vocabularySize: configuration.vocabulary.size
    ).skeleton()
    #expect(1_000_000...3_000_000 ~= model.parameterCount && 2 * model.parameterCount < 6_000_000)
  }

  @Test("The config for practice goes on from the model of the mini suite") func practice() throws {
    let path = GoldenFixture.package.appending(path: "configs/pretrain-mini-practice.yaml").path
    let configuration = try PretrainingConfiguration(ConfigFile.load(path: path))
    #expect(configuration.from == "models/mini" && configuration.source == .smallWorld(seed: 1, stage: .senses))
    #expect(configuration.json["corpus"]?["stage"] == "senses")
    #expect(try self.configuration("name: mini\n").json["corpus"]?["stage"] == nil)
  }

  @Test("docs/pretraining.md has every key as the program lists it, each with a description") func reference() throws {
    let page = try String(contentsOf: GoldenFixture.package.appending(path: "docs/pretraining.md"), encoding: .utf8)
    #expect(
      page.contains(PretrainingConfiguration.keysAsMarkdown),
      "peft-bench list config --pretraining --markdown, in docs/pretraining.md")
    for section in PretrainingConfiguration.sections {
      #expect(!section.options.isEmpty, "\(section.path)")
      for option in section.options { #expect(option.about != nil, "\(section.path).\(option.name)") }
    }
  }

  @Test("Mistakes are named with their place")
  func mistakes() {
    #expect(message("model: {layer: 3}\n")?.hasPrefix("mini.yaml:1:9: model.layer: unknown key") == true)
    #expect(message("model: {layer: 3}\n")?.contains("did you mean \"layers\"") == true)
    #expect(message("model: {hidden_size: 100, heads: 3}\n")?.contains("3 heads cannot share a width of 100") == true)
    #expect(message("model: {heads: 4, key_value_heads: 3}\n")?.contains("mini.yaml:1:36") == true)
    #expect(message("training: {sequence_length: 1000}\n")?.contains("max_positions of 512") == true)
    #expect(message("training: {warmup_steps: 3, warmup_ratio: 0.1}\n")?.contains("give one of them") == true)
    #expect(message("training: {loss_on: answers}\n")?.contains("expected one of all, completions") == true)
    #expect(message("corpus: {files: []}\n")?.contains("at least one file") == true)
    #expect(message("corpus: {files: a.txt, seed: 3}\n")?.contains("belongs to source: small-world") == true)
    #expect(message("corpus: {files: a.txt, stage: sums}\n")?.contains("belongs to source: small-world") == true)
    #expect(message("corpus: {stage: pronoun}\n")?.contains("did you mean \"pronouns\"") == true)
    #expect(message("from: models/a\ntokenizer: {vocabulary_size: 300}\n")?.contains("give tokenizer, or from") == true)
    #expect(message("from: models/a\nmodel: {layers: 3}\n")?.contains("give model, or from") == true)
    #expect(message("training: {start_share: 0.5}\n")?.contains("start_share: belongs to from") == true)
    #expect(message("from: models/a\ntraining: {start_share: 1}\n")?.contains("expected a number") == true)
    #expect(message("corpus: {source: small-world, files: a.txt}\n")?.contains("belongs to source: files") == true)
    #expect(message("tokenizer: {special_tokens: ['<|end|>']}\n")?.contains("is there already") == true)
    #expect(message("tokenizer: {vocabulary_size: 258}\n")?.contains("alone are 261") == true)
    #expect(message("model: {dtype: float32}\n")?.contains("bfloat16") == true)
    #expect(message("x: 1\n", set: ["training.tokens=0"])?.contains("training.tokens") == true)
  }

  @Test("Text files are read line by line, tables row by row, and faults are located") func files() throws {
    let tiny = try TinyPretraining()
    let corpus = try TextCorpus(files: [tiny.path("text.txt"), tiny.path("chats.jsonl")])
    #expect(corpus.documents.count == 100)
    #expect(corpus.document(0) == .prose(TinyPretraining.lines[0]) && corpus.document(100) == corpus.document(0))
    #expect(
      corpus.document(61)
        == .conversation([
          ChatMessage(role: "user", content: "1 + 1?"), ChatMessage(role: "assistant", content: "2"),
        ]))
    func fault(_ text: String, _ name: String) throws -> String {
      try tiny.write(text, to: name)
      do {
        _ = try TextCorpus(files: [tiny.path(name)])
      } catch {
        return "\(error)"
      }
      return ""
    }
    #expect(try fault("{\"text\": \"a\"}\n{\"words\": \"b\"}\n", "a.jsonl").contains("a.jsonl:2"))
    let role = #"{"messages": [{"role": "asistant", "content": "b"}]}"#
    #expect(try fault("{\"text\": \"a\"}\n\(role)\n", "b.jsonl").contains("did you mean \"assistant\"?"))
    #expect(try fault("{\"text\": 3}\n{\"text\": \"b\"}\n", "c.jsonl").contains("expected a string"))
    #expect(try fault("one line\n\n", "d.txt").contains("at least 2"))
    try Data([0x61, 0x0A, 0xFF, 0x0A]).write(to: tiny.folder.appending(path: "e.txt"))
    #expect(throws: FileError(path: tiny.path("e.txt") + ":2", "is not UTF-8 text")) {
      try TextCorpus(files: [tiny.path("e.txt")])
    }
  }
}
