import Foundation
import PEFTCore
import SmallWorld

/// Makes a small language model from nothing: learns a vocabulary, trains every weight, writes a model folder.
///
/// The same config gives the same bytes, whatever the threads and however often the work was interrupted: every
/// batch is a function of the config and of its number, and a checkpoint holds all that a step changes.
package struct Pretrainer {
  /// What is told while the work goes on.
  package enum Event: Sendable {
    /// The vocabulary is learned: how many tokens it has, and how many were asked for.
    case vocabulary(tokens: Int, wanted: Int)
    /// The work goes on from a checkpoint behind this step.
    case resumed(step: Int, steps: Int)
    /// A step was taken; `tokens` have gone by since this process began.
    case step(step: Int, steps: Int, loss: Double, tokens: Int)
    /// The loss on the held-out documents.
    case validation(step: Int, loss: Double)
  }

  /// What came of it.
  package enum Outcome: Sendable {
    /// The model was there already.
    case wasComplete(PretrainingSummary)
    /// The model is written.
    case trained(PretrainingSummary)
  }

  /// Told what happens; what it throws ends the work.
  package typealias Watcher = (Event) throws -> Void

  private let configuration: PretrainingConfiguration
  private let context: ComputeContext
  private let corpus: any PretrainingCorpus
  private let documentCount: Int?
  /// Tells this config and corpus from others.
  private let identity: String

  /// Opens the corpus of a config.
  ///
  /// - Throws: What reading files throws.
  package init(_ configuration: PretrainingConfiguration, context: ComputeContext) throws {
    self.configuration = configuration
    self.context = context
    var hash = SHA256()
    hash.update(Array(configuration.json.compactText.utf8))
    switch configuration.source {
    case .smallWorld(let seed):
      corpus = SmallWorldCorpus(seed: seed)
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
  ///   - cancellation: A wish to stop; a checkpoint is written first.
  ///   - watch: Told what happens.
  /// - Throws: `Interruption`; `TrainingFailure` where a loss or gradient is not finite, the last checkpoint
  ///   left as it is; `FileError` and `CheckpointError` for an output folder that belongs to something else.
  package func run(fresh: Bool, cancellation: CancellationFlag, watch: Watcher) throws -> Outcome {
    let folder = PretrainedModelFolder(path: configuration.output)
    let checkpoint = PretrainingCheckpoint(output: configuration.output)
    if let summary = try folder.summary(identity: fresh ? nil : identity), !fresh { return .wasComplete(summary) }
    if fresh { checkpoint.remove() }
    try folder.create()
    var order = order
    let vocabulary = learnVocabulary(&order)
    try watch(.vocabulary(tokens: vocabulary.tokens.count, wanted: configuration.vocabulary.size))
    let tokenizer = try folder.tokenizer(of: vocabulary)
    let encoder = DocumentEncoder(tokenizer: tokenizer, lossTokens: configuration.training.lossTokens)
    let validation = ValidationSet(
      order.validation, of: corpus, by: encoder, training: configuration.training, workers: context.workers)
    let description = LlamaDescription(configuration.architecture, vocabularySize: vocabulary.tokens.count)
    let copies = try makeCopies(description)
    let optimizer = makeOptimizer(copies.parameters)

    var progress = PretrainingCheckpoint.Progress()
    if checkpoint.exists {
      progress = try checkpoint.restore(into: copies.parameters, optimizer: optimizer, identity: identity)
      try watch(.resumed(step: progress.step, steps: configuration.training.steps))
    }
    try train(
      copies, optimizer, validation, &progress, order: order, encoder: encoder, folder: folder,
      checkpoint: checkpoint, cancellation: cancellation, watch: watch)

    // What is measured last is what is written.
    copies.parameters.forEach { $0.roundToBFloat16() }
    if let loss = validation.loss(copies) {
      progress.history.append(.validation(step: progress.step, tokens: progress.tokens, loss: loss))
      try watch(.validation(step: progress.step, loss: loss))
    }
    let summary = PretrainingSummary(
      configuration, identity: identity, progress: progress, parameterCount: copies.model.parameterCount,
      vocabularySize: vocabulary.tokens.count, validation: validation)
    try folder.write(
      description, vocabulary: vocabulary, parameters: copies.parameters, history: progress.history, summary: summary)
    checkpoint.remove()
    return .trained(summary)
  }

  private var seeds: SeedStream { SeedStream(configuration.training.seed).child("pretraining") }

  private var order: DocumentOrder {
    DocumentOrder(
      count: documentCount, heldOut: configuration.training.validationDocuments, seeds: seeds.child("documents"))
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

  private func train(
    _ copies: ModelCopies, _ optimizer: Optimizer, _ validation: ValidationSet,
    _ progress: inout PretrainingCheckpoint.Progress, order: DocumentOrder, encoder: DocumentEncoder,
    folder: PretrainedModelFolder, checkpoint: PretrainingCheckpoint, cancellation: CancellationFlag, watch: Watcher
  ) throws {
    let training = configuration.training
    let steps = training.steps
    let schedule = LearningRateSchedule(
      training.scheduler.shape, warmupSteps: configuration.warmupSteps, stepCount: steps)
    var queue = DocumentQueue(
      corpus: corpus, order: order, encoder: encoder, pieceLength: training.sequenceLength,
      position: progress.position, workers: context.workers)
    let tokensBefore = progress.tokens
    while progress.step < steps {
      let step = progress.step + 1
      // Documents are not cut at the end of a batch, so a batch has a few tokens more, and the next one fewer.
      let batch = PretrainingBatch(
        queue.next(max(1, step * training.batchTokens - progress.tokens)), shards: training.shards)
      let loss = copies.takeGradients(of: batch)
      let norm = optimizer.gradientNorm()
      guard loss.isFinite, norm.isFinite else {
        let rest = checkpoint.exists ? "the last checkpoint is in \(checkpoint.folder)" : "there is no checkpoint yet"
        throw TrainingFailure(
          description: "step \(step): the loss is \(Self.shown(loss)) and the gradient's norm \(Self.shown(norm)); "
            + "the learning rate may be too high; \(rest)")
      }
      let rate = training.learningRate * schedule.factor(at: step - 1)
      optimizer.step(learningRate: rate, gradientNorm: norm)
      progress.step = step
      progress.tokens += batch.tokenCount
      progress.position = queue.position
      progress.pendingLoss = (progress.pendingLoss.sum + loss, progress.pendingLoss.steps + 1)
      if step % training.loggingSteps == 0 || step == steps {
        progress.history.append(
          .step(
            step: step, tokens: progress.tokens, loss: progress.pendingLoss.sum / Double(progress.pendingLoss.steps),
            learningRate: rate, gradientNorm: norm))
        progress.pendingLoss = (0, 0)
        try folder.write(history: progress.history)
      }
      if step % training.validationEvery == 0, step < steps, let loss = validation.loss(copies) {
        progress.history.append(.validation(step: step, tokens: progress.tokens, loss: loss))
        try watch(.validation(step: step, loss: loss))
      }
      let isCancelled = cancellation.isCancelled
      if step < steps, step % training.checkpointEvery == 0 || isCancelled {
        try checkpoint.save(progress, parameters: copies.parameters, optimizer: optimizer, identity: identity)
      }
      if isCancelled, step < steps { throw Interruption() }
      try watch(.step(step: step, steps: steps, loss: loss, tokens: progress.tokens - tokensBefore))
    }
  }

  private static func shown(_ value: Double) -> String { value.isNaN ? "not a number" : "\(value)" }
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
    let description = LlamaDescription(configuration.architecture, vocabularySize: configuration.vocabulary.size)
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
          Int32(draws.integer(below: configuration.vocabulary.size, at: count + $0))
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
