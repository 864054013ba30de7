import PEFTCore

/// What the current pages of all columns that are read side by side hold in memory.
///
/// A page of a few bytes can state a million values, and a file of a few kilobytes a thousand columns of such pages. So
/// each page is charged before it is decoded: its values as they lie in memory, its levels, and its unpacked bytes.
final class ParquetPageBudget {
  /// Bytes that pages may hold together.
  let limit: Int
  private var held = 0

  /// A budget for a file of `byteCount` bytes: 16 times that, as integers of two bits take as values, and 64 MiB.
  init(byteCount: Int) {
    let (product, overflow) = byteCount.multipliedReportingOverflow(by: 16)
    limit = overflow ? .max : product.addingReportingOverflow(64 << 20).overflow ? .max : product + 64 << 20
  }

  /// Bytes of `valueCount` values with their levels, decoded from `byteCount` bytes.
  static func bytes(valueCount: Int, byteCount: Int) -> Int {
    let (values, overflow) = valueCount.multipliedReportingOverflow(
      by: MemoryLayout<DocumentValue>.stride + 2 * MemoryLayout<UInt32>.stride)
    let (sum, sumOverflow) = values.addingReportingOverflow(byteCount)
    return overflow || sumOverflow ? .max : sum
  }

  /// Gives back `old` bytes and takes `new` ones.
  ///
  /// - Throws: `ParquetPageError` where these are more than is left.
  func replace(_ old: Int, by new: Int) throws(ParquetPageError) {
    guard new <= limit - (held - old) else {
      throw ParquetPageError(
        "the pages of the columns that are read together would take more than \(limit) bytes of memory")
    }
    held += new - old
  }
}
