import Foundation
import PEFTCore

/// A dataset as one model sees it: examples of both parts, rendered and tokenized.
struct PreparedDataset {
  /// The training examples with their ids.
  let training: [RenderedExample]
  /// The rows to score.
  let scored: ScoredRows
  /// The other sets that are answered: the third split, where the config wants it, and the dataset's further sets.
  let furtherSets: [EvaluationSet]
  /// Most tokens of an answer.
  let answerLimit: Int
  /// What the user should know about the files and the rows.
  let notes: [String]
  /// What a reader of the scores must know about the rows: that they are few, or of one class.
  let rowNotes: [String]
  /// How many training examples have each label; nil where answers are free text.
  let trainingClasses: ClassCounts?
  /// What of the data determines a run's numbers.
  let identity: DatasetIdentity
  /// Facts for the record.
  let facts: RunRecord.Data

  /// Further training rows of the strategy.
  let augmented: AugmentedTraining
  /// The datasets that are trained together; nil for one by itself.
  let mixture: DatasetMixture?
  /// Where their rows are among the scored ones; empty for a dataset by itself.
  let tasks: [PreparedTask]

  /// What the training examples say, and the dataset as it was read, with the prompts' wording; nil where nothing trains.
  let trainingExamples: [Example]
  var trainingDataset: DatasetDescription?
  /// The training rows that the data's own limit would keep, where the strategy takes others.
  let plain: (examples: [Example], rendered: [RenderedExample])?

