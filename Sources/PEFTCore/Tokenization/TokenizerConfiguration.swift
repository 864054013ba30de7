/// What the files beside a tokenizer.json (or beside vocab.json and merges.txt) say of a tokenizer: the tokens with a
/// task of their own, added tokens, and chat templates.
///
/// Sources, in the order in which transformers takes them: tokenizer_config.json; where that has no
/// `added_tokens_decoder`, special_tokens_map.json (which overrides it) and added_tokens.json as well.
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
  /// Whether a text gets a space before it, if the file says so; counts for vocab.json with merges.txt only.
  public var addsPrefixSpace: Bool?
  /// The class of transformers that reads the tokenizer, without `Fast` at its end.
  public var tokenizerClass: String?
  /// The chat templates in the order of the file.
  public var chatTemplates: [NamedTemplate] = []

  /// Tokens by their task (`bos_token`, `image_token`, …) or their place in a list of further special tokens.
  private(set) var specialTokens: [(key: String, token: DeclaredToken)] = []
  /// Tokens with ids, from `added_tokens_decoder` or added_tokens.json.
  private(set) var numberedTokens: [DeclaredToken] = []
  /// Keys that the files have with null: there is no such token.
  private(set) var absentTokens: Set<String> = []
  /// Whether `added_tokens_decoder` is there, in which case the older files are not looked at.
  private(set) var listsAddedTokens = false

  /// The tasks in the order in which transformers adds their tokens to a vocabulary; others follow.
  private static let tasks = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// Creates an empty configuration.
  public init() {}

  /// Reads tokenizer_config.json; a token is written as its text or as an object with its `content`.
  ///
  /// - Throws: `DocumentError` for a member of the wrong kind.
  public init(json: DocumentValue, text: DocumentText) throws {
    let reader = Reader(text: text)
    try readTokens(json, reader)
    addsBeginningOfText = try reader.flag("add_bos_token", of: json)
    addsEndOfText = try reader.flag("add_eos_token", of: json)
    addsPrefixSpace = try reader.flag("add_prefix_space", of: json)
    if let name = json["tokenizer_class"]?.string { tokenizerClass = Self.className(name) }
    if let list = json["added_tokens_decoder"] {
      listsAddedTokens = true
      numberedTokens = try reader.numberedTokens(list)
    }
    guard let template = json["chat_template"] else { return }
    if let source = template.string {
      chatTemplates = [NamedTemplate(name: "default", source: source)]
    } else if let list = template.array {
      chatTemplates = try list.map { entry in
        guard let name = entry["name"]?.string, let source = entry["template"]?.string else {
          throw reader.error("a chat template in a list has a \"name\" and a \"template\"", at: entry)
        }
        return NamedTemplate(name: name, source: source)
      }
    } else {
      throw reader.error("\"chat_template\" is a string or a list, found \(template.kindName)", at: template)
    }
  }

  /// Takes over what special_tokens_map.json says, which counts before tokenizer_config.json.
  ///
  /// - Throws: `DocumentError` for a member of the wrong kind.
  mutating func merge(specialTokensMap json: DocumentValue, text: DocumentText) throws {
    try readTokens(json, Reader(text: text))
  }

  /// Takes over the tokens of added_tokens.json, an object from texts to ids.
  ///
  /// - Throws: `DocumentError` for a member of the wrong kind.
  mutating func merge(addedTokens json: DocumentValue, text: DocumentText) throws {
    let reader = Reader(text: text)
    guard let members = json.object?.members else {
      throw reader.error("expected an object from tokens to ids, found \(json.kindName)", at: json)
    }
    numberedTokens = try members.map { member in
      guard let id = member.value.integer.flatMap(Int32.init(exactly:)), id >= 0 else {
        throw reader.error("the id of \"\(member.key)\" is a whole number from 0", at: member.value)
      }
      var token = AddedToken(id: id, content: member.key)
      token.isSpecial = specialTokens.contains { $0.token.token.content.utf8.elementsEqual(member.key.utf8) }
      token.isNormalized = !token.isSpecial
      return DeclaredToken(token: token, hasID: true, offset: member.value.offset, text: text)
    }
    .sorted { $0.token.id < $1.token.id }
  }

  /// The tasks' tokens that a class of transformers takes where the files do not mention them.
  mutating func setDefault(_ content: String, for keys: [String], text: DocumentText) {
    for key in keys where !absentTokens.contains(key) && !specialTokens.contains(where: { $0.key == key }) {
      var token = AddedToken(id: 0, content: content)
      token.isSpecial = true
      set(DeclaredToken(token: token, hasID: false, offset: 0, text: text), for: key)
    }
  }

  /// Tokens to add to a vocabulary, in the order in which transformers adds them.
  var declaredTokens: [DeclaredToken] {
    let named = Self.tasks.flatMap { task in specialTokens.filter { $0.key == task } }
    let others = specialTokens.filter { !Self.tasks.contains($0.key) }
    return numberedTokens + (named + others).map(\.token)
  }

  /// Whether no file says of a task's token what it is, nor that there is none.
  func isSilent(about key: String) -> Bool {
    !absentTokens.contains(key) && !specialTokens.contains { $0.key == key }
  }

  /// The name of a tokenizer class without the `Fast` of earlier releases.
  static func className(_ name: String) -> String {
    name.hasSuffix("Fast") && name != "PreTrainedTokenizerFast" ? String(name.dropLast(4)) : name
  }

  private mutating func readTokens(_ json: DocumentValue, _ reader: Reader) throws {
    guard let members = json.object?.members else {
      throw reader.error("expected an object, found \(json.kindName)", at: json)
    }
    for member in members where member.key.hasSuffix("_token") {
      let isTask = Self.tasks.contains(member.key)
      if member.value.isNull {
        absentTokens.insert(member.key)
      } else if isTask || member.value.string != nil || member.value["content"] != nil {
        set(try reader.token(member.value, member.key), for: member.key)
      }
      // What is left are flags such as add_bos_token.
    }
    // The second is the name that releases before 5 gave the list.
    for key in ["extra_special_tokens", "additional_special_tokens"] {
      guard let value = json[key] else { continue }
      if let list = value.array {
        guard !list.isEmpty else { continue }
        for entry in list { specialTokens.append((key, try reader.token(entry, key))) }
      } else if let members = value.object?.members {
        for member in members { set(try reader.token(member.value, member.key), for: member.key) }
      } else {
        throw reader.error("\"\(key)\" is a list of tokens, found \(value.kindName)", at: value)
      }
      return
    }
  }

  private mutating func set(_ token: DeclaredToken, for key: String) {
    guard !token.token.content.isEmpty else {
      absentTokens.insert(key)
      return
    }
    absentTokens.remove(key)
    if let index = specialTokens.firstIndex(where: { $0.key == key }) {
      specialTokens[index].token = token
    } else {
      specialTokens.append((key, token))
    }
    switch key {
    case "bos_token": beginningOfText = token.token.content
    case "eos_token": endOfText = token.token.content
    case "pad_token": padding = token.token.content
    case "unk_token": unknown = token.token.content
    default: break
    }
  }
}

