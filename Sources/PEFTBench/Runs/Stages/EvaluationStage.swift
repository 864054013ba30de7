import Dispatch
import PEFTCore
import PEFTMethods

/// The third stage of a run: answers its sets of rows, one after the other, and scores the answers.
struct EvaluationStage {
  /// What it came to.
  struct Result {
    /// The sets in their order, that of the headline score first.
    let sets: [(set: EvaluationSet, judged: JudgedRows)]
    /// The most tensor memory that was held while the first set was answered.
    let peak: MemoryUse

    /// What the headline score is of.
    var scored: JudgedRows { sets[0].judged }
    /// Seconds that answering all sets took.
    var seconds: Double { sets.reduce(0) { $0 + $1.judged.seconds } }
  }

  /// The run.
  let scene: RunScene
  /// Who answers.
  let source: any AnswerSource

  /// Whether the model answers as it is attached, and not one member after the other.
  private let isOneModel: Bool

  /// The stage with the source that the config asks for.
  init(_ scene: RunScene, attachment: RunAttachment) {
    self.scene = scene
    isOneModel = attachment.members == nil
    let model = scene.model
    func oneTask(limit: Int) -> any AnswerSource {
      Self.source(
        of: model, for: scene.planned.dataset, answerLimit: limit, scene.configuration.evaluation,
        context: scene.context)
    }
    let own: any AnswerSource =
      scene.data.tasks.isEmpty
      ? oneTask(limit: scene.data.answerLimit)
      : TaskAnswers(
        tasks: scene.data.tasks.map { ($0.rows, oneTask(limit: $0.answerLimit)) },
        show: { attachment.method.tasks?.show($0) })
    source =
      isOneModel
      ? own
      : MemberAnswers(
        source: own, attachment: attachment, fold: { model.model.foldAdapters(context: scene.context) })
  }

  /// What a model is asked by for a dataset's answers, as the config asks for it.
  ///
  /// - Parameters:
  ///   - model: The model, with what is attached when it is asked.
  ///   - dataset: The dataset.
  ///   - answerLimit: Most tokens of an answer.
  ///   - evaluation: How answers are made.
  ///   - context: Memory and threads.
  static func source(
    of model: LoadedModel, for dataset: DatasetDescription, answerLimit: Int, _ evaluation: EvaluationConfiguration,
    context: ComputeContext
  ) -> any AnswerSource {
    let evaluator = Evaluator(
      model: model.model, tokenizer: model.renderer.tokenizer, endTokens: model.outline.endTokens, context: context)
    if evaluation.mode == .rank, !dataset.labels.isEmpty {
      return RankedAnswers(evaluator: evaluator, renderer: model.renderer, batchSize: evaluation.batchSize)
    }
    return GreedyAnswers(evaluator: evaluator, limit: answerLimit, batchSize: evaluation.batchSize)
  }

  /// Answers and scores all sets.
  ///
  /// - Parameter saveTraining: Keeps what the stages before came to, for a run that is stopped in this one.
  /// - Throws: `Interruption` on a request to stop; `ScoringError` for gold answers that cannot be scored.
  func result(saveTraining: () -> Void) throws -> Result {
    let sets = scene.data.sets
    let asked = sets.filter { $0.part == nil }
    let total = source.answersPerRow * asked.reduce(0) { $0 + $1.rows.examples.count }
    var done: [(checkpoint: AnswerCheckpoint, answers: AnswerCheckpoint.Answers)] = []
    do {
      let unfold = isOneModel ? scene.model.model.foldAdapters(context: scene.context) : {}
      defer { unfold() }
      var before = 0
      for set in asked {
        let checkpoint = AnswerCheckpoint(
          path: "\(scene.checkpointFolder)/\(set.checkpointName)", identity: scene.run.id, complain: scene.note)
        let answers = try answers(to: set.rows, after: before, of: total, checkpoint: checkpoint) {
          saveTraining()
          for (checkpoint, answers) in done { checkpoint.save(answers) }
        }
        done.append((checkpoint, answers))
        before += source.answersPerRow * set.rows.examples.count
      }
    }
    var rest = done.dropFirst().map(\.answers)[...]
    var judged = try sets.enumerated().map { index, set in
      let answers =
        set.part.map { answersOfRows($0, of: sets[0].rows, in: done[0].answers) }
        ?? (index == 0 ? done[0].answers : rest.removeFirst())
      return (set: set, judged: try judge(set, answers))
    }
    let parts = judged.filter { $0.set.part != nil }.map(\.judged)
    if !parts.isEmpty {
      judged[0].judged.summary = judged[0].judged.summary.together(parts.map { ($0.summary, $0.rows.examples.count) })
    }
    return Result(sets: judged, peak: done[0].answers.peak)
  }

