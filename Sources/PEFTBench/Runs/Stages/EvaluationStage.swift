import Dispatch
import PEFTCore

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

  /// The stage with the source that the config asks for.
  init(_ scene: RunScene) {
    self.scene = scene
    let (model, evaluation) = (scene.model, scene.configuration.evaluation)
    let evaluator = Evaluator(
      model: model.model, tokenizer: model.renderer.tokenizer, endTokens: model.outline.endTokens,
      context: scene.context)
    if evaluation.mode == .rank, !scene.planned.dataset.labels.isEmpty {
      source = RankedAnswers(evaluator: evaluator, renderer: model.renderer)
    } else {
      source = GreedyAnswers(evaluator: evaluator, limit: scene.data.answerLimit, batchSize: evaluation.batchSize)
    }
  }

  /// Answers and scores all sets.
  ///
  /// - Parameter saveTraining: Keeps what the stages before came to, for a run that is stopped in this one.
  /// - Throws: `Interruption` on a request to stop; `ScoringError` for gold answers that cannot be scored.
  func result(saveTraining: () -> Void) throws -> Result {
    let sets = scene.data.sets
    let total = sets.reduce(0) { $0 + $1.rows.examples.count }
    var done: [(checkpoint: AnswerCheckpoint, answers: AnswerCheckpoint.Answers)] = []
    do {
      let unfold = scene.model.model.foldAdapters(context: scene.context)
      defer { unfold() }
      var before = 0
      for set in sets {
        let checkpoint = AnswerCheckpoint(
          path: "\(scene.checkpointFolder)/\(set.checkpointName)", identity: scene.run.id, complain: scene.note)
        let answers = try answers(to: set.rows, after: before, of: total, checkpoint: checkpoint) {
          saveTraining()
          for (checkpoint, answers) in done { checkpoint.save(answers) }
        }
        done.append((checkpoint, answers))
        before += set.rows.examples.count
      }
    }
    return Result(
      sets: try zip(sets, done).map { set, done in (set, try judge(set.rows, done.answers)) },
      peak: done[0].answers.peak)
  }

  /// Asks for the answers to a set of rows.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - before: How many rows of other sets are answered.
  ///   - total: How many rows all sets have.
  ///   - checkpoint: Where the answers are kept.
  ///   - saveOthers: Saves what came before these answers and is needed with them.
  private func answers(
    to rows: ScoredRows, after before: Int, of total: Int, checkpoint: AnswerCheckpoint, saveOthers: () -> Void
  ) throws -> AnswerCheckpoint.Answers {
    let known = checkpoint.restore(prompts: rows.rendered.count) ?? AnswerCheckpoint.Answers()
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

  /// Scores the answers to a set of rows.
  private func judge(_ rows: ScoredRows, _ answers: AnswerCheckpoint.Answers) throws -> JudgedRows {
    let metric = scene.planned.dataset.metric
    let scored = zip(rows.examples, answers.answers).map { $0.scored($1) }
    let scoring = scene.configuration.evaluation.scoring
    return JudgedRows(
      rows: rows, scored: scored, scores: try metric.score(scored, under: scoring),
      summary: try metric.summary(of: scored, under: scoring),
      // A side score can be absent; it fails no run.
      otherScores: Swift.Result { () throws(ScoringError) in
        try metric.score(scored, under: scoring == .strict ? .peftBench : .strict)
      },
      seconds: answers.seconds)
  }
}