/// A token that a file beside the vocabulary declares, with the place where it is.
struct DeclaredToken: Sendable {
  /// The token; its id counts if `hasID`.
  var token: AddedToken
  /// Whether the file says the id; otherwise it is the vocabulary's, or the next one that is free.
  let hasID: Bool
  let offset: Int
  let text: DocumentText
}

/// Reads tokens as the files spell them.
private struct Reader {
  let text: DocumentText

  func error(_ message: String, at value: DocumentValue) -> DocumentError {
    DocumentError(message, at: value.offset, of: text)
  }

  func flag(_ key: String, of json: DocumentValue) throws -> Bool? {
    guard let value = json[key] else { return nil }
    guard let flag = value.bool else {
      throw error("\"\(key)\" is true or false, found \(value.kindName)", at: value)
    }
    return flag
  }

  /// A token with a task, which is special whatever its flags say.
  func token(_ value: DocumentValue, _ key: String) throws -> DeclaredToken {
    guard let content = value.string ?? value["content"]?.string else {
      throw error("\"\(key)\" is a token's text or an object with its \"content\"", at: value)
    }
    var token = try withFlags(AddedToken(id: 0, content: content), of: value)
    token.isSpecial = true
    return DeclaredToken(token: token, hasID: false, offset: value.offset, text: text)
  }

  /// The tokens of `added_tokens_decoder`, an object from ids to tokens, by ascending id.
  func numberedTokens(_ value: DocumentValue) throws -> [DeclaredToken] {
    guard let members = value.object?.members else {
      throw error("\"added_tokens_decoder\" is an object from ids to tokens, found \(value.kindName)", at: value)
    }
    return try members.map { member in
      guard let id = Int32(member.key), id >= 0 else {
        throw DocumentError(
          "\"\(member.key)\" in added_tokens_decoder is not an id", at: member.keyOffset, of: text)
      }
      guard let content = member.value.string ?? member.value["content"]?.string else {
        throw error("the token \(id) is a text or an object with its \"content\"", at: member.value)
      }
      let token = try withFlags(AddedToken(id: id, content: content), of: member.value)
      return DeclaredToken(token: token, hasID: true, offset: member.value.offset, text: text)
    }
    .sorted { $0.token.id < $1.token.id }
  }

  private func withFlags(_ token: AddedToken, of value: DocumentValue) throws -> AddedToken {
    guard value.object != nil else { return token }
    var token = token
    token.isSingleWord = try flag("single_word", of: value) ?? false
    token.stripsLeft = try flag("lstrip", of: value) ?? false
    token.stripsRight = try flag("rstrip", of: value) ?? false
    token.isSpecial = try flag("special", of: value) ?? false
    token.isNormalized = try flag("normalized", of: value) ?? !token.isSpecial
    return token
  }
}
