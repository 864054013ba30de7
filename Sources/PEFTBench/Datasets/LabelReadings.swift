import Foundation
import PEFTCore
import TableFiles

/// What the label columns of described datasets mean, each found once over all files of all parts and further sets.
final class LabelReadings: Sendable {
  /// A reading, and what to know about it.
  struct Found: Sendable {
    let reading: LabelReading
    let note: String?
  }

  private let lock = NSLock()
  private nonisolated(unsafe) var known: [String: Found] = [:]

  /// The reading of a dataset's label column; nil for one without, or one of the catalogue.
  ///
  /// - Throws: `TableError` for a column that can be read in two ways, or files that cannot be read.
  func reading(of dataset: DatasetDescription, locator: DatasetLocator) throws -> Found? {
    guard let column = dataset.labelColumn else { return nil }
    if let found = lock.withLock({ known[dataset.id] }) { return found }
    var scan = LabelScan(column)
    let parts = DatasetPart.allCases.filter { dataset.files[$0] != nil }.map { (dataset, $0) }
    for (dataset, part) in parts + dataset.furtherSets.map({ (dataset.evaluated(on: $0), .evaluation) }) {
      // A part that is not there is missed where it is used.
      guard let files = try? locator.locate(dataset, part).files else { continue }
      let table = try TableFile.open(paths: files)
      let wanted = table.columns.filter(column.columns.contains)
      try scan.add(
        table.format == .parquet && !wanted.isEmpty ? try TableFile.open(paths: files, columns: wanted) : table)
    }
    let found = Found(reading: try scan.reading, note: scan.note)
    lock.withLock { known[dataset.id] = found }
    return found
  }
}
