/// A tokenizer as vocab.json and merges.txt, the two files that GPT-2, OPT and others were first published with.
///
/// They hold vocabulary and merges of byte-level byte-pair encoding and nothing else: how a text is cut is known by the
/// class of transformers that reads them.
struct VocabularyAndMerges {
  /// What a class of transformers adds to the two files.
  private struct Style {
    var normalizers: [Normalizer] = []
    var scanner = PieceScanner.gpt2
    /// Tokens of tasks where no file mentions them.
    var defaults: [(token: String, keys: [String])] = [("<|endoftext|>", ["bos_token", "eos_token", "unk_token"])]
  }

  /// Model types by the class that reads their tokenizers.
  private static let classes = [
    "gpt2": "GPT2Tokenizer", "opt": "GPT2Tokenizer", "gpt_neox": "GPTNeoXTokenizer", "olmo": "GPTNeoXTokenizer",
    "qwen2": "Qwen2Tokenizer", "qwen3": "Qwen2Tokenizer",
  ]

  let vocabulary: DocumentValue
  let vocabularyText: DocumentText
  /// The content of merges.txt: a pair a line, the earliest first, after a line that begins with `#version`.
  let merges: DocumentText

  /// Completes what the files beside say by what their class takes for granted.
  ///
  /// - Parameters:
  ///   - configuration: What the files say.
  ///   - modelType: config.json's `model_type`, which names the class where tokenizer_config.json does not.
  /// - Throws: `DocumentError` for a class that cuts texts in a way that is not known here.
  func completed(
    _ configuration: TokenizerConfiguration, modelType: String?
  ) throws(DocumentError) -> TokenizerConfiguration {
    var configuration = configuration
    let named = configuration.tokenizerClass ?? modelType.flatMap { Self.classes[$0] } ?? "GPT2Tokenizer"
    configuration.tokenizerClass = named
    for (token, keys) in try style(named).defaults {
      configuration.setDefault(token, for: keys, text: vocabularyText)
    }
    return configuration
  }

  /// The tokenizer.
  ///
  /// - Parameter configuration: What `completed` gave.
  /// - Throws: `DocumentError` for what is malformed in one of the files.
  func tokenizer(_ configuration: TokenizerConfiguration) throws(DocumentError) -> Tokenizer {
    let style = try style(configuration.tokenizerClass ?? "GPT2Tokenizer")
    let reader = TokenizerJSONReader(text: vocabularyText)
    let entries = try reader.vocabulary(vocabulary)
    let added = try AddedTokenList([], entries).adding(configuration.declaredTokens)
    let tokens = try entries.tokens(with: added, in: reader, at: vocabulary)
    let model = try reader.byteLevelModel(entries, merges: mergeTable(entries))
    var frame = Tokenizer.SpecialFrame()
    func id(of content: String?) -> Int32? {
      added.first { $0.content.utf8.elementsEqual((content ?? "").utf8) }?.id
    }
    if configuration.addsBeginningOfText == true, let id = id(of: configuration.beginningOfText) { frame.before = [id] }
    if configuration.addsEndOfText == true, let id = id(of: configuration.endOfText) { frame.after = [id] }
    let prefix: [PreTokenizer] = configuration.addsPrefixSpace == true ? [.prefixSpace] : []
    return Tokenizer(
      Tokenizer.Parts(
        tokens: tokens, addedTokens: added, normalizers: style.normalizers,
        preTokenizers: style.scanner == .gpt2 ? prefix + [.pattern(.gpt2)] : [.pattern(style.scanner)] + prefix,
        model: model, frame: frame, decoders: [.byteLevel]))
  }

  private func style(_ name: String) throws(DocumentError) -> Style {
    switch name {
    case "GPT2Tokenizer": return Style()
    case "GPTNeoXTokenizer":
      var style = Style(normalizers: [.form(.nfc)])
      style.defaults.append(("<|padding|>", ["pad_token"]))
      return style
    case "Qwen2Tokenizer":
      return Style(
        normalizers: [.form(.nfc)], scanner: .words(maximumDigits: 1),
        defaults: [("<|endoftext|>", ["eos_token", "unk_token", "pad_token"])])
    default:
      throw DocumentError(
        "vocab.json and merges.txt of a \(name) are not supported (GPT2Tokenizer, GPTNeoXTokenizer and Qwen2Tokenizer "
          + "are); a tokenizer.json is", at: 0, of: vocabularyText)
    }
  }

  private func mergeTable(_ vocabulary: TokenizerJSONReader.Vocabulary) throws(DocumentError) -> MergeTable {
    var table = MergeTable(count: merges.bytes.count { $0 == 0x0A } + 1)
    var rank = 0
    var start = 0
    let bytes = merges.bytes
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      var line = bytes[start..<end]
      if line.last == 0x0D { line = line.dropLast() }
      if !line.starts(with: "#version".utf8), !(line.isEmpty && end + 1 >= bytes.count) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
          throw DocumentError("a merge is two tokens with a space between", at: start, of: merges)
        }
        if let missing = table.add(Array(parts[0]), Array(parts[1]), rank: rank, vocabulary.idOfToken) {
          throw DocumentError("the merge token \"\(missing)\" is not in vocab.json", at: start, of: merges)
        }
        rank += 1
      }
      start = end + 1
    }
    return table
  }
}
