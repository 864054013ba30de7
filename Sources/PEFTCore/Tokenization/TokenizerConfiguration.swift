/// What `tokenizer_config.json` and `special_tokens_map.json` add to a tokenizer.
public struct TokenizerConfiguration: Sendable {
  /// A chat template with the name under which the file lists it; a single one is called `default`.
  public struct NamedTemplate: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The template's text.
    public let source: String
  }

  /// The token for the beginning of a text.
  public var beginningOfText: String?
  /// The token for the end of a text.
  public var endOfText: String?
  /// The token that fills unused places.
  public var padding: String?
  /// The token for what the vocabulary cannot spell.
  public var unknown: String?
  /// Whether encoding puts `beginningOfText` first, if the file says so.
  public var addsBeginningOfText: Bool?
  /// Whether encoding puts `endOfText` last, if the file says so.
  public var addsEndOfText: Bool?
  /// The chat templates in the order of the file.
  public var chatTemplates: [NamedTemplate] = []

  /// Creates an empty configuration.
  public init() {}

  /// Reads one of the two files; a token is written as its text or as an object with its `content`.
  ///
  /// - Throws: `DocumentError` for a member of the wrong kind.
  public init(json: DocumentValue, text: DocumentText) throws {
    func complaint(_ message: String, _ value: DocumentValue) -> DocumentError {
      DocumentError(message, at: value.offset, of: text)
    }
    guard json.object != nil else { throw complaint("expected an object, found \(json.kindName)", json) }
    func token(_ key: String) throws -> String? {
      guard let value = json[key] else { return nil }
      guard let token = value.string ?? value["content"]?.string else {
        throw complaint("\"\(key)\" is a token's text or an object with its \"content\"", value)
      }
      return token
    }
    func flag(_ key: String) throws -> Bool? {
      guard let value = json[key] else { return nil }
      guard let flag = value.bool else {
        throw complaint("\"\(key)\" is true or false, found \(value.kindName)", value)
      }
      return flag
    }
    beginningOfText = try token("bos_token")
    endOfText = try token("eos_token")
    padding = try token("pad_token")
    unknown = try token("unk_token")
    addsBeginningOfText = try flag("add_bos_token")
    addsEndOfText = try flag("add_eos_token")
    guard let template = json["chat_template"] else { return }
    if let source = template.string {
      chatTemplates = [NamedTemplate(name: "default", source: source)]
    } else if let list = template.array {
      chatTemplates = try list.map { entry in
        guard let name = entry["name"]?.string, let source = entry["template"]?.string else {
          throw complaint("a chat template in a list has a \"name\" and a \"template\"", entry)
        }
        return NamedTemplate(name: name, source: source)
      }
    } else {
      throw complaint("\"chat_template\" is a string or a list, found \(template.kindName)", template)
    }
  }
}
