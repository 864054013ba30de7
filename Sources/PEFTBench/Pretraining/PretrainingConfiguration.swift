import Foundation
import PEFTCore
import SmallWorld

/// What `model pretrain` makes: the text, the tokenizer, the model's size, and how it is trained.
package struct PretrainingConfiguration: Sendable {
  /// Where the text comes from.
  package enum Source: Sendable, Equatable {
    /// The generated text that comes with the program.
    case smallWorld(seed: Int, stage: SmallWorldCorpus.Stage = .course)
    /// Files with one document a line: text, or JSON with a column `text` or `messages`.
    case files([String])
  }

  /// Which tokens of a conversation are trained.
  package enum LossTokens: String, CaseIterable, Sendable {
    /// All of them.
    case all
    /// What the assistant says, and that it ends there.
    case completions
  }

  /// How the vocabulary is learned.
  package struct Vocabulary: Sendable, Equatable {
    /// Tokens in all.
    package var size = 2048
    /// Tokens to be recognised in text beside those of the chat format.
    package var specialTokens: [String] = []
    /// Training documents that are counted.
    package var documents = 20_000
    /// Pairs that are rarer are not merged.
    package var minimumFrequency = 2
  }

  /// The sizes of the Llama-style model.
  package struct Architecture: Sendable, Equatable {
    /// Width of the residual stream.
    package var hiddenSize = 128
    /// Blocks.
    package var layers = 6
    /// Query heads.
    package var heads = 4
    /// Key/value heads.
    package var keyValueHeads = 4
    /// Width of the feed-forward's inner layer.
    package var intermediateSize = 344
    /// Longest sequence that the description promises.
    package var maxPositions = 512
    /// Base of the rotary frequencies.
    package var ropeTheta = 10_000.0
    /// Added to the mean square in norms.
    package var normEpsilon = 1e-5
    /// Whether the output projection is the embedding matrix.
    package var tiesEmbeddings = true
    /// Standard deviation of the initial weights.
    package var initializerRange = 0.02
  }

  /// How the weights are trained.
  package struct Training: Sendable, Equatable {
    /// Tokens in all.
    package var tokens = 20_000_000
    /// Tokens per optimizer step.
    package var batchTokens = 8192
    /// Longest piece of a document; what is longer is cut.
    package var sequenceLength = 256
    /// Parts of a batch that are worked on side by side.
    package var shards = 8
    /// Largest learning rate.
    package var learningRate = 3e-3
    /// The learning rate's form.
    package var scheduler = TrainingConfiguration.Scheduler.cosine
    /// Share of the steps in which the learning rate grows; `warmupSteps` counts instead where given.
    package var warmupRatio = 0.02
    /// Steps in which the learning rate grows.
    package var warmupSteps: Int?
    /// AdamW's decay of the mean.
    package var beta1 = 0.9
    /// AdamW's decay of the mean square.
    package var beta2 = 0.95
    /// AdamW's addition below the fraction.
    package var epsilon = 1e-8
    /// Decoupled weight decay of matrices and embeddings.
    package var weightDecay = 0.1
    /// Largest global norm of the gradient; 0 leaves it alone.
    package var maximumGradientNorm = 1.0
    /// Which tokens count.
    package var lossTokens = LossTokens.all
    /// Share of the weights that were gone on from in the weights that are written.
    ///
    /// What a model loses to a dose of one skill it has again in the mean of before and after, and most of the skill too
    /// (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", arXiv 2109.01903).
    package var startShare = 0.0
    /// Seed of the initial weights and of the order of documents.
    package var seed = 1
    /// Documents that are held out to measure the loss.
    package var validationDocuments = 500
    /// Steps between two validations.
    package var validationEvery = 250
    /// Steps between two checkpoints.
    package var checkpointEvery = 250
    /// Steps between two lines of the history.
    package var loggingSteps = 10

    /// Optimizer steps in total.
    package var steps: Int { (tokens + batchTokens - 1) / batchTokens }
  }

  /// The model's name, as the card gives it.
  package var name: String
  /// Where the text comes from.
  package var source: Source
  /// The folder of an earlier pretraining to go on from; nil begins from nothing.
  package var from: String?
  /// How the vocabulary is learned; that of the earlier model where there is one.
  package var vocabulary = Vocabulary()
  /// The model's sizes; those of the earlier one where there is one.
  package var architecture = Architecture()
  /// How it is trained.
  package var training = Training()
  /// The folder of the model.
  package var output: String
  /// Worker threads; no result depends on them.
  package var threads: Int?

  /// Reads a config.
  ///
  /// - Throws: `DocumentError` with the place of the first key or value that is not understood or does not fit.
  package init(_ file: ConfigFile) throws(DocumentError) {
    var reader = try file.reader()
    let keys = try Keys(reading: &reader)
    let stem = FilePath.stem(of: file.path)
    (name, output, threads) = (keys.name ?? stem, keys.output ?? "models/\(stem)", keys.threads)
    from = keys.from
    if from != nil, let stray = ["tokenizer", "model"].first(where: reader.has) {
      throw reader.error(stray, "is that of the model to go on from; give \(stray), or from")
    }

    var corpus = keys.corpus
    source = try Self.source(&corpus, file: file)
    try corpus.finish()

    var tokenizer = keys.tokenizer
    vocabulary = try Self.vocabulary(&tokenizer)
    try tokenizer.finish()

    var model = keys.model
    architecture = try Self.architecture(&model)
    try model.finish()

    var training = keys.training
    self.training = try Self.training(&training)
    try training.finish()
    try reader.finish()

    if from == nil, self.training.startShare > 0 {
      throw training.error("start_share", "belongs to from; this training begins from nothing")
    }
    if from == nil, architecture.maxPositions < self.training.sequenceLength {
      throw training.error("sequence_length", lengthComplaint)
    }
  }

  /// What is wrong where pieces of documents are longer than what the model promises to take.
  var lengthComplaint: String {
    "\(training.sequenceLength) tokens do not fit the model's max_positions of \(architecture.maxPositions)"
  }

  static func source(_ reader: inout OptionReader, file: ConfigFile) throws(DocumentError) -> Source {
    let files = try reader.optionalFilePaths("files", about: ".txt (a document per line) or .jsonl (text or messages)")
    let source = try reader.choice(
      "source", of: ["small-world", "files"], default: files == nil ? "small-world" : "files",
      about: "generated text without end, or files; `files` where some are given")
    let seed = try reader.integer("seed", default: 1, about: "of the small world")
    let stage: SmallWorldCorpus.Stage = try reader.choice(
      "stage", default: .course,
      about: "of the small world: what a model reads first, or what one practises that has been through that")
    guard source == "files" else {
      if files != nil { throw reader.error("files", "belongs to source: files, and the source is \(source)") }
      return .smallWorld(seed: seed, stage: stage)
    }
    guard let files, !files.isEmpty else { throw reader.error("files", "expected at least one file, found none") }
    if let stray = ["seed", "stage"].first(where: reader.has) {
      throw reader.error(stray, "belongs to source: small-world; files have none")
    }
    return .files(files.map(file.resolve))
  }

  static func vocabulary(_ reader: inout OptionReader) throws(DocumentError) -> Vocabulary {
    var value = Vocabulary()
    value.size = try reader.integer("vocabulary_size", default: value.size, in: 257...262_144, about: "tokens in all")
    value.specialTokens = try reader.strings("special_tokens", default: [], about: "beside those of the chat format")
    value.documents = try reader.integer(
      "training_documents", default: value.documents, in: 1...100_000_000,
      about: "documents that the vocabulary is learned from")
    value.minimumFrequency = try reader.integer(
      "minimum_frequency", default: 2, in: 1..., about: "of a pair that is merged; rarer ones are not")
    let all = MiniChat.specialTokens + value.specialTokens
    for (index, token) in all.enumerated() where token.utf8.count < 2 || all[..<index].contains(token) {
      throw reader.error("special_tokens", "\(token.debugDescription) is there already or too short")
    }
    guard value.size >= 256 + all.count else {
      throw reader.error("vocabulary_size", "the bytes and special tokens alone are \(256 + all.count)")
    }
    return value
  }

  static func architecture(_ reader: inout OptionReader) throws(DocumentError) -> Architecture {
    var value = Architecture()
    value.hiddenSize = try reader.integer(
      "hidden_size", default: value.hiddenSize, in: 2...65_536, about: "width of the residual stream")
    value.layers = try reader.integer("layers", default: value.layers, in: 1...1024, about: "blocks")
    value.heads = try reader.integer("heads", default: value.heads, in: 1...1024, about: "query heads")
    value.keyValueHeads = try reader.integer(
      "key_value_heads", default: value.heads, in: 1...1024, about: "heads of keys and values; as `heads` unless given")
    value.intermediateSize = try reader.integer(
      "intermediate_size", default: value.intermediateSize, in: 1...1_000_000,
      about: "width of the feed-forward part's inner layer")
    value.maxPositions = try reader.integer(
      "max_positions", default: value.maxPositions, in: 2...1_000_000, about: "longest sequence, as config.json has it")
    let positive = Double.leastNonzeroMagnitude
    value.ropeTheta = try reader.number(
      "rope_theta", default: value.ropeTheta, in: 1...1e9, about: "base of the rotary frequencies")
    value.normEpsilon = try reader.number(
      "rms_norm_eps", default: value.normEpsilon, in: positive...1, about: "added to the mean square in norms")
    value.tiesEmbeddings = try reader.bool(
      "tied_embeddings", default: value.tiesEmbeddings, about: "whether the output projection is the embedding matrix")
    value.initializerRange = try reader.number(
      "initializer_range", default: value.initializerRange, in: positive...1,
      about: "standard deviation of the first weights")
    _ = try reader.choice("dtype", of: ["bfloat16"], default: "bfloat16", about: "of the written weights")
    guard value.hiddenSize % value.heads == 0, value.hiddenSize / value.heads % 2 == 0 else {
      throw reader.error("heads", "\(value.heads) heads cannot share a width of \(value.hiddenSize) in even parts")
    }
    guard value.heads % value.keyValueHeads == 0 else {
      throw reader.error(
        "key_value_heads", "\(value.heads) heads cannot share \(value.keyValueHeads) key/value heads in equal groups")
    }
    return value
  }

  static func training(_ reader: inout OptionReader) throws(DocumentError) -> Training {
    var value = Training()
    let most = TrainingConfiguration.mostSteps
    let positive = Double.leastNonzeroMagnitude
    value.tokens = try reader.integer("tokens", default: value.tokens, in: 1...1_000_000_000_000, about: "in all")
    value.batchTokens = try reader.integer(
      "batch_tokens", default: value.batchTokens, in: 1...100_000_000, about: "tokens per optimizer step")
    value.sequenceLength = try reader.integer(
      "sequence_length", default: value.sequenceLength, in: 2...1_000_000, about: "longest piece of a document")
    value.shards = try reader.integer(
      "shards", default: value.shards, in: 1...64, about: "parts of a batch that threads work on side by side")
    value.learningRate = try reader.number(
      "learning_rate", default: value.learningRate, in: 0...1000, about: "the largest one")
    value.scheduler = try reader.choice("scheduler", default: value.scheduler, about: "shape of the learning rate")
    if reader.has("warmup_ratio"), reader.has("warmup_steps") {
      throw reader.error("warmup_steps", "means the same as warmup_ratio in another unit; give one of them")
    }
    value.warmupRatio = try reader.number(
      "warmup_ratio", default: value.warmupRatio, in: 0...1, about: "share of the steps in which it grows")
    value.warmupSteps = try reader.optionalInteger("warmup_steps", in: 0...most, about: "instead of warmup_ratio")
    value.beta1 = try reader.number(
      "beta1", default: value.beta1, in: 0..<1, about: "of AdamW: decay of the mean gradient")
    value.beta2 = try reader.number(
      "beta2", default: value.beta2, in: 0..<1, about: "of AdamW: decay of the mean square")
    value.epsilon = try reader.number(
      "epsilon", default: value.epsilon, in: positive...1, about: "of AdamW: added to the root of the mean square")
    value.weightDecay = try reader.number(
      "weight_decay", default: value.weightDecay, in: 0...1000, about: "of matrices; norms have none")
    value.maximumGradientNorm = try reader.number(
      "max_grad_norm", default: value.maximumGradientNorm, in: 0..., about: "largest gradient norm; 0 is off")
    value.lossTokens = try reader.choice(
      "loss_on", default: value.lossTokens, about: "tokens of conversations that count")
    value.startShare = try reader.number(
      "start_share", default: value.startShare, in: 0..<1,
      about: "share of the weights that were gone on from in those that are written")
    value.seed = try reader.integer(
      "seed", default: value.seed, about: "of the first weights and of the documents' order")
    value.validationDocuments = try reader.integer(
      "validation_documents", default: value.validationDocuments, in: 0...1_000_000, about: "held out; 0 is none")
    value.validationEvery = try reader.integer(
      "validation_every", default: value.validationEvery, in: 1...most, about: "steps between two validations")
    value.checkpointEvery = try reader.integer(
      "checkpoint_every", default: value.checkpointEvery, in: 1...most, about: "steps between two checkpoints")
    value.loggingSteps = try reader.integer(
      "logging_steps", default: value.loggingSteps, in: 1...most, about: "steps between two lines of the history")
    return value
  }

  /// All values that the result depends on, under their keys.
  package var json: JSONValue {
    let corpus: JSONValue =
      switch source {
      case .smallWorld(let seed, .course): ["source": "small-world", "seed": JSONValue(seed)]
      case .smallWorld(let seed, let stage):
        ["source": "small-world", "seed": JSONValue(seed), "stage": JSONValue(stage.rawValue)]
      case .files(let files): ["source": "files", "files": JSONValue(files.map(FilePath.name))]
      }
    var settings: JSONValue = [
      "tokens": JSONValue(training.tokens), "batch_tokens": JSONValue(training.batchTokens),
      "sequence_length": JSONValue(training.sequenceLength), "shards": JSONValue(training.shards),
      "learning_rate": JSONValue(training.learningRate), "scheduler": JSONValue(training.scheduler.rawValue),
      "warmup_steps": JSONValue(warmupSteps), "beta1": JSONValue(training.beta1), "beta2": JSONValue(training.beta2),
      "epsilon": JSONValue(training.epsilon), "weight_decay": JSONValue(training.weightDecay),
      "max_grad_norm": JSONValue(training.maximumGradientNorm), "loss_on": JSONValue(training.lossTokens.rawValue),
      "seed": JSONValue(training.seed), "validation_documents": JSONValue(training.validationDocuments),
      "validation_every": JSONValue(training.validationEvery), "logging_steps": JSONValue(training.loggingSteps),
    ]
    if training.startShare > 0 { settings["start_share"] = JSONValue(training.startShare) }
    return [
      "name": JSONValue(name), "corpus": corpus,
      "tokenizer": [
        "vocabulary_size": JSONValue(vocabulary.size), "special_tokens": JSONValue(vocabulary.specialTokens),
        "training_documents": JSONValue(vocabulary.documents),
        "minimum_frequency": JSONValue(vocabulary.minimumFrequency),
      ],
      "model": [
        "hidden_size": JSONValue(architecture.hiddenSize), "layers": JSONValue(architecture.layers),
        "heads": JSONValue(architecture.heads), "key_value_heads": JSONValue(architecture.keyValueHeads),
        "intermediate_size": JSONValue(architecture.intermediateSize),
        "max_positions": JSONValue(architecture.maxPositions), "rope_theta": JSONValue(architecture.ropeTheta),
        "rms_norm_eps": JSONValue(architecture.normEpsilon), "tied_embeddings": JSONValue(architecture.tiesEmbeddings),
        "initializer_range": JSONValue(architecture.initializerRange), "dtype": "bfloat16",
      ],
      "training": settings,
    ]
  }

  /// Steps in which the learning rate grows.
  var warmupSteps: Int {
    training.warmupSteps ?? Int((training.warmupRatio * Double(training.steps)).rounded(.up))
  }
}