  /// Asks for the answers to a set of rows.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - before: How many answers to other sets there are.
  ///   - total: How many answers all sets need.
  ///   - checkpoint: Where the answers are kept.
  ///   - saveOthers: Saves what came before these answers and is needed with them.
  private func answers(
    to rows: ScoredRows, after before: Int, of total: Int, checkpoint: AnswerCheckpoint, saveOthers: () -> Void
  ) throws -> AnswerCheckpoint.Answers {
    let known = checkpoint.restore(prompts: source.answersPerRow * rows.rendered.count) ?? AnswerCheckpoint.Answers()
    scene.context.pool.resetPeak()
    let start = DispatchTime.now()
    func state(_ answers: [String]) -> AnswerCheckpoint.Answers {
      AnswerCheckpoint.Answers(
        answers: answers, seconds: known.seconds + start.secondsUntilNow,
        peak: known.peak.peak(with: scene.context.pool.peak))
    }
    return state(
      try source.answers(to: rows, known: known.answers) { done, answers in
        try scene.checkPlace()
        scene.watch(.answered(scene.run, done: before + done, of: total))
        scene.progress.update(
          RunProgress(
            phase: .evaluation, done: before + done, total: total, loss: nil,
            rate: Double(done - known.answers.count) / start.secondsUntilNow, seconds: start.secondsUntilNow))
        if scene.cancellation.isCancelled || checkpoint.isDue, before + done < total {
          saveOthers()
          checkpoint.save(state(answers()))
        }
        try scene.cancellation.check()
      })
  }

  /// The answers to some rows of a set, which take no time of their own.
  private func answersOfRows(
    _ part: Range<Int>, of rows: ScoredRows, in all: AnswerCheckpoint.Answers
  ) -> AnswerCheckpoint.Answers {
    let starts = stride(from: 0, to: all.answers.count, by: rows.examples.count)
    return AnswerCheckpoint.Answers(
      answers: starts.flatMap { all.answers[($0 + part.lowerBound)..<($0 + part.upperBound)] }, seconds: 0,
      peak: all.peak)
  }

  /// The members' answers of each row, from those of all rows member by member.
  private func byRow(_ answers: [String], count: Int) -> [[String]] {
    (0..<count).map { row in stride(from: row, to: answers.count, by: count).map { answers[$0] } }
  }

  /// Scores the answers to a set of rows.
  private func judge(_ set: EvaluationSet, _ answers: AnswerCheckpoint.Answers) throws -> JudgedRows {
    let (rows, metric) = (set.rows, set.metric ?? scene.planned.dataset.metric)
    let members = source.answersPerRow > 1 ? byRow(answers.answers, count: rows.examples.count) : nil
    let vote = AnswerVote(metric.family)
    let settled = members.map { $0.map(vote.winner) } ?? answers.answers
    let scored = zip(rows.examples, settled).map { $0.scored($1) }
    let scoring = scene.configuration.evaluation.scoring
    let repeated = set.part == nil ? source.repeatedCount(of: rows) : 0
    return JudgedRows(
      rows: rows, repeatedCount: repeated > 0 ? repeated : nil, scored: scored, members: members,
      unanimousShare: members.map(vote.unanimousShare),
      scores: try metric.score(scored, under: scoring),
      summary: try metric.summary(of: scored, under: scoring),
      // A side score can be absent; it fails no run.
      otherScores: Swift.Result { () throws(ScoringError) in
        try metric.score(scored, under: scoring == .strict ? .peftBench : .strict)
      },
      seconds: answers.seconds)
  }
}
