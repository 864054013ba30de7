/// The steps of a tokenizer.json before and after its model, and the members that objects of the file have.
extension TokenizerJSONReader {
  // MARK: - Steps

  func flatten<Step>(
    _ value: DocumentValue?, listKey: String, _ step: (DocumentValue) throws(DocumentError) -> [Step]
  ) throws(DocumentError) -> [Step] {
    guard let value else { return [] }
    guard try type(of: value) == "Sequence" else { return try step(value) }
    var steps: [Step] = []
    for part in try list(value, listKey) { steps += try flatten(part, listKey: listKey, step) }
    return steps
  }

  func normalizer(_ value: DocumentValue) throws(DocumentError) -> [Normalizer] {
    switch try type(of: value) {
    case "NFC": return [.form(.nfc)]
    case "NFD": return [.form(.nfd)]
    case "NFKC": return [.form(.nfkc)]
    case "NFKD": return [.form(.nfkd)]
    case "Lowercase": return [.lowercase]
    case "Prepend": return [.prepend(Array(try string(value, "prepend").utf8))]
    case "Strip": return [.strip(left: try flag(value, "strip_left"), right: try flag(value, "strip_right"))]
    case "Replace":
      return [.replace(pattern: try fixedPattern(value), by: Array(try string(value, "content").utf8))]
    case let name: throw error("normalizer \(name) is not supported", at: value)
    }
  }

  func preTokenizer(_ value: DocumentValue, _ usesByteAlphabet: inout Bool) throws(DocumentError) -> [PreTokenizer] {
    if usesByteAlphabet { throw error("a pre-tokenizer after ByteLevel is not supported", at: value) }
    switch try type(of: value) {
    case "ByteLevel":
      usesByteAlphabet = true
      var steps: [PreTokenizer] = try flag(value, "add_prefix_space", default: true) ? [.prefixSpace] : []
      if try flag(value, "use_regex", default: true) { steps.append(.pattern(.gpt2)) }
      return steps
    case "Digits": return [.digits(individual: try flag(value, "individual_digits"))]
    case "Metaspace":
      let mark = Array(try string(value, "replacement").utf8)
      guard !mark.isEmpty else { throw error("the replacement of Metaspace is empty", at: value) }
      var prepend = try choice(value, "prepend_scheme", of: PreTokenizer.PrependScheme.self) ?? .always
      if try !flag(value, "add_prefix_space", default: true) { prepend = .never }
      return [.metaspace(mark: mark, prepend: prepend, splits: try flag(value, "split", default: true))]
    case "Split":
      guard let behavior = try choice(value, "behavior", of: PreTokenizer.SeparatorBehavior.self) else {
        throw error("this Split has no \"behavior\"", at: value)
      }
      let inverts = try flag(value, "invert")
      guard let expression = value["pattern"]?["Regex"] else {
        if inverts { throw error("a Split that inverts a fixed text is not supported", at: value) }
        return [.split(separator: try fixedPattern(value), behavior: behavior)]
      }
      guard let spelling = expression.string, let scanner = PieceScanner(expression: spelling) else {
        throw error(
          "the regular expression \(shown(expression)) is not one of those that are supported", at: expression)
      }
      // The known expressions match every character, so pieces are the same with what is not matched removed.
      guard (behavior == .isolated && !inverts) || (behavior == .removed && inverts) else {
        throw error("a Split by expression with behavior \(behavior.rawValue) is not supported", at: value)
      }
      return [.pattern(scanner)]
    case let name: throw error("pre-tokenizer \(name) is not supported", at: value)
    }
  }

  func decoder(_ value: DocumentValue) throws(DocumentError) -> [TokenDecoder] {
    switch try type(of: value) {
    case "ByteLevel": return [.byteLevel]
    case "ByteFallback": return [.byteFallback]
    case "Fuse": return [.fuse]
    case "Replace":
      return [.replace(pattern: try fixedPattern(value), by: Array(try string(value, "content").utf8))]
    case "Strip":
      return [
        .strip(
          content: Array(try string(value, "content").utf8), start: try count(value, "start"),
          stop: try count(value, "stop"))
      ]
    case "Metaspace":
      let mark = Array(try string(value, "replacement").utf8)
      var prepend = try choice(value, "prepend_scheme", of: PreTokenizer.PrependScheme.self) ?? .always
      if try !flag(value, "add_prefix_space", default: true) { prepend = .never }
      return [.metaspace(mark: mark, dropsFirst: prepend != .never)]
    case let name: throw error("decoder \(name) is not supported", at: value)
    }
  }

  // MARK: - Members

  func shown(_ value: DocumentValue) -> String { value.string.map { "\"\($0)\"" } ?? value.kindName }

  func type(of value: DocumentValue) throws(DocumentError) -> String {
    guard let type = value["type"]?.string else { throw error("expected an object with a \"type\"", at: value) }
    return type
  }

  func list(_ value: DocumentValue, _ key: String) throws(DocumentError) -> [DocumentValue] {
    guard let list = value[key]?.array else { throw error("expected a list \"\(key)\"", at: value) }
    return list
  }

  func string(_ value: DocumentValue, _ key: String) throws(DocumentError) -> String {
    guard let string = value[key]?.string else { throw error("expected a string \"\(key)\"", at: value) }
    return string
  }

  func count(_ value: DocumentValue, _ key: String) throws(DocumentError) -> Int {
    guard let count = value[key]?.integer, count >= 0 else {
      throw error("expected a number \"\(key)\" from 0", at: value)
    }
    return count
  }

  func flag(_ value: DocumentValue, _ key: String, default standard: Bool = false) throws(DocumentError) -> Bool {
    guard let member = value[key] else { return standard }
    guard let flag = member.bool else {
      throw error("\"\(key)\" is true or false, found \(member.kindName)", at: member)
    }
    return flag
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ value: DocumentValue, _ key: String, of type: Choice.Type
  ) throws(DocumentError) -> Choice? {
    guard let member = value[key] else { return nil }
    guard let choice = member.string.flatMap(Choice.init) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("\"\(key)\" is one of \(names), found \(shown(member))", at: member)
    }
    return choice
  }

  /// The text of a pattern that is a fixed text.
  func fixedPattern(_ value: DocumentValue) throws(DocumentError) -> [UInt8] {
    guard let pattern = value["pattern"] else { throw error("expected a \"pattern\"", at: value) }
    if let expression = pattern["Regex"] {
      throw error("the regular expression \(shown(expression)) is not one of those that are supported", at: expression)
    }
    guard let text = pattern["String"]?.string, !text.isEmpty else {
      throw error("expected a pattern {\"String\": text}", at: pattern)
    }
    return Array(text.utf8)
  }
}
