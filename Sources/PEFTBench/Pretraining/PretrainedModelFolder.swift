import Foundation
import PEFTCore

/// The folder of a pretrained model, in the layout of Hugging Face.
struct PretrainedModelFolder {
  let path: String

  /// The description of a training, with its config and results.
  static let summaryName = "pretraining.json"
  private static let historyName = "history.jsonl"

  /// What an earlier pretraining wrote here, or nil.
  ///
  /// - Parameter identity: Of the config that it must have had; nil for any.
  /// - Throws: `FileError` if a model of another config is here, or one that comes from elsewhere.
  func summary(identity: String?) throws -> PretrainingSummary? {
    guard FileManager.default.fileExists(atPath: file("config.json")) else { return nil }
    guard FileManager.default.fileExists(atPath: file(Self.summaryName)) else {
      throw FileError(path: path, "holds a model that was not pretrained here; name another output")
    }
    let text = DocumentText(
      name: file(Self.summaryName), bytes: try MemoryMappedFile(path: file(Self.summaryName)).contents)
    let value = try JSONParser.parse(text)
    guard identity == nil || value["identity"]?.string == identity else {
      throw FileError(path: path, "holds a model of another config or corpus; --fresh replaces it")
    }
    return PretrainingSummary(value)
  }

  /// How to continue where something else is in the way.
  static let freshAdvice = "--fresh starts over"

  private var checkpointFolder: String { file("checkpoint") }

  /// The file of the checkpoint.
  var checkpoint: String { checkpointFolder + "/training.safetensors" }

  /// Makes the folder and the one of the checkpoint.
  ///
  /// - Throws: `FileError` where the folder is taken, or holds a checkpoint in a form that is not read any more.
  func create() throws {
    try output.claim()
    try AtomicFile.makeFolder(checkpointFolder)
    let files = try? FileManager.default.contentsOfDirectory(atPath: checkpointFolder)
    if let old = files?.first(where: { $0.hasPrefix("step-") }) {
      throw FileError(
        path: "\(checkpointFolder)/\(old)", "is a checkpoint of an earlier version of the program; \(Self.freshAdvice)")
    }
  }

  /// Removes the checkpoint, which is not needed any more.
  func removeCheckpoint() { try? FileManager.default.removeItem(atPath: checkpointFolder) }

  /// The folder, which is one of ours without a marker too where the description of a training lies in it.
  private var output: OutputFolder {
    let summary = file(Self.summaryName)
    return OutputFolder(path, .model) {
      (try? JSONParser.parse(file: summary))?.value["identity"]?.string != nil
    }
  }

  /// Refuses a folder that holds something else, before the training begins.
  func check() throws(FileError) { try output.check() }

  /// The tokenizer that a vocabulary's file describes.
  func tokenizer(of vocabulary: ByteLevelVocabulary) throws -> Tokenizer {
    let text = DocumentText(
      name: file("tokenizer.json"), bytes: JSONWriter.bytes(vocabulary.tokenizerJSON, isPretty: true))
    return try Tokenizer.load(tokenizerJSON: try JSONParser.parse(text), text: text)
  }

  /// Writes the lines of the history so far.
  func write(history: [HistoryEntry]) throws(FileError) {
    try AtomicFile.write(history.flatMap(\.json.line), to: file(Self.historyName))
  }

  /// Writes everything; the description of the training last, as the mark that the folder is complete.
  func write(
    _ description: LlamaDescription, tokenizerJSON: JSONValue, parameters: [Parameter],
    history: [HistoryEntry], summary: PretrainingSummary
  ) throws {
    try? FileManager.default.removeItem(atPath: file(Self.summaryName))
    var writer = SafetensorsWriter()
    for parameter in parameters { writer.add(parameter.name, parameter.value, as: .bfloat16) }
    try writer.write(to: file(SafetensorsCheckpoint.fileName))
    try write(tokenizerJSON, to: "tokenizer.json")
    try write(Self.tokenizerConfiguration(description), to: "tokenizer_config.json")
    try write(Self.generationConfiguration, to: "generation_config.json")
    try write(history: history)
    try AtomicFile.write(ModelCard(summary: summary.json, history: history).text, to: file("README.md"))
    try write(description.json, to: "config.json")
    try write(summary.json, to: Self.summaryName)
  }

  private static func tokenizerConfiguration(_ description: LlamaDescription) -> JSONValue {
    [
      "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false, "bos_token": nil,
      "eos_token": JSONValue(MiniChat.endOfTurn), "pad_token": JSONValue(MiniChat.endOfText), "unk_token": nil,
      "clean_up_tokenization_spaces": false,
      "model_max_length": description.json["max_position_embeddings"] ?? nil,
      "chat_template": JSONValue(MiniChat.template),
    ]
  }

  private static let generationConfiguration: JSONValue = [
    "eos_token_id": JSONValue([MiniChat.endOfTurn, MiniChat.endOfText].map { Int(MiniChat.id($0)) }),
    "pad_token_id": JSONValue(Int(MiniChat.id(MiniChat.endOfText))),
  ]

  private func write(_ value: JSONValue, to name: String) throws(FileError) {
    try AtomicFile.write(value.prettyText, to: file(name))
  }

  private func file(_ name: String) -> String { "\(path)/\(name)" }
}
