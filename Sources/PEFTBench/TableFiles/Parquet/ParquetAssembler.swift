import PEFTCore

/// Puts rows with lists and objects together from the leaves' values and levels.
///
/// All leaves under one field must tell the same story about which objects are there and how long lists are; where
/// they differ the file is damaged. Source: Melnik et al. 2010 (Dremel), section 4.3.
struct ParquetAssembler {
  /// Elements that one row's lists may have together, so that a damaged file costs no giant memory.
  private static let maximumElements = 1 << 24

  private var cursors: [ParquetColumnCursor]
  private let cursorOfLeaf: [Int]
  private var elementCount = 0

  /// Starts at the first row of a row group; leaves that are not read have the cursor -1.
  init(cursors: [ParquetColumnCursor], cursorOfLeaf: [Int]) {
    self.cursors = cursors
    self.cursorOfLeaf = cursorOfLeaf
  }

  /// The next row's value of a column.
  mutating func column(_ node: ParquetSchema.Node) throws(TableError) -> DocumentValue {
    if case .leaf(let leaf) = node { return try cursors[cursorOfLeaf[leaf]].next() }
    elementCount = 0
    for leaf in node.leaves {
      let cursor = cursorOfLeaf[leaf]
      guard try cursors[cursor].hasNext() else {
        throw cursors[cursor].mistake("it has fewer values than its row group has rows")
      }
      guard try cursors[cursor].repetition() == 0 else {
        throw cursors[cursor].mistake("a list in it goes on where a row should begin")
      }
    }
    return try value(node)
  }

  /// Checks that nothing is left over after the last row.
  mutating func finish() throws(TableError) {
    for cursor in cursors.indices where try cursors[cursor].hasNext() {
      throw cursors[cursor].mistake("it has more values than its row group has rows")
    }
  }

  private mutating func value(_ node: ParquetSchema.Node) throws(TableError) -> DocumentValue {
    switch node {
    case .leaf(let leaf): return try cursors[cursorOfLeaf[leaf]].next()
    case .group(let names, let fields, let leaves, let present):
      guard try reaches(present, leaves) else { return try null(leaves) }
      var members: [DocumentObject.Member] = []
      members.reserveCapacity(fields.count)
      for i in fields.indices { members.append(.init(key: names[i], keyOffset: 0, value: try value(fields[i]))) }
      return DocumentValue(.object(DocumentObject(members)))
    case .list(let element, let leaves, let present, let filled, let repetition):
      guard try reaches(present, leaves) else { return try null(leaves) }
      guard try reaches(filled, leaves) else {
        _ = try null(leaves)
        return DocumentValue(.array([]))
      }
      var elements: [DocumentValue] = []
      repeat {
        elementCount += 1
        guard elementCount <= Self.maximumElements else {
          throw cursors[cursorOfLeaf[leaves.lowerBound]].mistake("a row has more than \(Self.maximumElements) elements")
        }
        elements.append(try value(element))
      } while try continues(repetition, leaves)
      return DocumentValue(.array(elements))
    }
  }

  /// Whether the next values of the leaves are defined up to `level`.
  private mutating func reaches(_ level: Int, _ leaves: Range<Int>) throws(TableError) -> Bool {
    var answer: Bool?
    for leaf in leaves {
      let cursor = cursorOfLeaf[leaf]
      guard let definition = try cursors[cursor].definition() else {
        throw cursors[cursor].mistake("its values end in the middle of a row")
      }
      let own = definition >= level
      guard answer == nil || answer == own else {
        throw cursors[cursor].mistake("its levels do not agree with those of its sibling columns")
      }
      answer = own
    }
    return answer ?? false
  }

  /// Whether the list that repeats at `level` has another element.
  private mutating func continues(_ level: Int, _ leaves: Range<Int>) throws(TableError) -> Bool {
    var answer: Bool?
    for leaf in leaves {
      let cursor = cursorOfLeaf[leaf]
      let repetition = try cursors[cursor].repetition()
      let own = repetition == level
      guard repetition <= level, answer == nil || answer == own else {
        throw cursors[cursor].mistake("its lists do not agree with its levels or its sibling columns")
      }
      answer = own
    }
    return answer ?? false
  }

  /// Passes over one value of each leaf, all of them null.
  private mutating func null(_ leaves: Range<Int>) throws(TableError) -> DocumentValue {
    for leaf in leaves { _ = try cursors[cursorOfLeaf[leaf]].next() }
    return DocumentValue(.null)
  }
}
