extension SyntaxNode {
  /// The named nodes with their fields as one line of nested parentheses, as tree-sitter prints a tree.
  var expression: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    text += "(" + kind.name
    for child in children where child.isNamed {
      text += " "
      if let field = child.field { text += field.name + ": " }
      child.write(to: &text)
    }
    text += ")"
  }
}

extension SyntaxNode.Kind {
  /// The name in the grammar.
  var name: String { self == .error ? rawValue : snakeCase(rawValue) }
}

extension SyntaxNode.Field {
  /// The name in the grammar.
  var name: String { self == .guardClause ? "guard" : snakeCase(rawValue) }
}

private func snakeCase(_ text: String) -> String {
  text.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
}
