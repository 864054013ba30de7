import CodeMetrics
import PEFTCore
import TableFiles

/// What the values of a label column mean, decided once for the column over all files of a dataset.
package enum LabelReading: Sendable, Equatable {
  /// A value is a label word.
  case words
  /// A value is the position of a word, from 0.
  case ids
  /// A value is one of those that the config lists with their words.
  case listed
}

/// The label words of a dataset that a config describes, and the column that names them.
///
/// Words may be given as a list, or as an object from values to words. With a list, a value that is a word is that
/// word; values are ids only where none of the column is a word. With an object, values are those listed, or words
/// where none of the column is listed. What could be read in both ways is an error that shows both.
package struct LabelColumn: Sendable {
  /// The words, without white space around them, in the order of ids.
  let words: [String]
  /// The value of the column in a row; nil for null.
  let value: @Sendable (TableRow) throws(TableError) -> DocumentValue?
  /// What the column is called.
  let name: String
  /// The columns that have to be read for it.
  let columns: [String]

  private let byWord: Spellings
  /// By the values that the config lists; nil where it lists words only.
  private let byListed: Spellings?

  /// Creates a column.
  ///
  /// - Parameters:
  ///   - words: The label words, no two alike but for letter case.
  ///   - listed: The values that the config lists, each with the position of its word.
  ///   - name: What the column is called.
  ///   - columns: The columns that have to be read for it.
  ///   - value: Its value in a row.
  init(
    words: [String], listed: [(value: String, index: Int)]?, name: String, columns: [String],
    value: @escaping @Sendable (TableRow) throws(TableError) -> DocumentValue?
  ) {
    self.words = words
    self.name = name
    self.columns = columns
    self.value = value
    byWord = Spellings(words.enumerated().map { ($1, $0) })
    byListed = listed.map(Spellings.init)
  }

  /// The position of the word that a row's value means.
  ///
  /// - Throws: `TableError` for a row without a label, or with one that is none of the words.
  func index(of row: TableRow, _ reading: RowReading) throws(TableError) -> Int {
    let names = try useful(reading.classNames(columns.last ?? name), at: row.location)
    let given = try value(row)
    guard let given, let label = LabelValue(given, names: names) else {
      if let given, given.plainText == nil {
        let part = given.array == nil ? ".\(given.object?.keys.first ?? "name")" : "[0]"
        throw row.error(
          "column \"\(name)\": expected a label, found \(given.shown); name a part of it, such as \(name)\(part)")
      }
      throw row.error("column \"\(name)\" is null or empty, so this row has no label")
    }
    // A row by itself, as in a test of a description, is its own column.
    let rule: LabelReading
    if let labels = reading.labels {
      rule = labels
    } else {
      rule = try LabelScan(self, row: row, names: names).reading
    }
    if let index = index(of: label, by: rule) { return index }
    throw row.error("column \"\(name)\": \(problem(with: label, by: rule))")
  }

  /// The position of the word that a value means by `reading`, or nil.
  func index(of value: LabelValue, by reading: LabelReading) -> Int? {
    // What the file itself names needs no rule.
    if value.isNamed { return byListed?.index(of: value) ?? byWord.index(of: value) }
    switch reading {
    case .words: return byWord.index(of: value)
    case .listed: return byListed?.index(of: value)
    case .ids:
      guard byListed == nil, let id = value.id, words.indices.contains(id) else { return nil }
      return value.isTruth && !takesTruthAsIDs ? nil : id
    }
  }

  /// The two ways in which a column may be read, the one that goes first before the other.
  var readings: (first: LabelReading, second: LabelReading) {
    byListed == nil ? (.words, .ids) : (.listed, .words)
  }

  /// Whether false may stand for the first word and true for the second: of two words that do not say the opposite.
  private var takesTruthAsIDs: Bool {
    let affirmative = ["yes", "y", "true", "t", "on", "positive", "pos", "right", "correct", "good"]
    let negative = ["no", "n", "false", "f", "off", "negative", "neg", "wrong", "incorrect", "bad"]
    return words.count == 2 && !affirmative.contains(words[0].lowercased())
      && !negative.contains(words[1].lowercased())
  }

  private func problem(with value: LabelValue, by reading: LabelReading) -> String {
    if value.isTruth, words.count == 2 {
      return "\(value.text) is none of the labels \(list); say which one it means, as in labels: "
        + "{\"false\": \"\(words[0])\", \"true\": \"\(words[1])\"}"
    }
    if reading == .ids, let id = value.id {
      guard id != -1 else { return "-1 says that this row has no label; use rows whose labels are known" }
      return "the id \(id) is not within 0...\(words.count - 1) (\(list)); where ids do not count from 0, write labels "
        + "as an object, {\"\(id)\": word, …}"
    }
    if reading == .ids, byWord.index(of: value) != nil {
      return "\"\(value.text.prefix(60))\" is a label word, and other values of the column are ids from 0"
    }
    let given = reading == .listed ? byListed?.all ?? [] : words
    let nearest = NearestName.of(value.text, among: given).map { "; did you mean \"\($0)\"?" } ?? ""
    let what = reading == .listed ? "values that labels lists: \(given.shownList)" : "labels \(list)"
    return "\"\(value.text.prefix(60))\" is none of the \(what)\(nearest)"
  }

  private var list: String { words.shownList }

  // MARK: - Class names of the file

  /// The names of the file for ids, where the config's words go by them; nil where its words are other words.
  ///
  /// - Throws: `TableError` where the file and the config put a class in different places.
  func useful(_ names: [String]?, at place: TablePlace) throws(TableError) -> [String]? {
    // Numbers that only count say nothing.
    guard let names, names.enumerated().contains(where: { "\($0)" != $1 }) else { return nil }
    for (id, name) in names.enumerated() {
      guard let named = byWord.index(of: LabelValue(text: name)) else { continue }
      let configured = byListed.map { $0.index(of: LabelValue(text: "\(id)")) } ?? id
      guard let configured, configured != named else { continue }
      let meant = words.indices.contains(configured) ? "\"\(words[configured])\"" : "no word"
      throw TableError(
        "column \"\(self.name)\": the file's own classes are \(names.shownList), so the id \(id) is \"\(name)\"; by the "
          + "labels of the config it is \(meant). Give labels in the order of the file",
        at: .file(place.file))
    }
    let isKnown = names.contains { name in
      let value = LabelValue(text: name)
      return (byListed ?? byWord).index(of: value) != nil || byWord.index(of: value) != nil
    }
    return isKnown ? names : nil
  }
}

