/// One message of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// Who speaks: `system`, `user` or `assistant`.
  public var role: String
  /// What is said.
  public var content: String

  /// Creates a message.
  public init(role: String, content: String) {
    self.role = role
    self.content = content
  }
}

/// Turns a conversation into the text that a model was trained on.
///
/// A template is the Jinja text that Hugging Face models carry, run by a small interpreter of our own: it
/// renders what transformers' `apply_chat_template` renders, or fails with the line of what it does not
/// support. It reads nothing but the values it is given, and its steps, memory and depth are bounded.
public struct ChatTemplate: Sendable {
  /// What messages call the template: a file, or the name of a built-in.
  public let name: String
  /// The template's text.
  public let source: String
  private let statements: [TemplateStatement]

  /// Reads a template.
  ///
  /// - Parameters:
  ///   - source: The template's text.
  ///   - name: What messages call it.
  /// - Throws: `TemplateError` for the first construct that is malformed or not supported.
  public init(source: String, name: String) throws(TemplateError) {
    self.name = name
    self.source = source
    statements = try TemplateParser.statements(of: source, name: name)
  }

  /// Renders a conversation.
  ///
  /// - Parameters:
  ///   - messages: The conversation.
  ///   - addGenerationPrompt: Also render what comes before the model's next answer.
  ///   - bosToken: The text of the token for the beginning of a text; undefined if nil.
  ///   - eosToken: The text of the token for the end of a text; undefined if nil.
  ///   - variables: Further variables, such as `enable_thinking` or `date_string`. `current_date`, written
  ///     `YYYY-MM-DD`, is what `strftime_now` takes for today; without it, that is 26 July 2024 (the day that
  ///     Llama's templates print where they have no clock), so that a rendering never depends on the day.
  /// - Throws: `TemplateError` for what the template refuses or this interpreter does not support.
  public func render(
    messages: [ChatMessage], addGenerationPrompt: Bool, bosToken: String? = nil, eosToken: String? = nil,
    variables: [String: DocumentValue.Content] = [:]
  ) throws(TemplateError) -> String {
    var values = variables.mapValues { TemplateValue($0) }
    values["messages"] = .list(
      messages.map { message in
        var object = TemplateObject()
        object["role"] = .string(message.role)
        object["content"] = .string(message.content)
        return .object(object)
      })
    values["add_generation_prompt"] = .boolean(addGenerationPrompt)
    if let bosToken { values["bos_token"] = .string(bosToken) }
    if let eosToken { values["eos_token"] = .string(eosToken) }
    // The reference passes these two always; templates ask whether they are none.
    for name in ["tools", "documents"] where values[name] == nil { values[name] = TemplateValue.none }
    var date = TemplateDate()
    if let given = variables["current_date"] {
      guard case .string(let text) = given, let day = TemplateDate(text) else {
        throw TemplateError(template: name, line: 1, message: "current_date is a day written YYYY-MM-DD")
      }
      date = day
    }
    return try TemplateRenderer.render(statements, name: name, variables: values, date: date)
  }
}
