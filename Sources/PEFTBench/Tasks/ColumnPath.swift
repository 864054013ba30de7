import PEFTCore
import TableFiles

/// A column, or a part of a nested one: `question`, `answers.text`, `answers.text[0]`, `messages[1].content`.
///
/// A column whose own name is written like a path goes before the path.
struct ColumnPath: Sendable, Equatable {
  /// One step into a value.
  enum Step: Sendable, Equatable {
    case member(String)
    case element(Int)
  }

  /// The path as it was written.
  let name: String
  /// The column that it begins with.
  let root: String
  private let steps: [Step]

  /// Reads a path; what is not written like one is the name of a column.
  init(_ name: String) {
    self.name = name
    guard let (root, steps) = Self.parts(of: name) else {
      (root, steps) = (name, [])
      return
    }
    (self.root, self.steps) = (root, steps)
  }

  private static func parts(of name: String) -> (root: String, steps: [Step])? {
    guard let end = name.firstIndex(where: { $0 == "." || $0 == "[" }), end > name.startIndex else { return nil }
    var steps: [Step] = []
    var rest = name[end...]
    while let mark = rest.popFirst() {
      if mark == "[" {
        guard let close = rest.firstIndex(of: "]"), let index = Int(rest[..<close]), index >= 0 else { return nil }
        steps.append(.element(index))
        rest = rest[rest.index(after: close)...]
      } else {
        guard mark == "." else { return nil }
        let member = rest.prefix { $0 != "." && $0 != "[" }
        guard !member.isEmpty else { return nil }
        steps.append(.member(String(member)))
        rest = rest[member.endIndex...]
      }
    }
    return (String(name[..<end]), steps)
  }

  /// Whether it is what is at `other`, or a part of that.
  ///
  /// `a.b` may be a column beside `a`, so that only `a[0]` is surely a part of a whole column.
  func isPart(of other: ColumnPath) -> Bool {
    if name == other.name { return true }
    guard root == other.root, steps.starts(with: other.steps), let first = steps.first else { return false }
    guard other.steps.isEmpty else { return true }
    if case .element = first { return true }
    return false
  }

  /// The columns that have to be read for it: its own name where a table has that, else its root.
  var columns: [String] { steps.isEmpty ? [name] : [name, root] }

  /// What `row` holds here; nil for a null, also on the way, and for an element past the end of a list.
  ///
  /// - Throws: `TableError` for a column or a member that is not there, and for a step into what has no parts.
  func value(in row: TableRow) throws(TableError) -> DocumentValue? {
    if row.columns.position(of: name) != nil { return row[name] }
    guard !steps.isEmpty, row.columns.position(of: root) != nil else { return try row.required(name) }
    guard var value = row[root] else { return nil }
    var place = root
    for step in steps {
      switch step {
      case .member(let key):
        guard let object = value.object else {
          let hint = value.array?.first == nil ? "" : "; name an element, such as \(place)[0].\(key)"
          throw row.error("\"\(place)\": expected an object with \"\(key)\", found \(value.shown)\(hint)")
        }
        guard let member = object[key] else {
          let nearest = NearestName.of(key, among: object.keys).map { "; did you mean \"\($0)\"?" } ?? ""
          throw row.error("\"\(place)\" has no member \"\(key)\"\(nearest)")
        }
        place += ".\(key)"
        value = member
      case .element(let index):
        guard let list = value.array else {
          throw row.error("\"\(place)\": expected a list, found \(value.shown)")
        }
        place += "[\(index)]"
        guard index < list.count else { return nil }
        value = list[index]
      }
      if value.isNull { return nil }
    }
    return value
  }
}
