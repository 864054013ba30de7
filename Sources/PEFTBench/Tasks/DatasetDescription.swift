import PEFTCore
import TableFiles

/// The groups of the published results, the datasets of other studies, and those that a config describes.
package enum DatasetGroup: String, Sendable, CaseIterable {
  case glue, superglue, reasoning, math, code, studies, custom
}

/// Where a dataset lies on the Hugging Face Hub, and under which names its files go.
package struct DatasetSource: Sendable, Equatable {
  /// The repository, `org/name`.
  package let repository: String
  /// The configuration, which is the folder of its files; nil for a repository with one only.
  package let configuration: String?
  /// Folder names of the official archive, such as `SST-2`.
  package let archiveFolders: [String]

  /// Creates a source.
  package init(_ repository: String, _ configuration: String? = nil, archives: [String] = []) {
    self.repository = repository
    self.configuration = configuration
    archiveFolders = archives
  }

  /// The Hub's own conversion of every public dataset to Parquet, one folder a configuration and one a split.
  static let conversionRevision = "refs/convert/parquet"

  /// The configurations of a conversion that can stand for a repository whose configuration has no name of its own.
  static func conversionFolders(among entries: [String]) -> [String] {
    let usual = ["default", "all", "plain_text"].filter(entries.contains)
    return usual.isEmpty && entries.count == 1 ? entries : usual
  }
}

/// Which rows of a dataset are meant.
package enum DatasetPart: String, Sendable, CaseIterable {
  /// The rows to train on; a seeded part of them is held back for validation.
  case training
  /// The rows to score.
  case evaluation
  /// Rows that nothing is chosen on, to report what was chosen on the rows to score; few datasets have them.
  case test
}

/// A set of rows that a config names beside a dataset's splits, such as one that was made harder.
package struct NamedRowFiles: Sendable, Equatable {
  /// What results call it.
  package let name: String
  /// Its files, patterns or folders, as a config has them for a split.
  package let files: [String]
}

/// A row of the catalogue: what a dataset is, where its files are, and how a row of them becomes an example.
package struct DatasetDescription: Sendable {
  /// The name by which configs call it.
  package let id: String
  /// Its group in tables.
  package let group: DatasetGroup
  /// A name for people.
  package let title: String
  /// Where it is published; nil for a dataset that a config describes.
  package let source: DatasetSource?
  /// Splits to train on, the best first; the others are fallbacks for folders that lack it.
  package let trainingSplits: [String]
  /// Splits to evaluate on, the best first.
  package private(set) var evaluationSplits: [String]
  /// Published splits with labels that are neither trained on nor scored; empty where there is none.
  package let testSplits: [String]
  /// The files of each part, where a config names them; other datasets are looked for.
  package private(set) var files: [DatasetPart: [String]]
  /// Further sets of rows that are answered and scored, where a config names them.
  package internal(set) var furtherSets: [NamedRowFiles] = []
  /// The datasets that it stands for, where a config has several trained together; it has no rows of its own then.
  package internal(set) var mixture: DatasetMixture?
  /// The columns that are read; several names in one element are different publishers' names for one column.
  package internal(set) var columns: [[String]]
  /// How the prompt is put together.
  package var layout: PromptLayout
  /// How answers are scored, with the label words.
  package let metric: DatasetMetric
  /// The most tokens that an answer may take; more where a label word needs them (`AnswerLimit`).
  package var maximumNewTokens: Int
  /// Whether rows with the same group are one item, of which the first counts.
  let isOneRowPerGroup: Bool
  /// Whether text rows with too few or too many fields are left out and counted, since the official file has some.
  let dropsBrokenTextRows: Bool
  /// The column with the label, where a config describes the dataset and its labels.
  let labelColumn: LabelColumn?
  /// Whether `maximumNewTokens` was asked for, so that it stays even where a label does not fit.
  let isMaximumGiven: Bool
  /// The column with the answer, for messages.
  let answerColumn: String?
  /// Makes the examples of one row: one, or several where the official archive nests them.
  var read: @Sendable (SourceRow) throws -> [Example]

  /// The label words in the order of class ids; empty where answers are free text.
  package var labels: [String] { metric.family.labels }

  /// Creates a description.
  init(
    id: String, group: DatasetGroup, title: String, source: DatasetSource?,
    trainingSplits: [String] = ["train"], evaluationSplits: [String] = ["validation"],
    testSplits: [String] = [], files: [DatasetPart: [String]] = [:], columns: [[String]], layout: PromptLayout,
    metric: DatasetMetric, maximumNewTokens: Int = 8, isMaximumGiven: Bool = false,
    isOneRowPerGroup: Bool = false, dropsBrokenTextRows: Bool = false, labelColumn: LabelColumn? = nil,
    answerColumn: String? = nil,
    read: @escaping @Sendable (SourceRow) throws -> [Example]
  ) {
    self.id = id
    self.group = group
    self.title = title
    self.source = source
    self.trainingSplits = trainingSplits
    self.evaluationSplits = evaluationSplits
    self.testSplits = testSplits
    self.files = files
    self.columns = columns
    self.layout = layout
    self.metric = metric
    self.maximumNewTokens = maximumNewTokens
    self.isMaximumGiven = isMaximumGiven
    self.labelColumn = labelColumn
    self.answerColumn = answerColumn
    self.isOneRowPerGroup = isOneRowPerGroup
    self.dropsBrokenTextRows = dropsBrokenTextRows
    self.read = read
  }

  /// The examples of one row, normally one.
  ///
  /// - Parameter classNames: The names that the row's file gives for the classes of an integer column.
  /// - Throws: `TableError` for a column that is missing or not of its type, or an unknown label.
  package func examples(
    of row: TableRow, classNames: @escaping (String) -> [String]? = { _ in nil }
  ) throws -> [Example] {
    try examples(of: row, RowReading(classNames: classNames))
  }

  /// The examples of one of many rows.
  ///
  /// - Parameter reading: What is settled for all of them.
  /// - Throws: `TableError` for a column that is missing or not of its type, or an unknown label.
  func examples(of row: TableRow, _ reading: RowReading) throws -> [Example] {
    // What a row that was refused left behind is not this row's.
    _ = reading.takeEmptyColumns()
    var examples = try read(SourceRow(row, labels: labels, reading: reading))
    let empty = reading.takeEmptyColumns()
    if !empty.isEmpty { for index in examples.indices { examples[index].emptyColumns = empty } }
    return examples
  }

  /// The dataset with a further set in place of the rows to score.
  func evaluated(on set: NamedRowFiles) -> DatasetDescription {
    var other = self
    other.evaluationSplits = [set.name]
    other.files[.evaluation] = set.files
    return other
  }

  /// The dataset with a file in place of the rows to train on.
  func trained(on file: String) -> DatasetDescription {
    var other = self
    other.files[.training] = [file]
    return other
  }

  /// The prompt of an example.
  package func prompt(for example: Example) -> PromptText { layout.prompt(for: example) }

  /// The splits of a part, the best first.
  package func splits(of part: DatasetPart) -> [String] {
    switch part {
    case .training: trainingSplits
    case .evaluation: evaluationSplits
    case .test: testSplits
    }
  }

  /// The parts that it has: rows to train on, rows to score, and with some a third set.
  package var parts: [DatasetPart] { DatasetPart.allCases.filter { !splits(of: $0).isEmpty } }
}