  /// - Parameters:
  ///   - dataset: The catalogue's row.
  ///   - configuration: Where files are and how many rows count.
  ///   - renderer: The model's renderer.
  ///   - cutoff: Most tokens of an example.
  ///   - vocabularySize: Entries of the model's vocabulary.
  ///   - sampleSeed: What the training rows of a limit are drawn by, where it is not the data's own seed.
  ///   - strategy: May take all training rows, or make further ones.
  /// - Throws: An `InputError` for rows that cannot be read or scored, for labels that do not fit into an answer, and
  ///   for tokens that the model cannot read.
  init(
    _ dataset: DatasetDescription, configuration: RunConfiguration, renderer: ChatRenderer, cutoff: Int,
    vocabularySize: Int, sampleSeed: Int? = nil, strategy: TrainingStrategy = .standard
  ) throws {
    (mixture, tasks) = (nil, [])
    let limit = try AnswerLimit(dataset, evaluation: configuration.evaluation, renderer: renderer)
    answerLimit = limit.tokens
    let data = configuration.data
    let loader = DatasetLoader(
      locator: DatasetLocator(root: data.folder, suite: data.suite, revision: data.revision),
      datasetInfo: try data.datasetInfo.map { try DatasetInfo(path: $0) }, nulls: data.nulls)
    let needsTraining = configuration.methods.contains { $0.trains || $0.adapterSource.choice != nil }
    let usualRows = data.trainingRows(seed: sampleSeed)
    var trainingRows = usualRows
    if case .allData(let rows) = strategy { trainingRows = data.rows(within: rows, seed: sampleSeed) }
    let train = needsTraining ? try loader.load(dataset, .training, trainingRows) : nil
    let evaluation = try loader.load(dataset, .evaluation, data.rows(within: data.evaluationLimit))
    var further: [(name: String, loaded: LoadedDataset)] = []
    if data.test == .test {
      let loaded = try loader.load(dataset, .test, data.rows(within: data.evaluationLimit))
      further.append((EvaluationSet.test, loaded))
    }
    for set in dataset.furtherSets {
      let loaded = try loader.load(dataset.evaluated(on: set), .evaluation, data.rows(within: data.evaluationLimit))
      further.append((set.name, loaded))
    }
    func encode(_ loaded: LoadedDataset, reserving: Int?) throws -> [RenderedExample] {
      try loaded.examples.map { try renderer.render($0, of: loaded.dataset, cutoff: cutoff, reserving: reserving) }
    }
    (trainingExamples, trainingDataset) = (train?.examples ?? [], train?.dataset)
    training = try train.map { try encode($0, reserving: nil) } ?? []
    if needsTraining, trainingRows != usualRows {
      let usual = try loader.load(dataset, .training, usualRows)
      plain = (usual.examples, try encode(usual, reserving: nil))
    } else {
      plain = nil
    }
    if let rows = strategy.augmentation, let train {
      func render(_ example: Example) throws -> RenderedExample {
        try renderer.render(example, of: train.dataset, cutoff: cutoff, reserving: nil)
      }
      if let path = data.augment {
        let file = dataset.trained(on: try FurtherRowsFile(path, in: configuration.file).path(for: dataset.id))
        augmented = try AugmentedTraining(try loader.load(file, .training).examples, render: render)
      } else {
        augmented = try AugmentedTraining(
          rows, of: train.examples, seed: sampleSeed ?? data.sampleSeed, render: render)
      }
    } else {
      augmented = AugmentedTraining()
    }
    func scoredRows(_ loaded: LoadedDataset) throws -> ScoredRows {
      try Self.scoredRows(
        loaded.examples, of: loaded.dataset, split: loaded.split, answerLimit: limit.tokens, renderer: renderer,
        cutoff: cutoff)
    }
    let scored = try scoredRows(evaluation)
    self.scored = scored
    furtherSets = try further.map { EvaluationSet(name: $0.name, rows: try scoredRows($0.loaded)) }
    guard !scored.examples.isEmpty else {
      throw FileError(path: evaluation.files.first ?? dataset.id, "there is no row to evaluate")
    }
    guard !needsTraining || !training.isEmpty else {
      throw FileError(path: train?.files.first ?? dataset.id, "there is no row to train on")
    }
    for (rows, words) in [(training, "training row"), (augmented.rendered, "further training row")] {
      try Self.checkTokens(of: rows, in: words, of: dataset, renderer, vocabularySize)
    }
    for rows in [scored] + furtherSets.map(\.rows) {
      try Self.checkTokens(
        of: rows.rendered, choices: rows.examples.map(\.choices), in: "\(rows.split) row", of: dataset, renderer,
        vocabularySize)
    }
    let classes = train.flatMap { ClassCounts($0.examples, of: dataset) }
    trainingClasses = classes
    let rendered = training
    let trainingNotes = train.map { train in
      let notes = RowNotes(of: dataset, split: train.split, count: train.examples.count, classes)
      return notes.training + notes.withoutRoom(rendered, cutoff: cutoff, room: nil)
    }
    let room = cutoff - Self.reserved(for: limit.tokens, of: cutoff)
    let lost = ([scored] + furtherSets.map(\.rows)).flatMap { rows in
      RowNotes(of: dataset, split: rows.split, count: rows.rendered.count, rows.classes)
        .withoutRoom(rows.rendered, cutoff: cutoff, room: room)
    }
    // A publisher keeps its splits apart; nobody has checked a user's own rows, which a file of further ones holds too.
    let isOwn = data.suite(of: dataset) == .own
    let ownTraining = (isOwn ? trainingExamples : []) + (isOwn || data.augment != nil ? augmented.examples : [])
    let leaks = RowContent.leaks(into: [scored] + furtherSets.map(\.rows), from: ownTraining, of: dataset.id)
    let repeats = isOwn ? RowContent.repeats(among: scored, of: dataset.id) : []
    rowNotes =
      (trainingNotes ?? []) + scored.notes(of: dataset)
      + furtherSets.flatMap { $0.rows.notes(of: dataset, besides: scored) } + lost + leaks + repeats
    let empty = LoadedDataset.emptyCounts(of: trainingExamples + scored.examples + furtherSets.flatMap(\.rows.examples))
    let emptyNotes = empty.map { column, count in
      "\(dataset.id): column \"\(column)\" is null or empty in \(count) rows, and so is its text"
    }
    notes =
      (train?.notes ?? []) + evaluation.notes + further.flatMap(\.loaded.notes) + rowNotes
      + limit.notes(on: scored.rendered)
      + emptyNotes
    let hashes = (
      train: Self.hash(of: training, groups: trainingExamples.map(\.group)), evaluation: scored.sha256
    )
    func hash(_ set: EvaluationSet) -> String { DatasetIdentity.hash(of: set.rows.rendered, set.rows.examples) }
    identity = DatasetIdentity(
      name: dataset.id, trainingRows: DatasetIdentity.hash(of: training, trainingExamples),
      evaluationRows: DatasetIdentity.hash(of: scored.rendered, scored.examples),
      testRows: furtherSets.first { $0.name == EvaluationSet.test }.map(hash),
      augmentedRows: strategy.augmentation == nil
        ? nil : DatasetIdentity.hash(of: augmented.rendered, augmented.examples),
      furtherRows: Dictionary(
        uniqueKeysWithValues: furtherSets.filter { $0.name != EvaluationSet.test }.map { ($0.name, hash($0)) }),
      metric: dataset.metric.canonical)
    var facts = RunRecord.Data()
    (facts.trainingSplit, facts.trainingRows) = (train?.split, training.count)
    (facts.evaluationSplit, facts.evaluationRows) = (scored.split, scored.rendered.count)
    facts.sample = data.limit.rawValue
    (facts.trainingClasses, facts.evaluationClasses) = (trainingClasses, scored.classes)
    facts.notes = rowNotes.isEmpty ? nil : rowNotes
    facts.revision = data.revision
    (facts.template, facts.templateHash) = (renderer.templateName, renderer.templateHash)
    facts.firstPrompt = scored.rendered.first?.prompt
    (facts.trainingHash, facts.evaluationHash) = (hashes.train, hashes.evaluation)
    facts.trainingContent = RowContent.hash(of: trainingExamples)
    facts.evaluationContent = RowContent.hash(of: scored.examples)
    facts.emptyFields =
      empty.isEmpty ? nil : .object(JSONObject(distinct: empty.map { (key: $0.column, value: .integer($0.count)) }))
    facts.cutTrainingRows = training.count { $0.isPromptCut || $0.isAnswerCut }
    facts.cutEvaluationRows = scored.rendered.count { $0.isPromptCut }
    self.facts = facts
  }

