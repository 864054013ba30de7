/// An expression of a template, with the line where it is.
struct TemplateExpression: Sendable {
  indirect enum Kind: Sendable {
    case literal(TemplateValue)
    case name(String)
    case list([TemplateExpression])
    case object([(key: TemplateExpression, value: TemplateExpression)])
    case attribute(TemplateExpression, String)
    case item(TemplateExpression, TemplateExpression)
    case slice(TemplateExpression, start: TemplateExpression?, stop: TemplateExpression?, step: TemplateExpression?)
    case call(TemplateExpression, [TemplateArgument])
    case filter(TemplateExpression, String, [TemplateArgument])
    case test(TemplateExpression, String, [TemplateArgument], negated: Bool)
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case and(TemplateExpression, TemplateExpression)
    case or(TemplateExpression, TemplateExpression)
    case arithmetic(TemplateExpression, String, TemplateExpression)
    case comparison(TemplateExpression, [(operation: String, operand: TemplateExpression)])
    case conditional(condition: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
  }

  let kind: Kind
  let line: Int
  /// How deeply it nests, so that evaluating it cannot exhaust the stack.
  let depth: Int
}

/// An argument of a call, a filter or a test.
struct TemplateArgument: Sendable {
  /// Its keyword, if it has one.
  let name: String?
  let value: TemplateExpression
}

/// A statement of a template, with the line where it starts.
struct TemplateStatement: Sendable {
  indirect enum Kind: Sendable {
    case text(String)
    case output(TemplateExpression)
    case conditional(
      branches: [(condition: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
    case loop(
      targets: [String], sequence: TemplateExpression, condition: TemplateExpression?, body: [TemplateStatement],
      otherwise: [TemplateStatement])
    case set(targets: [String], TemplateExpression)
    case setAttribute(of: String, String, TemplateExpression)
    case setBlock(String, [TemplateStatement])
    case macro(TemplateMacro)
    /// A stretch that only training masks care about; its content is rendered as it stands.
    case group([TemplateStatement])
    case leave
    case next
  }

  let kind: Kind
  let line: Int
}

/// A macro: a named piece of template with parameters.
final class TemplateMacro: Sendable {
  let name: String
  let parameters: [(name: String, standard: TemplateExpression?)]
  let body: [TemplateStatement]

  init(name: String, parameters: [(name: String, standard: TemplateExpression?)], body: [TemplateStatement]) {
    self.name = name
    self.parameters = parameters
    self.body = body
  }
}
