import PEFTCore

/// One of the datasets that a run trains on together: what its rows among all scored rows are, and how they are answered.
struct PreparedTask {
  /// The dataset's name.
  let name: String
  /// Its rows among the scored ones of all.
  let rows: Range<Int>
  /// Most tokens of an answer.
  let answerLimit: Int
}

extension PreparedDataset {
  /// Datasets that are trained together, each as the model sees it by itself.
  ///
  /// Rows to train on follow one another in the order of the tasks, and each knows its task. The scored rows of all are the
  /// set of the headline score; each dataset's are a further set, whose answers are taken from that one.
  ///
  /// - Parameters:
  ///   - dataset: The mixture.
  ///   - mixture: Its members.
  ///   - members: These as they are prepared, in the same order.
  ///   - limit: The answers' length over all labels.
  init(_ dataset: DatasetDescription, of mixture: DatasetMixture, members: [PreparedDataset], limit: AnswerLimit) {
    self.mixture = mixture
    func ofTasks(_ rows: (PreparedDataset) -> [RenderedExample]) -> [RenderedExample] {
      members.enumerated().flatMap { task, member in
        rows(member).map { row in
          var row = row
          row.task = task
          return row
        }
      }
    }
    training = ofTasks(\.training)
    trainingExamples = members.flatMap(\.trainingExamples)
    let plains = members.map { $0.plain ?? ($0.trainingExamples, $0.training) }
    plain =
      members.contains { $0.plain != nil }
      ? (plains.flatMap(\.examples), ofTasks { ($0.plain ?? ($0.trainingExamples, $0.training)).rendered }) : nil
    augmented = AugmentedTraining(
      joining: members.map(\.augmented), of: members.map(\.training.count), rendered: ofTasks(\.augmented.rendered))
    answerLimit = limit.tokens
    var tasks: [PreparedTask] = []
    for member in members {
      let start = tasks.last?.rows.upperBound ?? 0
      tasks.append(
        PreparedTask(
          name: member.identity.name, rows: start..<(start + member.scored.examples.count),
          answerLimit: member.answerLimit))
    }
    self.tasks = tasks
    scored = ScoredRows(
      split: Self.common(members.map(\.scored.split)), examples: members.flatMap(\.scored.examples),
      rendered: members.flatMap(\.scored.rendered), sha256: Self.joined(members.map(\.scored.sha256)), classes: nil)
    furtherSets = zip(tasks, zip(mixture.members, members)).map { task, member in
      EvaluationSet(name: task.name, rows: member.1.scored, part: task.rows, metric: member.0.metric)
    }
    notes = [Self.note(dataset, mixture, members)] + members.flatMap(\.notes)
    rowNotes = members.flatMap(\.rowNotes)
    trainingClasses = nil
    let together: JSONValue = [
      "sampling": JSONValue(mixture.sampling.rawValue), "datasets": .array(members.map(\.identity.json)),
    ]
    identity = DatasetIdentity(
      name: dataset.id, trainingRows: Self.joined(members.map(\.identity.trainingRows)),
      evaluationRows: Self.joined(members.map(\.identity.evaluationRows)), together: together,
      metric: dataset.metric.canonical)
    facts = Self.facts(members, mixture, training: training.count, scored: scored)
  }

  /// What the members' records would say, where it can be said of all together.
  private static func facts(
    _ members: [PreparedDataset], _ mixture: DatasetMixture, training: Int, scored: ScoredRows
  ) -> RunRecord.Data {
    let each = members.map(\.facts)
    var facts = RunRecord.Data()
    facts.trainingSplit = members.isEmpty || training == 0 ? nil : common(each.compactMap(\.trainingSplit))
    (facts.trainingRows, facts.evaluationSplit, facts.evaluationRows) = (training, scored.split, scored.rendered.count)
    (facts.sample, facts.revision) = (each.first?.sample, each.first?.revision)
    let notes = each.flatMap { $0.notes ?? [] }
    facts.notes = notes.isEmpty ? nil : notes
    (facts.template, facts.templateHash) = (each.first?.template, each.first?.templateHash)
    facts.firstPrompt = each.first?.firstPrompt
    facts.trainingHash = joined(each.compactMap(\.trainingHash))
    facts.evaluationHash = scored.sha256
    facts.trainingContent = training == 0 ? nil : joined(each.compactMap(\.trainingContent))
    facts.evaluationContent = joined(each.compactMap(\.evaluationContent))
    facts.cutTrainingRows = each.reduce(0) { $0 + ($1.cutTrainingRows ?? 0) }
    facts.cutEvaluationRows = each.reduce(0) { $0 + ($1.cutEvaluationRows ?? 0) }
    facts.together = [
      "sampling": JSONValue(mixture.sampling.rawValue),
      "datasets": .array(
        zip(members, each).map { member, facts in
          [
            "name": JSONValue(member.identity.name), "train_rows": JSONValue(facts.trainingRows),
            "eval_rows": JSONValue(facts.evaluationRows), "train_sha256": JSONValue(facts.trainingHash),
            "eval_sha256": JSONValue(facts.evaluationHash),
          ]
        }),
    ]
    return facts
  }

  /// Which rows are together, for whoever plans the run.
  private static func note(
    _ dataset: DatasetDescription, _ mixture: DatasetMixture, _ members: [PreparedDataset]
  ) -> String {
    let rows = members.map { "\($0.identity.name) \($0.training.count) and \($0.scored.examples.count)" }
    return "\(dataset.id) has rows to train on and to score of \(rows.joined(separator: ", ")); sampling is "
      + mixture.sampling.rawValue
  }

  /// The names of splits, each once.
  private static func common(_ splits: [String]) -> String {
    var names: [String] = []
    for split in splits where !names.contains(split) { names.append(split) }
    return names.joined(separator: ", ")
  }

  /// One hash for several.
  private static func joined(_ hashes: [String]) -> String {
    SHA256.hexadecimal(of: Array(hashes.joined(separator: "\n").utf8))
  }
}