  /// Examples as rows that are answered.
  ///
  /// - Parameters:
  ///   - examples: The examples.
  ///   - dataset: The dataset that they were read as.
  ///   - split: What they are from.
  ///   - answerLimit: Most tokens of an answer, for which the prompt leaves room.
  ///   - renderer: The model's renderer.
  ///   - cutoff: Most tokens of an example.
  static func scoredRows(
    _ examples: [Example], of dataset: DatasetDescription, split: String, answerLimit: Int, renderer: ChatRenderer,
    cutoff: Int
  ) throws -> ScoredRows {
    let rendered = try examples.map {
      try renderer.render($0, of: dataset, cutoff: cutoff, reserving: reserved(for: answerLimit, of: cutoff))
    }
    // The choices of many rows are one list of label words, whose text is made once.
    var choices: (list: [String], text: String) = ([], "[]")
    let groups = examples.map { example -> String in
      if let answers = example.allAnswers { return "\(example.answer) \(answers)" }
      if choices.list != example.choices { choices = (example.choices, "\(example.choices)") }
      return "\(example.answer) \(choices.text)"
    }
    return ScoredRows(
      split: split, examples: examples, rendered: rendered, sha256: hash(of: rendered, groups: groups),
      classes: ClassCounts(examples, of: dataset))
  }

  /// The tokens of an example that its prompt leaves for an answer.
  private static func reserved(for answerLimit: Int, of cutoff: Int) -> Int { min(answerLimit, cutoff / 2) }

  /// All sets that are answered, that of the headline score first.
  var sets: [EvaluationSet] { [EvaluationSet(name: "", rows: scored)] + furtherSets }

