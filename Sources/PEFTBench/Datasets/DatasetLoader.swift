import PEFTCore
import TableFiles

/// The examples of a dataset's part.
package struct LoadedDataset: Sendable {
  /// What the dataset is.
  package let dataset: DatasetDescription
  /// The split that was read.
  package let split: String
  /// The files that were read.
  package let files: [String]
  /// The examples in the order of the file.
  package let examples: [Example]
  /// What a reader of the results must know: a fallback split, rows that were left out.
  package let notes: [String]

  /// How many of the examples have a column of the prompt that was null or empty, by column.
  package var emptyCounts: [(column: String, count: Int)] { Self.emptyCounts(of: examples) }

  /// The same of some of the examples.
  static func emptyCounts(of examples: [Example]) -> [(column: String, count: Int)] {
    var counts: [String: Int] = [:]
    for column in examples.lazy.flatMap(\.emptyColumns) { counts[column, default: 0] += 1 }
    return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// Reads datasets.
package struct DatasetLoader: Sendable {
  /// Where files are looked for.
  package let locator: DatasetLocator
  /// A `dataset_info.json` whose wording takes the place of ours.
  package let datasetInfo: DatasetInfo?
  /// What becomes of a null in a column of the prompt.
  package let nulls: NullPolicy
  private let labelReadings = LabelReadings()

  /// Creates a loader.
  package init(locator: DatasetLocator, datasetInfo: DatasetInfo? = nil, nulls: NullPolicy = .empty) {
    self.locator = locator
    self.datasetInfo = datasetInfo
    self.nulls = nulls
  }

  /// The chosen examples of a part, in the order of its files.
  ///
  /// Reading ends after the last of the first rows. A sample takes reading the whole part, once, of which no more than
  /// a few times the sample is held.
  ///
  /// - Throws: `DatasetNotFound`, `FileError`, or `TableError` with the place of a row that cannot be read.
  package func load(_ dataset: DatasetDescription, _ part: DatasetPart, _ choice: RowChoice = .all) throws
    -> LoadedDataset
  {
    let located = try locator.locate(dataset, part)
    var notes = located.note.map { [$0] } ?? []
    var table = try Self.table(located.files, of: dataset)
    let columns = table.columns
    var dataset = dataset
    if let datasetInfo {
      if dataset.group == .custom {
        notes.append("\(dataset.id): its own description words the prompt, so dataset_info is not used for it")
      } else {
        dataset = datasetInfo.applied(to: dataset, columns: columns, notes: &notes)
      }
    }
    table = try Self.trimmed(table, located.files, to: dataset)

    var limit = Int.max
    var sample: RowSample?
    switch choice {
    case .all: break
    case .first(let count): limit = count
    case .sample(let count, let seed): sample = RowSample(limit: count, seed: seed)
    case .perClass(let limit, let seed):
      if dataset.labels.isEmpty { throw Self.noClasses(dataset, because: "its answers are free text") }
      sample = RowSample(perClass: limit.count, seed: seed)
    }
    var examples: [Example] = []
    var skipped: [String: Int] = [:]
    var groups: Set<String> = []
    var budget = ExampleBudget(tableBytes: table.byteCount)
    let labels = try labelReadings.reading(of: dataset, locator: locator)
    notes += labels?.note.map { ["\(dataset.id): \($0)"] } ?? []
    let reading = RowReading(nulls: nulls, labels: labels?.reading, classNames: Self.classNames(table))
    var gold = GoldCheck(dataset, part)
    let rows = try table.rows()
    reading: while examples.count < limit, let row = try rows.next() {
      let found: [Example]
      do {
        found = try dataset.examples(of: row, reading)
        for example in found { try gold.check(example, of: row) }
      } catch let skip as SkippedRow {
        skipped[skip.reason, default: 0] += 1
        continue
      }
      for example in found {
        if dataset.isOneRowPerGroup, let group = example.group, !groups.insert(group).inserted {
          skipped["that repeat an earlier one", default: 0] += 1
          continue
        }
        guard examples.count < limit else { break reading }
        if sample == nil {
          guard budget.keep(example) else {
            throw row.error(
              "the rows so far unpack to more than \(budget.limit) bytes, from a table of \(table.byteCount)")
          }
          examples.append(example)
        }
        // Where one row a group is left, nothing is tied together any more.
        let isTied = example.group != nil && !dataset.isOneRowPerGroup
        if isTied, case .perClass = choice {
          throw Self.noClasses(dataset, because: "its rows belong together in groups")
        }
        sample?.offer(example, isTied: isTied)
      }
    }
    if let sample { examples = sample.examples() }
    if case .perClass(let limit, _) = choice {
      notes += try Self.shortages(of: examples, dataset, limit, in: table.name).map { [$0] } ?? []
    }
    notes += skipped.sorted { $0.key < $1.key }.map { "\(dataset.id): \($1) rows \($0) are left out" }
    if let first = rows.droppedRows.first {
      notes.append("\(dataset.id): \(rows.droppedRows.count) broken rows are left out, the first is \(first)")
    }
    if let note = gold.note { notes.append(note) }
    guard !examples.isEmpty else { throw TableError("no usable row for \(dataset.id)", at: .file(table.name)) }
    return LoadedDataset(
      dataset: dataset, split: located.split, files: located.files, examples: examples, notes: notes)
  }

  /// An error that says why rows of a dataset cannot be drawn by class.
  private static func noClasses(_ dataset: DatasetDescription, because reason: String) -> ClassLimitError {
    ClassLimitError(
      dataset: dataset.id, problem: "\(reason), so that rows cannot be drawn by class: give train_limit as a number")
  }

  /// What to know of classes with fewer rows than asked for; nil where all have as many.
  ///
  /// - Throws: `ClassLimitError` where that is an error.
  private static func shortages(
    of examples: [Example], _ dataset: DatasetDescription, _ limit: ClassLimit, in table: String
  ) throws(ClassLimitError) -> String? {
    let counts = ClassCounts(examples, of: dataset)
    let few = zip(counts?.labels ?? [], counts?.counts ?? []).filter { $0.1 < limit.count }
    guard !few.isEmpty else { return nil }
    let list = few.map { "\($0.1) of \($0.0.debugDescription)" }.joined(separator: ", ")
    guard limit.shortage == .all else {
      throw ClassLimitError(
        dataset: dataset.id,
        problem:
          "train_limit asks for \(limit.count) rows of each class, but \(table) has only \(list); ask for fewer, or "
          + "take all that there are by if_fewer: all")
    }
    return "\(dataset.id): instead of \(limit.count) training rows of each class there are only \(list)"
  }

  /// How many examples of a part have each label; nil for a dataset whose answers are free text.
  ///
  /// - Throws: As `load` does.
  package func classCounts(of dataset: DatasetDescription, _ part: DatasetPart) throws -> ClassCounts? {
    guard var counts = ClassCounts(dataset) else { return nil }
    let files = try locator.locate(dataset, part).files
    let table = try Self.trimmed(try Self.table(files, of: dataset), files, to: dataset)
    let reading = RowReading(
      nulls: nulls, labels: try labelReadings.reading(of: dataset, locator: locator)?.reading,
      classNames: Self.classNames(table))
    try table.forEachRow { row in
      do {
        for example in try dataset.examples(of: row, reading) { counts.add(example) }
      } catch is SkippedRow {
        // It is left out of runs too.
      }
    }
    return counts
  }

  /// How many rows the files of a part have.
  package func rowCount(of dataset: DatasetDescription, _ part: DatasetPart) throws -> Int {
    let table = try Self.table(try locator.locate(dataset, part).files, of: dataset)
    if let count = table.rowCount { return count }
    var count = 0
    try table.forEachRow { _ in count += 1 }
    return count
  }

  /// Chooses training examples to hold back as a validation set.
  ///
  /// Examples of one group stay together, so that an answer to a validation question is not trained on.
  ///
  /// - Parameters:
  ///   - fraction: The share to hold back, 0..<1; where it is not 0, at least one example is held back of two.
  ///   - examples: The examples.
  ///   - stream: Where the choice is drawn from.
  /// - Returns: The indices of the examples held back.
  package static func heldBack(_ fraction: Double, of examples: [Example], drawing stream: SeedStream) -> Set<Int> {
    RowGroups(of: examples).heldBack(fraction, drawing: stream)
  }

  private static func table(_ files: [String], of dataset: DatasetDescription) throws -> any TableReader {
    try TableFile.open(paths: files, options: TableOptions(badRows: dataset.dropsBrokenTextRows ? .drop : .refuse))
  }

  /// The table without the columns that the dataset does not use, where that saves reading them.
  private static func trimmed(
    _ table: any TableReader, _ files: [String], to dataset: DatasetDescription
  ) throws -> any TableReader {
    guard table.format == .parquet else { return table }
    let wanted = Set(dataset.columns.joined())
    let read = table.columns.filter(wanted.contains)
    guard !read.isEmpty, read.count < table.columns.count else { return table }
    return try TableFile.open(paths: files, columns: read)
  }

  /// The names of classes by column, looked up once each.
  private static func classNames(_ table: any TableReader) -> (String) -> [String]? {
    var known: [String: [String]] = [:]
    for column in table.columns { known[column] = table.classLabels(of: column) }
    return { known[$0] }
  }
}

/// A number of rows of each class that a dataset cannot give.
package struct ClassLimitError: InputError, Equatable {
  /// The dataset's name.
  package let dataset: String
  /// What is wrong.
  package let problem: String

  /// `dataset: problem`.
  package var description: String { "\(dataset): \(problem)" }
}
