import Foundation
import PEFTCore

/// A model that `model pretrain` made, as the beginning of another training: its vocabulary, its sizes and its weights.
struct EarlierPretraining {
  /// The content of its tokenizer.json.
  let tokenizerJSON: JSONValue
  /// What that describes.
  let tokenizer: Tokenizer
  /// Its sizes.
  let architecture: PretrainingConfiguration.Architecture
  /// How its vocabulary was learned.
  let vocabulary: PretrainingConfiguration.Vocabulary
  /// One hash over its weights and its vocabulary.
  let sha256: String

  private let weights: SafetensorsCheckpoint

  /// Opens a model's folder.
  ///
  /// - Throws: `FileError`, `DocumentError` or `CheckpointError` for what is no folder of a pretrained model, or where its files
  ///   do not belong together.
  init(_ path: String) throws {
    let summaryPath = "\(path)/\(PretrainedModelFolder.summaryName)"
    guard FileManager.default.fileExists(atPath: summaryPath) else {
      throw FileError(
        path: path, "has no \(PretrainedModelFolder.summaryName), so it is no model that was pretrained here")
    }
    let (summary, text) = try JSONParser.parse(file: summaryPath)
    guard let size = summary["vocabulary_size"]?.integer, size > 0, let config = summary["config"] else {
      throw DocumentError("expected \"vocabulary_size\" and \"config\"", at: summary.offset, of: text)
    }
    var reader = try OptionReader(value: config, text: text, what: "a pretraining", path: "config")
    var model = try reader.object("model", about: "the sizes")
    architecture = try PretrainingConfiguration.architecture(&model)
    var learned = try reader.object("tokenizer", about: "the vocabulary")
    vocabulary = try PretrainingConfiguration.vocabulary(&learned)
    let described = try JSONParser.parse(file: "\(path)/config.json")
    guard JSONValue(described.value) == LlamaDescription(architecture, vocabularySize: size).json else {
      throw DocumentError(
        "is not what \(PretrainedModelFolder.summaryName) beside it describes", at: described.value.offset,
        of: described.text)
    }
    let read = try JSONParser.parse(file: "\(path)/tokenizer.json")
    tokenizerJSON = JSONValue(read.value)
    let loaded = try Tokenizer.load(tokenizerJSON: read.value, text: read.text)
    guard loaded.vocabularySize == size else {
      throw DocumentError(
        "has \(loaded.vocabularySize) tokens, but \(PretrainedModelFolder.summaryName) beside it tells of \(size)",
        at: read.value.offset, of: read.text)
    }
    if let token = MiniChat.specialTokens.first(where: { loaded.id(of: $0) != MiniChat.id($0) }) {
      let id = loaded.id(of: token).map { "the id \($0)" } ?? "no id"
      throw DocumentError(
        "\(token) of the chat format has \(id), expected \(MiniChat.id(token))", at: read.value.offset, of: read.text)
    }
    tokenizer = loaded
    weights = try SafetensorsCheckpoint.open(file: "\(path)/\(SafetensorsCheckpoint.fileName)")
    let hashes = try [SafetensorsCheckpoint.fileName, "tokenizer.json"].map {
      try SHA256.hexadecimal(ofFile: "\(path)/\($0)")
    }
    sha256 = SHA256.hexadecimal(of: Array(hashes.joined(separator: "\n").utf8))
  }

  /// Gives parameters its weights, or a mean of these and what they have.
  ///
  /// - Parameters:
  ///   - parameters: All of the model.
  ///   - share: The share of its weights.
  /// - Throws: `CheckpointError` for a weight that is missing, has another shape, or is there for nothing.
  func assign(to parameters: [Parameter], share: Float = 1) throws(CheckpointError) {
    for parameter in parameters {
      let tensor = try weights.tensor(named: parameter.name)
      guard tensor.shape == parameter.shape else {
        throw CheckpointError(
          file: weights.path, tensor: tensor.name, "has the shape \(tensor.shape), expected \(parameter.shape)")
      }
      // In place, for copies of the model share the memory.
      let (values, target) = (try tensor.floats(), parameter.value)
      for index in values.indices {
        target.mutableElements[index] =
          share == 1 ? values[index] : share * values[index] + (1 - share) * target.mutableElements[index]
      }
    }
    let names = Set(parameters.map(\.name))
    if let stray = weights.tensors.first(where: { !names.contains($0.name) }) {
      throw CheckpointError(file: weights.path, tensor: stray.name, "is no weight of this model")
    }
  }
}
