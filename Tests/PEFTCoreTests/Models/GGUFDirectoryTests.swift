import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("A GGUF header as the small files of a Hugging Face directory") struct GGUFDirectoryTests {
  private static let fixture = GoldenFixture("gguf_models")
  private static let names = GGUFModelTests.names.filter { $0 != "llama3-rope-q8_0" }

  private func files(_ name: String) throws -> [String: DocumentText] {
    let files = try ModelFiles.open(Self.fixture.url("\(name).gguf").path)
    let made = try #require(try files.directoryFiles(weightsAs: "float32"))
    return Dictionary(
      uniqueKeysWithValues: made.map {
        ($0.name, DocumentText(name: $0.name, bytes: Array($0.content.prettyText.utf8)))
      })
  }

  @Test("tokenizer.json gives the ids of Hugging Face's, and the texts back", arguments: names)
  func tokenizer(name: String) throws {
    let text = try #require(try files(name)["tokenizer.json"])
    let tokenizer = try Tokenizer.load(tokenizerJSON: try JSONParser.parse(text), text: text)
    let inside = try ModelFiles.open(Self.fixture.url("\(name).gguf").path).tokenizer()
    for entry in try #require(try Self.fixture.json("\(name).expected.json")["texts"]?.array) {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]?.array).compactMap(\.integer)
      #expect(tokenizer.encode(text, addSpecialTokens: false).map(Int.init) == ids, "\(text)")
      #expect(tokenizer.encode(text, addSpecialTokens: true) == inside.encode(text, addSpecialTokens: true))
      #expect(tokenizer.decode(ids.map(Int32.init), skipSpecialTokens: false) == text)
    }
    #expect(tokenizer.addedTokens == inside.addedTokens)
  }

  @Test("config.json and tokenizer_config.json say what the header says", arguments: names)
  func description(name: String) throws {
    let made = try files(name)
    let text = try #require(made["config.json"])
    let description = ModelDescription(root: try JSONParser.parse(text), text: text)
    let configuration = try ModelFamilies.family(of: description).configuration(from: description)
    let files = try ModelFiles.open(Self.fixture.url("\(name).gguf").path)
    #expect("\(configuration)" == "\(files.configuration)")
    let settings = try #require(made["tokenizer_config.json"])
    let read = try TokenizerConfiguration(json: try JSONParser.parse(settings), text: settings)
    let inside = try files.tokenizerConfiguration()
    #expect(read.chatTemplates == inside.chatTemplates && read.endOfText == inside.endOfText)
  }

  @Test("Frequencies that were divided one by one are refused") func divisors() throws {
    let files = try ModelFiles.open(Self.fixture.url("llama3-rope-q8_0.gguf").path)
    let error = #expect(throws: CheckpointError.self) { try files.directoryFiles(weightsAs: "float32") }
    #expect(error?.description.contains("rope_freqs.weight") == true)
    let folder = try ModelFiles.open(GoldenFixture("models/llama").folder.path)
    #expect(try folder.directoryFiles(weightsAs: "float32") == nil)
  }
}
