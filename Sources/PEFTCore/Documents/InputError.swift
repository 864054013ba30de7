/// An error about something that came from outside: a file, a config, an argument, a row of data.
///
/// Its description is one sentence (or a few short lines) that says what is wrong, where, and what was
/// expected. The command line prints it and exits with status 2; it never means a defect of this program.
public protocol InputError: Error, CustomStringConvertible, Sendable {}

/// A place in a text file: the file's name as the user gave it, and line and column counted from 1.
public struct SourceLocation: Sendable, Equatable, CustomStringConvertible {
  /// The file as the user named it, or a name such as `--set` for text that is in no file.
  public let file: String
  /// Line, from 1; 0 for a text that is shown as a whole, such as an argument.
  public let line: Int
  /// Column in Unicode scalars, from 1; 0 where the line is.
  public let column: Int

  /// Creates a place in `file`.
  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `file:line:column`, or `file` alone.
  public var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}

/// The nearest of some valid names to one that is not among them, for "did you mean …?".
public enum NearestName {
  /// Returns the candidate with the smallest edit distance to `name`, or nil if none is similar enough
  /// (at most a third of the longer name's letters differ).
  ///
  /// A name too long to be a slip of the pen has none.
  public static func of(_ name: String, among candidates: [String]) -> String? {
    guard name.utf8.count <= longestName else { return nil }
    let wanted = Array(name.lowercased().unicodeScalars)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates where candidate.utf8.count <= longestName {
      let letters = Array(candidate.lowercased().unicodeScalars)
      let distance = editDistance(wanted, letters)
      guard distance <= max(1, max(wanted.count, letters.count) / 3) else { continue }
      if distance < (best?.distance ?? Int.max) { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// Comparing takes time by the product of the lengths.
  private static let longestName = 256

  /// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
  private static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
