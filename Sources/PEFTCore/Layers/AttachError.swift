/// A method that does not fit the model, or does not fit beside what is attached already.
public struct AttachError: InputError {
  /// What is wrong and what there is instead.
  public let description: String
  /// The option that it is about, if it is about one.
  public let option: String?
  /// Where the option stands in the config's text, if that is known already.
  public let offset: Int?

  /// Creates the error.
  public init(_ description: String, option: String? = nil, offset: Int? = nil) {
    self.description = description
    self.option = option
    self.offset = offset
  }
}
