import Foundation
import PEFTCore
import TableFiles

/// Writes a dataset's published files as JSONL with the columns of the Hub, where datasets are looked for.
///
/// Each row is tried through the catalogue's reader, and left out with its reason where it cannot be used. A file of
/// the result appears whole or not at all.
package struct DatasetImport {
  /// Rows that were left out for one reason.
  package struct Dropped: Sendable, Equatable {
    /// Why.
    package let reason: String
    /// How many.
    package internal(set) var count: Int
    /// Where the first of them is.
    package let first: String
  }

  /// What became of one split.
  package struct Report: Sendable {
    /// The split.
    package let split: String
    /// The files that were read.
    package let sources: [String]
    /// The file that was written.
    package let path: String
    /// Rows of the sources, broken ones included.
    package internal(set) var readCount = 0
    /// Rows of the result.
    package internal(set) var writtenCount = 0
    /// Rows that were left out, by reason, the most frequent first.
    package internal(set) var dropped: [Dropped] = []

    /// The members for a script.
    package var json: JSONValue {
      [
        "split": JSONValue(split), "sources": JSONValue(sources), "path": JSONValue(path),
        "rows_read": JSONValue(readCount), "rows_written": JSONValue(writtenCount),
        "dropped": .array(
          dropped.map {
            ["reason": JSONValue($0.reason), "count": JSONValue($0.count), "first": JSONValue($0.first)]
          }),
      ]
    }
  }

  /// Reasons told apart in a report; rows hold what they like, and so do errors about them.
  private static let maximumReasons = 50

  private let dataset: DatasetDescription
  private let nulls: NullPolicy
  private let folder: String

  /// Creates an import of a dataset into `folder`/<dataset>, with what becomes of a null in a column of the prompt.
  package init(_ dataset: DatasetDescription, to folder: String, nulls: NullPolicy = .empty) {
    (self.dataset, self.nulls) = (dataset, nulls)
    self.folder = folder + "/" + dataset.id
  }

  /// Imports files, and folders with the files of the dataset's splits.
  ///
  /// - Parameters:
  ///   - sources: Files, whose names tell their splits unless `split` is given, and folders.
  ///   - split: What all files are.
  /// - Returns: One report for each split.
  /// - Throws: An `InputError` for a source that cannot be read or has no usable row.
  package func run(_ sources: [String], split: String? = nil) throws -> [Report] {
    var files: [(split: String, paths: [String])] = []
    for source in sources {
      for (name, paths) in try self.files(of: source, split: split) {
        if let place = files.firstIndex(where: { $0.split == name }) {
          files[place].paths += paths
        } else {
          files.append((name, paths))
        }
      }
    }
    for (name, paths) in files { try NamedFiles.requireDistinct(paths, as: "for \(name) of \(dataset.id)") }
    let target = OutputFolder(folder, .dataset)
    try target.claim()
    // The folder goes away again if nothing came into it.
    defer { target.removeIfEmpty() }
    return try files.map { try write($0.paths, as: $0.split) }
  }

  // MARK: - Which files

  private func files(of source: String, split: String?) throws -> [(String, [String])] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
      throw FileError(path: source, "there is no such file or folder")
    }
    guard isFolder.boolValue else {
      guard let name = split ?? Self.split(ofFile: source) else {
        throw FileError(path: source, "its name does not tell which split it is; give --split")
      }
      return [(name, [source])]
    }
    let inside = [dataset.source?.configuration.map { source + "/" + $0 }, source, source + "/data"].compactMap(\.self)
    var result: [(String, [String])] = []
    let wanted = split.map { [[$0]] } ?? [dataset.trainingSplits, dataset.evaluationSplits, dataset.testSplits]
    for splits in wanted {
      searching: for name in splits {
        for folder in inside {
          guard let paths = try SplitFiles(.onDisk).find(name, in: folder) else { continue }
          result.append((name, paths))
          break searching
        }
      }
    }
    guard !result.isEmpty else {
      let names = wanted.joined().joined(separator: ", ")
      throw FileError(path: source, "the folder has no file of the splits \(names) (.jsonl, .parquet, .tsv, …)")
    }
    return result
  }

  /// The split that a file's name gives: `train-00000-of-00002.parquet`, `dev.tsv`, `in_domain_train.tsv`.
  static func split(ofFile path: String) -> String? {
    var stem = String(FilePath.name(of: path).prefix { $0 != "." }).lowercased()
    // The Hub's own conversion numbers files in a folder named like the split.
    if !stem.isEmpty, stem.allSatisfy(\.isNumber) { stem = FilePath.name(of: FilePath.folder(of: path)) }
    for split in ["auxiliary_train", "validation_mismatched", "validation_matched", "train", "validation", "test"] {
      let isNamed = SplitFiles.names(of: split).contains { name in
        stem == name || stem.hasPrefix(name + "-") || stem.hasSuffix("_" + name) || stem.hasSuffix("-" + name)
      }
      if isNamed { return split }
    }
    return nil
  }

  // MARK: - Rows

  private func write(_ sources: [String], as split: String) throws -> Report {
    let path = "\(folder)/\(split).jsonl"
    var report = Report(split: split, sources: sources, path: path)
    // The writer throws errors of files only; others are kept and thrown after it.
    var failure: (any Error)?
    do {
      try AtomicFile.write(to: path) { (output) throws(FileError) in
        do {
          try copy(sources, to: output, &report)
        } catch {
          failure = error
          throw FileError(path: path, "is not written")
        }
      }
    } catch {
      throw failure ?? error
    }
    return report
  }

  private func copy(_ sources: [String], to output: FileOutput, _ report: inout Report) throws {
    let table = try TableFile.open(paths: sources, options: TableOptions(badRows: .drop))
    let hub = HubRows(dataset: dataset, isDelimited: table.format == .tsv || table.format == .csv)
    var classNames: [String: [String]] = [:]
    for column in table.columns { classNames[column] = table.classLabels(of: column) }
    let names = classNames
    let labels = try dataset.labelColumn.map { column in
      var scan = LabelScan(column)
      try scan.add(table)
      return try scan.reading
    }
    // The file's class names go by its own columns, which have other names in the official archives only.
    let reading = RowReading(nulls: nulls, labels: labels, classNames: { names[$0] })
    var reasons = Reasons(limit: Self.maximumReasons)
    var groups: Set<String> = []
    var buffer: [UInt8] = []
    let rows = try table.rows()
    while let row = try rows.next() {
      report.readCount += 1
      do {
        for part in try hub.rows(of: row) {
          do {
            let examples = try dataset.examples(of: part, reading)
            guard let example = examples.first, examples.count == 1 else {
              throw SkippedRow(reason: "without examples")
            }
            if dataset.isOneRowPerGroup, let group = example.group, !groups.insert(group).inserted {
              throw SkippedRow(reason: "that repeat an earlier one")
            }
            buffer += JSONValue(DocumentValue(.object(hub.withClassID(part, of: example).object))).line
            report.writtenCount += 1
          } catch {
            reasons.add(error, at: row.location)
          }
        }
      } catch {
        reasons.add(error, at: row.location)
      }
      if buffer.count >= 1 << 20 {
        try output.write(buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try output.write(buffer)
    for broken in rows.droppedRows {
      report.readCount += 1
      reasons.add(broken, at: broken.place)
    }
    report.dropped = reasons.sorted
    guard report.writtenCount > 0 else {
      let first = report.dropped.first.map { "; \($0.first): \($0.reason)" } ?? ""
      throw FileError(
        path: sources[0],
        "none of its \(report.readCount) rows can be used for \(dataset.id), so nothing is written\(first)")
    }
  }

  /// Counts reasons.
  private struct Reasons {
    let limit: Int
    private var all: [Dropped] = []

    init(limit: Int) { self.limit = limit }

    mutating func add(_ error: any Error, at place: TablePlace) {
      let reason: String
      switch error {
      case let error as TableError: reason = error.message
      case let error as SkippedRow: reason = "rows \(error.reason)"
      default: reason = "\(error)"
      }
      if let index = all.firstIndex(where: { $0.reason == reason }) {
        all[index].count += 1
      } else if all.count < limit {
        all.append(Dropped(reason: reason, count: 1, first: "\(place)"))
      } else if all.count == limit {
        all.append(Dropped(reason: Self.rest, count: 1, first: "\(place)"))
      } else {
        all[limit].count += 1
      }
    }

    static let rest = "other reasons"

    var sorted: [Dropped] {
      all.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }.map(\.element)
    }
  }
}
