import Foundation
import PEFTCore
import PEFTMethods

/// Reads a saved adapter in whatever form, and attaches it to the tiny Llama.
struct AdapterReader {
  private let model: CausalLanguageModel
  private let context = ComputeContext(threads: 1)

  init(_ corpus: Corpus) throws {
    model = try ModelFiles.open(corpus.project.path + "/Tests/Fixtures/models/llama").load(as: .auto, context: context)
  }

  func read(_ folder: String) throws {
    let adapter = try AdapterFile.open(folder)
    let attachment = try adapter.method().attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context, tokenizer: nil))
    defer { attachment.detach() }
    try adapter.load(into: attachment)
  }
}