/// A value of a label column in the forms by which it is compared.
struct LabelValue {
  /// The value as text, without white space around it.
  let text: String
  /// The whole number that it is; 0 and 1 for false and true.
  let id: Int?
  /// Whether it is false or true, or spells it.
  let isTruth: Bool
  /// Whether `text` is the name that the value's file gives for an id.
  let isNamed: Bool

  /// The form of `text`.
  init(text: String, isNamed: Bool = false) {
    self.isNamed = isNamed
    let text = text.trimmingWhiteSpace()
    let lowercased = text.lowercased()
    self.text = text
    isTruth = lowercased == "true" || lowercased == "false"
    id = isTruth ? (lowercased == "true" ? 1 : 0) : Self.wholeNumber(text)
  }

  /// The form of a value; nil for one that is empty or has no plain text.
  ///
  /// - Parameter names: What ids stand for in the value's file, if it says so.
  init?(_ value: DocumentValue, names: [String]? = nil) {
    guard let text = value.plainText else { return nil }
    let form = LabelValue(text: text)
    guard !form.text.isEmpty else { return nil }
    if let names, value.integer != nil, let id = form.id, names.indices.contains(id) {
      self = LabelValue(text: names[id], isNamed: true)
    } else {
      self = form
    }
  }

  /// The whole number that `text` spells in digits, also as `1.0`, which tables make of it; nil for `01` and `1e0`.
  private static func wholeNumber(_ text: String) -> Int? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let number = Int(parts[0]), "\(number)" == parts[0] || parts[0] == "-0" else { return nil }
    guard parts.count == 2 else { return number }
    return !parts[1].isEmpty && parts[1].allSatisfy { $0 == "0" } ? number : nil
  }
}

/// Positions by the spellings of words: as they are, then in any letter case, then as whole numbers.
private struct Spellings: Sendable {
  let all: [String]
  private var exact: [String: Int] = [:]
  /// -1 where spellings that differ in no more than letter case, or in `1` and `1.0`, mean different words.
  private var loose: [String: Int] = [:]

  init(_ spellings: [(value: String, index: Int)]) {
    all = spellings.map(\.value)
    for (value, index) in spellings {
      exact[value] = index
      for key in Self.keys(of: LabelValue(text: value)) {
        loose[key] = loose[key, default: index] == index ? index : -1
      }
    }
  }

  func index(of value: LabelValue) -> Int? {
    if let index = exact[value.text] { return index }
    for key in Self.keys(of: value) {
      if let index = loose[key], index >= 0 { return index }
    }
    return nil
  }

  private static func keys(of value: LabelValue) -> [String] {
    // A truth value is found by `true` before it is found by 1.
    [value.text.lowercased()] + (value.id.map { ["#\($0)"] } ?? [])
  }
}

extension [String] {
  /// The first of them for a message.
  fileprivate var shownList: String { prefix(12).joined(separator: ", ") + (count > 12 ? ", …" : "") }
}
