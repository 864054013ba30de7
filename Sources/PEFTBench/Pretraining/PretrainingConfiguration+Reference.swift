import PEFTCore

extension PretrainingConfiguration {
  /// The keys of the config's first level, with the readers of its sections.
  struct Keys {
    /// The name that is given, if one is.
    let name: String?
    /// The folder that is given, if one is.
    let output: String?
    let threads: Int?
    /// The model to go on from, if there is one.
    let from: String?
    let corpus: OptionReader
    let tokenizer: OptionReader
    let model: OptionReader
    let training: OptionReader

    init(reading reader: inout OptionReader) throws(DocumentError) {
      name = try reader.optionalString("name", about: "what the card calls the model; the file's name unless given")
      output = try reader.optionalFilePath("output", about: "the folder of the model; models/NAME unless given")
      threads = try reader.optionalInteger(
        "threads", in: 1...4096, about: "worker threads, one per core unless given; no result depends on them")
      from = try reader.optionalFilePath(
        "from",
        about:
          "the folder of a model that this command made, to go on from: with its vocabulary and sizes, in place of "
          + "tokenizer and model")
      corpus = try reader.object("corpus", about: "the text")
      tokenizer = try reader.object("tokenizer", about: "the vocabulary")
      model = try reader.object("model", about: "the sizes")
      training = try reader.object("training", about: "how the weights are trained")
    }
  }

  /// Every key that a config of `model pretrain` may have, as its readers ask for them.
  ///
  /// `list config --pretraining` prints it.
  package static let sections: [ConfigurationReference.Section] = {
    func section(
      _ path: String, _ text: String, _ read: (inout OptionReader) throws -> Void
    ) -> ConfigurationReference.Section {
      ConfigurationReference.Section(path: path, text: text, options: (try? OptionReader.describing(read)) ?? [])
    }
    return [
      section("", "The first level of the file.") { _ = try Keys(reading: &$0) },
      section("corpus", "What the model reads.") { _ = try source(&$0, file: .empty) },
      section("tokenizer", "Byte-level BPE, learned from the text.") { _ = try vocabulary(&$0) },
      section("model", "A Llama-style model.") { _ = try architecture(&$0) },
      section("training", "AdamW, one pass over as many tokens.") { _ = try training(&$0) },
    ]
  }()

  /// The same as tables, for `docs/pretraining.md`.
  package static var keysAsMarkdown: String {
    sections.map { section in
      let title = section.path.isEmpty ? "### The first level" : "### `\(section.path)`"
      return "\(title)\n\n\(ConfigurationReference.table(section.options))\n"
    }.joined(separator: "\n")
  }
}
