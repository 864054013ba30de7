import Testing

@testable import PEFTBench
@testable import TableFiles

/// What a field is to its reader, in short: `leaf`, `{…}` for an object, `[…]` for a list.
private func shape(_ node: ParquetSchema.Node) -> String {
  switch node {
  case .leaf(let index): "\(index)"
  case .group(let names, let fields, _, _):
    "{" + zip(names, fields).map { "\($0): \(shape($1))" }.joined(separator: ", ") + "}"
  case .list(let element, _, let present, let filled, let repetition):
    "[\(shape(element))](\(present),\(filled),\(repetition))"
  }
}

private typealias Element = ParquetMetadata.SchemaElement

private func group(
  _ name: String, _ children: Int, _ repetition: ParquetMetadata.Repetition = .optional,
  _ annotation: ParquetAnnotation = .none
) -> Element {
  Element(name: name, repetition: repetition, childCount: children, annotation: annotation)
}

private func leaf(_ name: String, _ repetition: ParquetMetadata.Repetition = .optional) -> Element {
  Element(name: name, type: .int32, repetition: repetition)
}

@Suite("Parquet schemas") struct ParquetSchemaTests {
  private func columns(_ elements: [Element]) throws -> ParquetSchema {
    try ParquetSchema([group("schema", 1, .required)] + elements, at: .file("t"))
  }

  @Test("Lists of all spellings are lists of their elements") func lists() throws {
    let list = group("a", 1, .optional, .list)
    // Three levels, as the format asks for today.
    let standard = try columns([list, group("list", 1, .repeated), leaf("element")])
    #expect(shape(standard.columns[0]) == "[0](1,2,1)")
    #expect(standard.leaves[0].maximumDefinition == 3)
    // Two levels: the repeated field itself is the element, which is never null.
    let short = try columns([list, leaf("element", .repeated)])
    #expect(shape(short.columns[0]) == "[0](1,2,1)")
    #expect(short.leaves[0].maximumDefinition == 2)
    // A repeated group of two fields, or of one field under these names, is an object.
    let objects = try columns([list, group("element", 2, .repeated), leaf("x"), leaf("y", .required)])
    #expect(shape(objects.columns[0]) == "[{x: 0, y: 1}](1,2,1)")
    let arrays = try columns([list, group("array", 1, .repeated), leaf("x")])
    #expect(shape(arrays.columns[0]) == "[{x: 0}](1,2,1)")
    let tuples = try columns([list, group("a_tuple", 1, .repeated), leaf("x")])
    #expect(shape(tuples.columns[0]) == "[{x: 0}](1,2,1)")
    // A repeated field without annotation is a list of its own.
    let bare = try columns([leaf("a", .repeated)])
    #expect(shape(bare.columns[0]) == "[0](0,1,1)")
    let nested = try columns([
      list, group("list", 1, .repeated), group("element", 1, .optional, .list), group("list", 1, .repeated),
      leaf("element", .required),
    ])
    #expect(shape(nested.columns[0]) == "[[0](3,4,2)](1,2,1)")
    #expect(nested.leaves[0].maximumRepetition == 2)
  }

  @Test("Maps are lists of objects with a key and a value") func maps() throws {
    let map = try columns([
      group("a", 1, .optional, .map), group("key_value", 2, .repeated), leaf("key", .required), leaf("value"),
    ])
    #expect(shape(map.columns[0]) == "[{key: 0, value: 1}](1,2,1)")
    #expect(map.leaves.map(\.maximumDefinition) == [2, 3])
  }

  @Test("A schema whose numbers of fields do not fit is refused") func damage() {
    let broken: [[Element]] = [
      [], [group("a", 2), leaf("x")], [group("a", 1, .optional, .list)], [leaf("a"), leaf("b")],
      [group("a", Int.max), leaf("x")], [Element(name: "a")],
      Array(repeating: group("a", 1), count: 100) + [leaf("x")],
    ]
    for elements in broken { #expect(throws: TableError.self) { try columns(elements) } }
  }
}
