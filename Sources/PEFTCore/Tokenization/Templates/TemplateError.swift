/// An error about a chat template, with its line.
public struct TemplateError: InputError, Equatable {
  /// The template's name: a file or a built-in.
  public let template: String
  /// Line in the template, from 1.
  public let line: Int
  /// What is wrong.
  public let message: String

  /// `template NAME, line N: message`.
  public var description: String { "template \(template), line \(line): \(message)" }
}
