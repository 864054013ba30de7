import Dispatch
import PEFTCore
import PEFTMethods

/// What comes before the stages of a run that chooses the adapter that it starts from: judges all candidates on the training
/// rows that it holds back.
struct ChoiceStage {
  /// What it came to.
  struct Result {
    /// What the run starts from.
    let source: AdapterSource
    /// All candidates with their scores.
    let record: RunRecord.Choice
  }

  /// The run.
  let scene: RunScene
  /// What it chooses from.
  let choice: AdapterChoice
  /// What it chooses on.
  let rows: ScoredRows
  /// What the user should know of these rows.
  let notes: [String]

  /// Judges the candidates, from the last checkpoint on if there is one, and takes the one with the highest score, the first
  /// of several.
  ///
  /// - Throws: An `InputError` for adapters that cannot be read, combined or attached; `Interruption` on a request to stop.
  func result() throws -> Result {
    let scores = try scores()
    var record = RunRecord.Choice(
      among: zip(choice.candidates, scores.values).map { ($0.values, $1) }, on: rows, seconds: scores.seconds,
      peak: scores.peak)
    var notes = notes
    if let score = scores.values.first, scores.values.allSatisfy({ $0 == score }), scores.values.count > 1 {
      let text =
        "all \(scores.values.count) candidates have the same score on the held-back rows, \(NumberText.percent(score)), "
        + "so that the first one was taken for no reason"
      scene.note(text)
      notes.append(text)
    }
    record.notes = notes.isEmpty ? nil : notes
    return Result(source: choice.candidates[record.chosen].source, record: record)
  }

  private func scores() throws -> ChoiceCheckpoint.Scores {
    let checkpoint = ChoiceCheckpoint(
      path: "\(scene.checkpointFolder)/\(ChoiceCheckpoint.fileName)", identity: scene.run.id, complain: scene.note)
    let known = checkpoint.restore(candidates: choice.candidates.count) ?? ChoiceCheckpoint.Scores()
    guard known.values.count < choice.candidates.count else { return known }
    var scores = known
    do {
      let judge = AdapterJudge(
        scene.model, evaluation: scene.configuration.evaluation, context: scene.context, check: check)
      // All candidates are made of the same adapters.
      let files = try choice.candidates[0].recipe.adapters.map { try AdapterFile.open($0.path) }
      let question = AdapterJudge.Question(
        dataset: scene.planned.dataset, rows: rows, answerLimit: scene.data.answerLimit)
      let start = DispatchTime.now()
      for candidate in choice.candidates[known.values.count...] {
        scene.context.pool.resetPeak()
        let file = try judge.combined(candidate.recipe, files)
        scores.values += try judge.scores(of: file, on: [question]).map(\.value)
        scores.seconds = known.seconds + start.secondsUntilNow
        scores.peak = scores.peak.peak(with: scene.context.pool.peak)
        show(scores, since: known)
        if checkpoint.isDue { checkpoint.save(scores) }
        try check()
      }
    } catch let interruption as Interruption {
      checkpoint.save(scores)
      throw interruption
    }
    // The stages after this one can be stopped too.
    checkpoint.save(scores)
    return scores
  }

  /// Ends the stage where the run is to stop, or its folder is gone.
  private func check() throws {
    try scene.checkPlace()
    try scene.cancellation.check()
  }

  private func show(_ scores: ChoiceCheckpoint.Scores, since known: ChoiceCheckpoint.Scores) {
    let (done, total) = (scores.values.count, choice.candidates.count)
    scene.watch(.judged(scene.run, done: done, of: total))
    scene.progress.update(
      RunProgress(
        phase: .choice, done: done, total: total, loss: nil,
        rate: Double(done - known.values.count) / max(1e-9, scores.seconds - known.seconds), seconds: scores.seconds))
  }
}
