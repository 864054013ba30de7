/// A Parquet file's columns as trees, with the levels that say where a value is missing or a list continues.
///
/// A *definition level* counts how many of the optional and repeated fields on the way to a value are there; a
/// *repetition level* says at which list the next value continues. Source: Melnik et al. 2010 (Dremel), section 4;
/// apache/parquet-format, LogicalTypes.md, for lists, maps and their older spellings.
struct ParquetSchema: Sendable {
  /// A column of stored values.
  struct Leaf: Sendable {
    /// The names on the way from the root.
    let path: [String]
    let type: ParquetType
    let typeLength: Int
    let annotation: ParquetAnnotation
    let maximumDefinition: Int
    let maximumRepetition: Int
  }

  /// A field as its reader sees it: lists are values, not groups of repeated groups.
  indirect enum Node: Sendable {
    /// The leaf with this number; null below its maximum definition level.
    case leaf(Int)
    /// An object; null below the level `present`.
    case group(names: [String], fields: [Node], leaves: Range<Int>, present: Int)
    /// A list; null below the level `present`, without elements below `filled`; elements continue at `repetition`.
    case list(element: Node, leaves: Range<Int>, present: Int, filled: Int, repetition: Int)

    /// The leaves under it.
    var leaves: Range<Int> {
      switch self {
      case .leaf(let index): index..<index + 1
      case .group(_, _, let leaves, _), .list(_, let leaves, _, _, _): leaves
      }
    }
  }

  static let maximumDepth = 60

  private(set) var leaves: [Leaf] = []
  private(set) var names: [String] = []
  private(set) var columns: [Node] = []

  private let elements: [ParquetMetadata.SchemaElement]
  private let place: TablePlace
  private var next = 1

  /// Builds the trees of `elements`, whose first is the root and which are at `place`.
  init(_ elements: [ParquetMetadata.SchemaElement], at place: TablePlace) throws(TableError) {
    self.elements = elements
    self.place = place
    guard let root = elements.first else { throw TableError("the Parquet schema is empty", at: place) }
    guard root.childCount >= 0, root.childCount < elements.count || elements.count == 1 else {
      throw TableError("the Parquet schema is damaged: its root has \(root.childCount) fields", at: place)
    }
    for _ in 0..<root.childCount {
      names.append(next < elements.count ? elements[next].name : "")
      columns.append(try field([], definition: 0, repetition: 0))
    }
    guard next == elements.count else {
      throw TableError("the Parquet schema has elements that belong to no field", at: place)
    }
    guard Set(names).count == names.count else {
      throw TableError("the Parquet schema has two columns of one name", at: place)
    }
  }

  private func mistake(_ message: String, _ path: [String]) -> TableError {
    TableError("the Parquet schema is damaged: \(path.joined(separator: ".")) \(message)", at: place)
  }

  /// The next field with all that is under it.
  private mutating func field(_ parents: [String], definition: Int, repetition: Int) throws(TableError) -> Node {
    guard next < elements.count else { throw mistake("lacks fields", parents) }
    let element = elements[next]
    guard element.repetition == .repeated else {
      let present = definition + (element.repetition == .optional ? 1 : 0)
      return try content(parents, present: present, repetition: repetition)
    }
    // A repeated field that stands by itself is a list that is never null.
    let first = leaves.count
    let item = try content(parents, present: definition + 1, repetition: repetition + 1)
    return .list(
      element: item, leaves: first..<leaves.count, present: definition, filled: definition + 1,
      repetition: repetition + 1)
  }

  /// The next element's own value, which is there from the level `present` on.
  private mutating func content(_ parents: [String], present: Int, repetition: Int) throws(TableError) -> Node {
    let element = elements[next]
    let path = parents + [element.name]
    guard path.count <= Self.maximumDepth else { throw mistake("is nested too deep", path) }
    next += 1
    let first = leaves.count
    guard element.childCount > 0 else {
      guard let type = element.type else { throw mistake("has neither a type nor fields", path) }
      guard type != .fixedByteArray || 0..<(1 << 20) ~= element.typeLength else {
        throw mistake("has values of \(element.typeLength) bytes", path)
      }
      leaves.append(
        Leaf(
          path: path, type: type, typeLength: element.typeLength, annotation: element.annotation,
          maximumDefinition: present, maximumRepetition: repetition))
      return .leaf(first)
    }
    guard element.childCount <= elements.count - next else { throw mistake("lacks fields", path) }
    let isList = element.annotation == .list || element.annotation == .map
    if isList, element.childCount == 1, elements[next].repetition == .repeated {
      let item = try listElement(path, of: element, present: present, repetition: repetition)
      return .list(
        element: item, leaves: first..<leaves.count, present: present, filled: present + 1,
        repetition: repetition + 1)
    }
    return try group(path, childCount: element.childCount, present: present, repetition: repetition)
  }

  private mutating func group(
    _ path: [String], childCount: Int, present: Int, repetition: Int
  ) throws(TableError) -> Node {
    let first = leaves.count
    var names: [String] = []
    var fields: [Node] = []
    for _ in 0..<childCount {
      names.append(next < elements.count ? elements[next].name : "")
      fields.append(try field(path, definition: present, repetition: repetition))
    }
    guard Set(names).count == names.count else { throw mistake("has two fields of one name", path) }
    return .group(names: names, fields: fields, leaves: first..<leaves.count, present: present)
  }

  /// What the elements of an annotated list are: the sole field of the repeated group, except in the older spellings,
  /// where the repeated field itself is the element.
  private mutating func listElement(
    _ path: [String], of list: ParquetMetadata.SchemaElement, present: Int, repetition: Int
  ) throws(TableError) -> Node {
    let repeated = elements[next]
    let isElement =
      repeated.childCount != 1 || list.annotation == .map || repeated.name == "array"
      || repeated.name.hasSuffix("_tuple")
      || (next + 1 < elements.count && elements[next + 1].repetition == .repeated)
    if isElement { return try content(path, present: present + 1, repetition: repetition + 1) }
    next += 1
    return try field(path + [repeated.name], definition: present + 1, repetition: repetition + 1)
  }
}
