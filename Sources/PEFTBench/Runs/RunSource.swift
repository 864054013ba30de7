/// Where the runs of a sweep come from: a fixed list, or a search that proposes the next ones from what came out.
///
/// Runs come in batches. A batch is carried out by any number of workers, in any order, together with other sweeps on the
/// same results folder, and only when all of it has ended is the next one asked for. So what is proposed depends on
/// nothing but the records, and a sweep that was killed proposes the same runs again: those that are complete are passed
/// over, and the rest goes on.
package protocol RunSource: Sendable {
  /// The runs of which this call does some, and others do the rest: `plan.json` counts them too.
  var asked: [PlannedRun] { get }
  /// All runs that the config can ask for: those of an earlier plan are kept in `plan.json`.
  var all: [PlannedRun] { get }

  /// Whether it gives the runs of the config's own list, in its order: then another process knows a run by its place.
  var isList: Bool { get }

  /// The next runs.
  ///
  /// It must depend on `finished` alone.
  ///
  /// - Parameter finished: The runs of all batches so far, in the order in which they were proposed.
  /// - Returns: The runs, and whether they are the last ones.
  /// - Throws: An `InputError` for runs that cannot be made.
  func batch(after finished: [FinishedRun]) throws -> RunBatch
}

extension RunSource {
  /// A source that knows no runs in advance: the plan has those that it proposed.
  package var asked: [PlannedRun] { [] }
  /// The same.
  package var all: [PlannedRun] { [] }
  /// What it proposes no list has: other processes are told all of it.
  package var isList: Bool { false }
}

/// Runs that are carried out side by side.
package struct RunBatch: Sendable {
  /// The runs, the first ones first.
  package var runs: [PlannedRun]
  /// Whether there will be no others, whatever comes out of these.
  package var isLast: Bool

  /// Creates a batch; one without runs is the last.
  package init(_ runs: [PlannedRun], isLast: Bool = false) {
    self.runs = runs
    self.isLast = isLast || runs.isEmpty
  }
}

/// A run that has ended, as a source of runs sees it.
package struct FinishedRun: Sendable {
  /// What was to be done.
  package let planned: PlannedRun
  /// What came out; nil for a run that failed.
  package let record: RunRecord?
}

extension RunSelection: RunSource {
  /// Every process that reads the config has the same list.
  package var isList: Bool { true }

  /// The list, which nothing adds to.
  package func batch(after finished: [FinishedRun]) -> RunBatch { RunBatch(finished.isEmpty ? runs : [], isLast: true) }
}
