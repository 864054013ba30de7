/// A node of a concrete Python syntax tree, with the node types and nesting of tree-sitter's Python grammar 0.21.
struct SyntaxNode {
  /// The node's type; named nodes are what a tree is compared by, `token` and `comparisonWord` are its words.
  enum Kind: String {
    /// A keyword, operator or delimiter, whose type is its own text.
    case token
    /// One word of `not in` or `is not`, whose type is both words.
    case comparisonWord
    /// A stretch of text that is not Python.
    case error = "ERROR"
    case aliasedImport, argumentList, asPattern, asPatternTarget, assertStatement, assignment, attribute
    case augmentedAssignment, await, binaryOperator, block, booleanOperator, breakStatement, call, caseClause
    case casePattern, chevron, classDefinition, classPattern, comparisonOperator, complexPattern, concatenatedString
    case conditionalExpression, constrainedType, continueStatement, decoratedDefinition, decorator, defaultParameter
    case deleteStatement, dictPattern, dictionary, dictionaryComprehension, dictionarySplat, dictionarySplatPattern
    case dottedName, elifClause, ellipsis, elseClause, escapeInterpolation, escapeSequence, exceptClause
    case exceptGroupClause, execStatement, expressionList, expressionStatement, `false`, finallyClause, float
    case forInClause, forStatement, formatExpression, formatSpecifier, functionDefinition, futureImportStatement
    case generatorExpression, genericType, globalStatement, identifier, ifClause, ifStatement, importFromStatement
    case importPrefix, importStatement, integer, interpolation, keywordArgument, keywordPattern, keywordSeparator
    case lambda, lambdaParameters, list, listComprehension, listPattern, listSplat, listSplatPattern, matchStatement
    case memberType, module, namedExpression, none, nonlocalStatement, notOperator, pair, parameters
    case parenthesizedExpression, passStatement, patternList, positionalSeparator, printStatement, raiseStatement
    case relativeImport, returnStatement, set, setComprehension, slice, splatPattern, splatType, string, stringContent
    case stringEnd, stringStart, `subscript`, `true`, tryStatement, tuple, tuplePattern, type, typeAliasStatement
    case typeConversion, typeParameter, typedDefaultParameter, typedParameter, unaryOperator, unionPattern, unionType
    case whileStatement, wildcardImport, withClause, withItem, withStatement, yield
  }

  /// The part that a node plays in its parent.
  enum Field: String {
    case alias, alternative, argument, arguments, attribute, body, cause, code, condition, consequence, definition
    case expression, formatSpecifier, function, guardClause, key, left, moduleName, name, object, parameters
    case returnType, right, subject, `subscript`, superclasses, type, typeConversion, typeParameters, value
  }

  /// The node's type.
  let kind: Kind
  /// Its part in its parent.
  var field: Field?
  /// First byte.
  let start: Int
  /// Behind the last byte.
  let end: Int
  /// Its parts in the order of the text, words included.
  let children: [SyntaxNode]
  /// Levels below and including this node.
  let height: Int

  /// A node without parts.
  init(_ kind: Kind, _ start: Int, _ end: Int) {
    self.kind = kind
    self.start = start
    self.end = end
    children = []
    height = 1
  }

  /// A node that spans its parts, of which there is at least one.
  init(_ kind: Kind, _ children: [SyntaxNode]) {
    self.kind = kind
    start = children.first?.start ?? 0
    end = children.last?.end ?? 0
    self.children = children
    height = 1 + children.reduce(0) { max($0, $1.height) }
  }

  /// The same node in a part of its parent.
  func `as`(_ field: Field) -> SyntaxNode {
    var node = self
    node.field = field
    return node
  }

  /// Whether the node counts when trees are compared.
  var isNamed: Bool { kind != .token && kind != .comparisonWord }

  /// The first part that plays `field`.
  func child(_ field: Field) -> SyntaxNode? { children.first { $0.field == field } }
}
