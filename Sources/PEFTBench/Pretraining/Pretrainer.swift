import Foundation
import PEFTCore
import SmallWorld

/// Makes a small language model from nothing, or goes on from one that was made so: learns a vocabulary, trains every weight,
/// writes a model folder.
///
/// The same config gives the same bytes, whatever the threads and however often the work was interrupted: every
/// batch is a function of the config and of its number, and a checkpoint holds all that a step changes.
package struct Pretrainer {
  /// What is reported during the work.
  package enum Event: Sendable {
    /// The vocabulary is learned: how many tokens it has, and how many were asked for.
    case vocabulary(tokens: Int, wanted: Int)
    /// The work resumes from a checkpoint after this step.
    case resumed(step: Int, steps: Int)
    /// A step was taken; `tokens` have gone by since this process began.
    case step(step: Int, steps: Int, loss: Double, tokens: Int)
    /// The loss on the held-out documents.
    case validation(step: Int, loss: Double)
    /// What the user should know: that a checkpoint could not be written.
    case note(String)
  }

  /// What came of it.
  package enum Outcome: Sendable {
    /// The model was there already.
    case wasComplete(PretrainingSummary)
    /// The model is written.
    case trained(PretrainingSummary)
  }

  /// Called with what happens; what it throws ends the work.
  package typealias Watcher = (Event) throws -> Void

  private let configuration: PretrainingConfiguration
  private let context: ComputeContext
  private let corpus: any PretrainingCorpus
  private let documentCount: Int?
  private let earlier: EarlierPretraining?
  /// Tells this config and corpus from others.
  private let identity: String

  /// Opens the corpus of a config, and the model to go on from.
  ///
  /// - Throws: What reading files throws; `FileError` where pieces of documents are too long for that model.
  package init(_ configuration: PretrainingConfiguration, context: ComputeContext) throws {
    var configuration = configuration
    earlier = try configuration.from.map { folder in
      // What is gone on from stays as it is: with --fresh, its place would be taken.
      let places = [folder, configuration.output].map {
        URL(filePath: $0).standardizedFileURL.resolvingSymlinksInPath()
      }
      guard places[0].path != places[1].path else {
        throw FileError(path: configuration.output, "is the model to go on from; name another output")
      }
      return try EarlierPretraining(folder)
    }
    if let earlier {
      (configuration.architecture, configuration.vocabulary) = (earlier.architecture, earlier.vocabulary)
      guard configuration.architecture.maxPositions >= configuration.training.sequenceLength else {
        throw FileError(path: configuration.from ?? "", "cannot be gone on from: \(configuration.lengthComplaint)")
      }
    }
    self.configuration = configuration
    self.context = context
    var hash = SHA256()
    hash.update(Array(configuration.json.compactText.utf8))
    if let earlier { hash.update(Array(earlier.sha256.utf8)) }
    switch configuration.source {
    case .smallWorld(let seed, let stage):
      corpus = SmallWorldCorpus(seed: seed, stage: stage)
      documentCount = nil
      // The generator may change; its first documents tell.
      for index in 0..<64 { for text in corpus.document(UInt64(index)).texts { hash.update(Array(text.utf8)) } }
    case .files(let files):
      let texts = try TextCorpus(files: files)
      corpus = texts
      documentCount = texts.documents.count
      for file in files { hash.update(Array(try SHA256.hexadecimal(ofFile: file).utf8)) }
    }
    identity = hash.hexadecimalDigest
  }

  /// Does the work, or what is left of it.
  ///
  /// - Parameters:
  ///   - fresh: Whether to begin again where there is a checkpoint or a model.
  ///   - cancellation: A request to stop; a checkpoint is written first.
  ///   - watch: Called with what happens; a checkpoint is written before what it throws at a step ends the work.
  /// - Throws: `Interruption`; `TrainingFailure` where a loss or gradient is not finite, the last checkpoint
  ///   left as it is; `FileError` for an output folder or a checkpoint that belongs to something else or is damaged.
  package func run(
    fresh: Bool, cancellation: CancellationFlag, watch: @escaping Watcher
  ) throws -> Outcome {
    let folder = PretrainedModelFolder(path: configuration.output)
    if let summary = try folder.summary(identity: fresh ? nil : identity), !fresh { return .wasComplete(summary) }
    if fresh { folder.removeCheckpoint() }
    try folder.create()
    let checkpoint = TrainingCheckpoint(
      path: folder.checkpoint, identity: identity, everySteps: configuration.training.checkpointEvery,
      refusal: .ends(advice: PretrainedModelFolder.freshAdvice), complain: { try? watch(.note($0)) })
    var order = order
    let (tokenizerJSON, tokenizer) = try vocabulary(&order, of: folder, watch)
    let encoder = DocumentEncoder(tokenizer: tokenizer, lossTokens: configuration.training.lossTokens)
    let validation = ValidationSet(
      order.validation, of: corpus, by: encoder, training: configuration.training, workers: context.workers)
    let description = LlamaDescription(configuration.architecture, vocabularySize: tokenizer.vocabularySize)
    let copies = try makeCopies(description)
    try earlier?.assign(to: copies.parameters)
    let source = DocumentSource(
      copies, training: configuration.training, validation: validation, context: context
    ) { [corpus, configuration, context, order] position in
      DocumentQueue(
        corpus: corpus, order: order, encoder: encoder, pieceLength: configuration.training.sequenceLength,
        position: position, workers: context.workers)
    }
    var outcome = try train(
      copies, source, folder: folder, checkpoint: checkpoint, cancellation: cancellation, watch: watch)

    let startShare = configuration.training.startShare
    if startShare > 0 { try earlier?.assign(to: copies.parameters, share: Float(startShare)) }
    // What is measured last is what is written.
    copies.parameters.forEach { $0.roundToBFloat16() }
    if source.hasValidation {
      let loss = source.validationLoss()
      outcome.history.append(
        .validation(step: outcome.stepCount, extent: .tokens(outcome.tokenCount), loss: loss))
      try watch(.validation(step: outcome.stepCount, loss: loss))
    }
    let summary = PretrainingSummary(
      configuration, identity: identity, outcome: outcome, parameterCount: copies.model.parameterCount,
      vocabularySize: tokenizer.vocabularySize, validation: validation, earlier: earlier?.sha256)
    try folder.write(
      description, tokenizerJSON: tokenizerJSON, parameters: copies.parameters, history: outcome.history,
      summary: summary)
    folder.removeCheckpoint()
    return .trained(summary)
  }

  private var seeds: SeedStream { SeedStream(configuration.training.seed).child("pretraining") }

  private var order: DocumentOrder {
    DocumentOrder(
      count: documentCount, heldOut: configuration.training.validationDocuments, seeds: seeds.child("documents"))
  }

  /// The tokenizer and its file: learned from the first documents, or that of the earlier model.
  private func vocabulary(
    _ order: inout DocumentOrder, of folder: PretrainedModelFolder, _ watch: Watcher
  ) throws -> (json: JSONValue, tokenizer: Tokenizer) {
    if let earlier { return (earlier.tokenizerJSON, earlier.tokenizer) }
    let vocabulary = learnVocabulary(&order)
    try watch(.vocabulary(tokens: vocabulary.tokens.count, wanted: configuration.vocabulary.size))
    return (vocabulary.tokenizerJSON, try folder.tokenizer(of: vocabulary))
  }

  private func learnVocabulary(_ order: inout DocumentOrder) -> ByteLevelVocabulary {
    var trainer = BPETrainer(
      vocabularySize: configuration.vocabulary.size,
      specialTokens: MiniChat.specialTokens + configuration.vocabulary.specialTokens,
      minimumFrequency: configuration.vocabulary.minimumFrequency)
    let numbers = order.training(0..<min(configuration.vocabulary.documents, documentCount ?? .max))
    for number in numbers { for text in corpus.document(number).texts { trainer.add(text) } }
    return trainer.train()
  }

  private func makeCopies(_ description: LlamaDescription) throws -> ModelCopies {
    try ModelCopies(
      configuration.training.shards, standardDeviation: Float(configuration.architecture.initializerRange),
      seeds: seeds.child("weights"), context: context, skeleton: description.skeleton)
  }

  /// AdamW; matrices and embeddings decay, gains of norms do not.
  private func makeOptimizer(_ parameters: [Parameter]) -> Optimizer {
    let training = configuration.training
    return Optimizer(
      .adamW(beta1: training.beta1, beta2: training.beta2, epsilon: training.epsilon),
      groups: [
        ParameterGroup(parameters.filter { $0.shape.count > 1 }),
        ParameterGroup(parameters.filter { $0.shape.count < 2 }, weightDecay: 0),
      ], weightDecay: training.weightDecay,
      maximumGradientNorm: training.maximumGradientNorm > 0 ? training.maximumGradientNorm : nil, context: context)
  }

  /// The training itself, from the checkpoint on where there is one.
  private func train(
    _ copies: ModelCopies, _ source: DocumentSource, folder: PretrainedModelFolder, checkpoint: TrainingCheckpoint,
    cancellation: CancellationFlag, watch: Watcher
  ) throws -> TrainingOutcome {
    let training = configuration.training
    let steps = training.steps
    let loop = TrainingLoop(
      TrainingAssembly(
        parameters: copies.parameters, optimizer: makeOptimizer(copies.parameters), source: source, participants: []),
      plan: TrainingLoop.Plan(
        steps: steps, learningRate: training.learningRate,
        schedule: LearningRateSchedule(
          training.scheduler.shape, warmupSteps: configuration.warmupSteps, stepCount: steps),
        loggingSteps: training.loggingSteps, validationEvery: training.validationEvery,
        // The last step is validated as it is written.
        validatesLast: false), seeds: seeds, context: context)
    var tokensBefore = 0
    do {
      return try loop.run(checkpoint: checkpoint) { event in
        switch event {
        case .resumed(let step, let tokens):
          tokensBefore = tokens
          try watch(.resumed(step: step, steps: steps))
        case .validated(let step, let loss): try watch(.validation(step: step, loss: loss))
        case .stepped(let loss, let outcome, let isLogged):
          if isLogged { try folder.write(history: outcome.history) }
          try watch(
            .step(step: outcome.stepCount, steps: steps, loss: loss, tokens: outcome.tokenCount - tokensBefore))
          if outcome.stepCount < steps { try cancellation.check() }
        }
      }
    } catch let failure as TrainingFailure {
      let rest = checkpoint.exists ? "the last checkpoint is \(checkpoint.path)" : "there is no checkpoint yet"
      throw TrainingFailure(description: "\(failure.description); \(rest)")
    }
  }
}

