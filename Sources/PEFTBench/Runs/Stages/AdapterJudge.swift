import PEFTCore
import PEFTMethods

/// Judges many adapters on the rows of several tasks with one loaded model.
///
/// An adapter is attached, folded into the weights where that can be, asked, and taken off again; answers are those of a
/// run that judges it as it is. What has been judged already, by its content, is not asked again.
final class AdapterJudge {
  /// Rows of a task to be answered.
  struct Question {
    let dataset: DatasetDescription
    let rows: ScoredRows
    let answerLimit: Int

    fileprivate var key: String { "\(dataset.id) \(rows.sha256) \(rows.rendered.count)" }
  }

  /// The model, with nothing attached between two calls.
  let model: LoadedModel
  private let evaluation: EvaluationConfiguration
  private let context: ComputeContext
  private let check: () throws -> Void
  private var known: [String: DatasetScores] = [:]
  private var origins: [String: [AdapterArray]] = [:]
  /// How many adapters were attached.
  private(set) var attachedCount = 0

  /// - Parameters:
  ///   - model: The model, with nothing attached.
  ///   - evaluation: How answers are made and scored.
  ///   - context: Memory and threads.
  ///   - check: Called between batches of answers; what it throws ends the work.
  init(
    _ model: LoadedModel, evaluation: EvaluationConfiguration, context: ComputeContext,
    check: @escaping () throws -> Void
  ) {
    (self.model, self.evaluation, self.context, self.check) = (model, evaluation, context, check)
  }

  /// The model as adapters are combined on it.
  var base: LoadedBase {
    LoadedBase(model: model.model, tokenizer: model.renderer.tokenizer, context: context)
  }

  /// The adapter that a recipe makes of saved ones; what each started from is made once.
  ///
  /// - Throws: An `InputError` for adapters that cannot be read or combined.
  func combined(_ recipe: CombinationRecipe, _ files: [AdapterFile]) throws -> AdapterFile {
    let source = AdapterOrigins(
      common: recipe.origin, base: { _ in self.base }, modelHash: { _ in self.model.outline.sha256 })
    return try recipe.combined(
      files, named: recipe.text, base: recipe.kind.takesAnyMethod ? base : nil, workers: context.workers,
      origin: { file in
        if let values = self.origins[file.path] { return values }
        let values = try source.values(of: file)
        self.origins[file.path] = values
        return values
      }
    ).file
  }

  /// The scores of an adapter, one for each question.
  ///
  /// - Throws: An `InputError` for an adapter that does not fit the model; `ScoringError`; what `check` throws.
  func scores(of file: AdapterFile, on questions: [Question]) throws -> [DatasetScores] {
    let content = file.valueHash
    let open = questions.filter { known["\(content) \($0.key)"] == nil }
    if !open.isEmpty {
      let attachment = try file.method().attach(
        to: model.model,
        with: AttachmentSetting(
          seeds: SeedStream(0), context: context, tokenizer: model.renderer.tokenizer, rows: .irrelevant))
      defer { attachment.detach() }
      try file.load(into: attachment)
      let unfold = model.model.foldAdapters(context: context)
      defer { unfold() }
      attachedCount += 1
      for question in open { known["\(content) \(question.key)"] = try answer(question) }
    }
    return questions.compactMap { known["\(content) \($0.key)"] }
  }

  private func answer(_ question: Question) throws -> DatasetScores {
    let source = EvaluationStage.source(
      of: model, for: question.dataset, answerLimit: question.answerLimit, evaluation, context: context)
    let answers = try source.answers(to: question.rows, known: []) { _, _ in try check() }
    return try question.dataset.metric.score(
      zip(question.rows.examples, answers).map { $0.scored($1) }, under: evaluation.scoring)
  }
}
