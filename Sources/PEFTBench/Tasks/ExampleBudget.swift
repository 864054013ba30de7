import TableFiles

/// The memory that the examples of one part may take, as far as the size of its files explains it.
///
/// A table of a few kilobytes can state a million long rows; the files of any real dataset are not a hundred times
/// smaller than its examples.
struct ExampleBudget {
  /// Bytes that the examples may take.
  let limit: Int
  private var held = 0

  /// A budget for the rows of a table that is read from `tableBytes` bytes.
  init(tableBytes: Int) { limit = UnpackingLimit.bytes(forPacked: tableBytes) }

  /// Counts an example that is kept.
  ///
  /// - Returns: Whether all that are kept are within the limit.
  mutating func keep(_ example: Example) -> Bool {
    held += Self.bytes(of: example)
    return held <= limit
  }

  /// About what an example takes: its texts, and the values that hold them.
  private static func bytes(of example: Example) -> Int {
    let texts =
      example.fields.reduce(0) { $0 + $1.text.utf8.count + MemoryLayout<Example.Field>.stride }
      + example.answer.utf8.count + (example.group?.utf8.count ?? 0)
      + (example.allAnswers ?? []).reduce(0) { $0 + $1.utf8.count }
    return texts + MemoryLayout<Example>.stride
  }
}
