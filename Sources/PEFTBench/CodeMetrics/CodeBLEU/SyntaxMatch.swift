/// How many of a reference's subtrees occur in a prediction.
///
/// A subtree counts by the types of its named nodes and the fields between them; what the words are does not matter.
/// The root and every node that has parts count, each as often as it occurs in the reference.
enum SyntaxMatch {
  /// Subtrees of `reference` that occur anywhere in `prediction`, and how many subtrees `reference` has.
  static func counts(reference: SyntaxNode, prediction: SyntaxNode) -> (matches: Int, total: Int) {
    var shapes = ShapeTable()
    var wanted: [Int] = []
    var given: [Int] = []
    _ = shapes.shape(of: reference, isRoot: true, into: &wanted)
    _ = shapes.shape(of: prediction, isRoot: true, into: &given)
    let known = Set(given)
    return (wanted.count { known.contains($0) }, wanted.count)
  }

  /// Gives equal shapes equal numbers.
  private struct ShapeTable {
    private struct Shape: Hashable {
      let kind: SyntaxNode.Kind
      let parts: [Part]
    }

    private struct Part: Hashable {
      let field: SyntaxNode.Field?
      let shape: Int
    }

    private var numbers: [Shape: Int] = [:]

    /// The number of `node`'s shape; numbers of all subtrees are appended to `subtrees`.
    mutating func shape(of node: SyntaxNode, isRoot: Bool, into subtrees: inout [Int]) -> Int {
      var parts: [Part] = []
      for child in node.children where child.isNamed {
        parts.append(Part(field: child.field, shape: shape(of: child, isRoot: false, into: &subtrees)))
      }
      let shape = Shape(kind: node.kind, parts: parts)
      let number = numbers[shape] ?? numbers.count
      numbers[shape] = number
      if isRoot || !node.children.isEmpty { subtrees.append(number) }
      return number
    }
  }
}