extension Pretrainer {
  /// Sizes and time, without training or writing anything.
  package struct Estimate: Sendable {
    /// Parameters of a model with the whole vocabulary.
    package let parameterCount: Int
    /// Bytes of the weights' file.
    package let fileBytes: Int
    /// Optimizer steps.
    package let steps: Int
    /// Tokens in all.
    package let tokens: Int
    /// Measured speed of a few steps.
    package let tokensPerSecond: Double

    /// Seconds of the whole training at that speed.
    package var seconds: Double { Double(tokens) / tokensPerSecond }
  }

  /// Measures a few steps on random tokens in pieces as long as the corpus's documents.
  package func estimate() throws -> Estimate {
    let vocabularySize = earlier?.tokenizer.vocabularySize ?? configuration.vocabulary.size
    let description = LlamaDescription(configuration.architecture, vocabularySize: vocabularySize)
    let copies = try makeCopies(description)
    let training = configuration.training
    let optimizer = makeOptimizer(copies.parameters)
    let draws = seeds.child("estimate")
    func step(_ number: Int) -> Int {
      var order = order
      var pieces: [EncodedDocument] = []
      var count = 0
      for document in order.training(0..<max(1, training.batchTokens)) where count < training.batchTokens {
        let text = corpus.document(document).texts
        // A byte-level vocabulary of a few thousand tokens spells English with three to five bytes a token.
        let length = min(training.sequenceLength, max(2, text.reduce(0) { $0 + $1.utf8.count } / 4 + 2 * text.count))
        let tokens = (0..<length).map {
          Int32(draws.integer(below: vocabularySize, at: count + $0))
        }
        pieces.append(EncodedDocument(tokens: tokens, isTarget: [Bool](repeating: true, count: length)))
        count += length
      }
      _ = copies.takeGradients(of: PretrainingBatch(pieces, shards: training.shards))
      optimizer.step(learningRate: 0, gradientNorm: optimizer.gradientNorm())
      return count
    }
    _ = step(0)
    let start = ProcessInfo.processInfo.systemUptime
    var tokens = 0
    var number = 1
    repeat {
      tokens += step(number)
      number += 1
    } while ProcessInfo.processInfo.systemUptime - start < 3
    let seconds = ProcessInfo.processInfo.systemUptime - start
    return Estimate(
      parameterCount: copies.model.parameterCount, fileBytes: 2 * copies.model.parameterCount, steps: training.steps,
      tokens: training.tokens, tokensPerSecond: Double(tokens) / max(seconds, 1e-9))
  }
}

extension Parameter {
  /// Rounds the value to what bfloat16 can hold, in place.
  fileprivate func roundToBFloat16() {
    let tensor = value
    for index in 0..<tensor.elementCount {
      let element = tensor.mutableElements + index
      element.pointee = HalfPrecision.float(bfloat16: HalfPrecision.bfloat16(element.pointee))
    }
  }
}
