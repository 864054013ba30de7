import PEFTCore
import PEFTMethods

/// Judges an adapter and another one that was made of it on the evaluation rows of a config's datasets.
///
/// The config's model is loaded once, and serves what is made too.
package final class AdapterComparison {
  /// What the two come to on one dataset.
  package struct Scores: Sendable, Equatable {
    /// The dataset.
    package let dataset: String
    /// The headline score's name.
    package let primary: String
    /// Evaluation rows.
    package let rows: Int
    /// What the adapter scores.
    package let before: GridScore
    /// What the one that was made of it scores.
    package let after: GridScore
  }

  private let judge: AdapterJudge
  private let questions: [AdapterJudge.Question]

  /// Reads the datasets and loads the model.
  ///
  /// - Parameters:
  ///   - configuration: The model, the datasets and how answers are scored.
  ///   - context: Memory and threads.
  ///   - cancellation: The request to stop.
  ///   - note: Called with what the user should know.
  /// - Throws: An `InputError` for files that cannot be read, or more than one model.
  package init(
    _ configuration: RunConfiguration, context: ComputeContext, cancellation: CancellationFlag,
    note: @escaping (String) -> Void
  ) throws {
    guard let model = configuration.models.first, configuration.models.count == 1 else {
      throw FileError(
        path: configuration.file.path,
        "names \(configuration.models.count) models, but an adapter has one: leave out the others")
    }
    let assembly = RunAssembly(configuration, context: context, note: note)
    let outline = try assembly.outline(of: model)
    // Whatever is wrong with the rows is found before the weights are read.
    questions = try configuration.data.descriptions(from: configuration.file).map { dataset in
      let data = try assembly.data(of: configuration.untrainedRun(of: model, on: dataset))
      return AdapterJudge.Question(dataset: dataset, rows: data.scored, answerLimit: data.answerLimit)
    }
    judge = AdapterJudge(
      try LoadedModel(outline, context: context), evaluation: configuration.evaluation, context: context,
      check: { try cancellation.check() })
  }

  /// The model as adapters are made on it.
  package var base: LoadedBase { judge.base }

  /// The scores of both, dataset by dataset.
  ///
  /// - Throws: `Interruption`; an `InputError` for an adapter that does not fit the model.
  package func scores(of before: AdapterFile, and after: AdapterFile) throws -> [Scores] {
    let (first, second) = (try judge.scores(of: before, on: questions), try judge.scores(of: after, on: questions))
    return zip(questions, zip(first, second)).map { question, scores in
      Scores(
        dataset: question.dataset.id, primary: scores.0.primary, rows: question.rows.examples.count,
        before: GridScore(scores.0), after: GridScore(scores.1))
    }
  }
}