  /// Refuses rows with a token for which the model has no embedding.
  private static func checkTokens(
    of rows: [RenderedExample], choices: [[String]] = [], in part: String, of dataset: DatasetDescription,
    _ renderer: ChatRenderer, _ vocabularySize: Int
  ) throws(VocabularyError) {
    // Mostly no token of the tokenizer is beyond the vocabulary.
    let tokenizer = renderer.tokenizer
    guard tokenizer.vocabularySize > vocabularySize else { return }
    for (index, row) in rows.enumerated() {
      let place = "\(dataset.id), \(part) \(index + 1)"
      try tokenizer.check(row.promptIDs, within: vocabularySize, place: place)
      try tokenizer.check(row.answerIDs, within: vocabularySize, place: place)
      for choice in choices.indices.contains(index) ? choices[index] : [] {
        let ids = renderer.answerIDs(choice, after: row.prompt)
        try tokenizer.check(ids, within: vocabularySize, place: "\(place), choice \(choice.debugDescription)")
      }
    }
  }

  /// The SHA-256 of the rows as records have had it from the first version on, by which reports tell results on other
  /// rows apart; it is not part of a run's identity.
  private static func hash(of rows: [RenderedExample], groups: [String?]) -> String {
    var hash = SHA256()
    for (row, group) in zip(rows, groups) {
      let text = Array((group ?? "").utf8)
      // The lengths keep what belongs to one part from being taken for another's.
      [row.promptIDs.count, row.answerIDs.count, group == nil ? -1 : text.count].map { Int64($0).littleEndian }
        .withUnsafeBytes { hash.update($0) }
      row.promptIDs.withUnsafeBytes { hash.update($0) }
      row.answerIDs.withUnsafeBytes { hash.update($0) }
      hash.update(text)
    }
    return hash.hexadecimalDigest
  }

  /// Tokens of the longest example, answers of the evaluation left out.
  var longestExample: Int {
    max(
      (training + augmented.rendered).map { $0.promptIDs.count + $0.answerIDs.count }.max() ?? 0,
      sets.flatMap(\.rows.rendered).map(\.promptIDs.count).max() ?? 0)
  }

  /// Tokens of all training examples.
  var trainingTokenCount: Int { training.reduce(0) { $0 + $1.promptIDs.count + $1.answerIDs.count } }

  /// The training examples in two parts as plain steps would have them.
  func plainParts(
    _ configuration: TrainingConfiguration?, _ seeds: TrainingSeeds
  ) -> (training: [EncodedExample], validation: [EncodedExample]) {
    let (examples, rendered) = plain ?? (trainingExamples, training)
    return parts(examples, rendered, further: AugmentedTraining(), configuration, seeds)
  }

  /// The training examples in two parts, the second one held back for validation.
  ///
  /// Which ones are held back is drawn from the seed alone, group by group, and not by label: of few rows the held-back
  /// ones may have the labels in other shares than the rest. Drawing them by label would change published numbers.
  ///
  /// - Parameter configuration: Says how many; nil for none.
  func parts(
    _ configuration: TrainingConfiguration?, _ seeds: TrainingSeeds
  ) -> (training: [EncodedExample], validation: [EncodedExample]) {
    parts(trainingExamples, training, further: augmented, configuration, seeds)
  }

  private func parts(
    _ examples: [Example], _ rendered: [RenderedExample], further: AugmentedTraining,
    _ configuration: TrainingConfiguration?, _ seeds: TrainingSeeds
  ) -> (training: [EncodedExample], validation: [EncodedExample]) {
    let share = configuration?.heldOutShare(of: examples.count) ?? 0
    let held = DatasetLoader.heldBack(share, of: examples, drawing: seeds.validation)
    let kept =
      rendered.indices.filter { !held.contains($0) }.map { rendered[$0].encoded } + further.encoded(without: held)
    return (
      mixture?.epoch(of: kept, drawing: seeds.order) ?? kept,
      rendered.indices.filter { held.contains($0) }.map { rendered[$0].encoded }
    )
  }
}
