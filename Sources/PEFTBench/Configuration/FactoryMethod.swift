import PEFTCore

/// One of the nineteen methods of PEFT-Factory: how its configs ask for it, and which method here that is.
///
/// Source: PEFT-Factory, arXiv 2512.02764, and the options of its configs (those of LLaMA-Factory, of Hugging Face PEFT and
/// of the adapters library).
package struct FactoryMethod: Sendable {
  /// What kind of method it is, as the paper sorts them.
  package enum Family: String, Sendable, CaseIterable {
    case reparametrized = "reparametrized"
    case prompt = "prompts and others of PEFT"
    case adapter = "adapters"
    case selective = "selective"
  }

  /// An option of a method there.
  package struct Option: Sendable {
    /// What becomes of it here.
    package enum Meaning: Sendable {
      /// An option of the method here.
      case option(String)
      /// Only these values can be had here.
      case only([JSONValue])
      /// It says nothing here: the steps of an approximation that is exact here, or what is always done.
      case silent
    }

    /// Its name there.
    package let name: String
    /// Its default there; null for none.
    package let defaultValue: JSONValue
    /// What becomes of it here.
    package let meaning: Meaning
    /// Whether a config that does not say it means another value than the method here would take.
    let isWritten: Bool
    /// Values that are written otherwise here.
    let translations: [OptionAlias.Translation]

    init(
      _ name: String, _ defaultValue: JSONValue = .null, _ meaning: Meaning, isWritten: Bool = false,
      translations: [OptionAlias.Translation] = []
    ) {
      self.name = name
      self.defaultValue = defaultValue
      self.meaning = meaning
      self.isWritten = isWritten
      self.translations = translations
    }
  }

  /// Its name in the paper.
  package let title: String
  /// What kind of method it is.
  package let family: Family
  /// The value of `finetuning_type` that asks for it.
  package let type: String
  /// The option that asks for it beside that, where the type is that of several methods: with the value, or with any.
  package let choice: (name: String, value: JSONValue?)?
  /// The method here.
  package let method: String
  /// Its options.
  package let options: [Option]

  init(
    _ title: String, _ family: Family, type: String, choice: (name: String, value: JSONValue?)? = nil, method: String,
    _ options: [Option]
  ) {
    (self.title, self.family, self.type, self.choice, self.method) = (title, family, type, choice, method)
    self.options = options
  }

  /// How a config there asks for it.
  package var keys: String {
    guard let choice else { return type }
    return "\(type) + \(choice.name)" + (choice.value.map { ": \($0.compactText)" } ?? "")
  }
}

extension FactoryMethod {
  /// An entry of `methods` in our own words, if it has PEFT-Factory's `finetuning_type` in place of a name.
  ///
  /// Its other keys are then PEFT-Factory's too. What it does not say has PEFT-Factory's default where that is another one
  /// than ours.
  ///
  /// - Throws: `DocumentError` for a type that PEFT-Factory does not have, or a value that cannot be had here.
  static func translated(
    _ entry: DocumentObject, path: String, text: DocumentText
  ) throws(DocumentError) -> DocumentObject {
    guard let type = entry["finetuning_type"], let member = entry.members.first(where: { $0.key == "finetuning_type" })
    else { return entry }
    func error(_ key: String, _ message: String, at offset: Int) -> DocumentError {
      DocumentError("\(path).\(key): \(message)", at: offset, of: text)
    }
    if entry["name"] != nil {
      throw error("finetuning_type", "means the same as \"name\"; give one of them", at: member.keyOffset)
    }
    let word = type.string ?? ""
    guard let method = all.first(where: { $0.isMeant(by: entry, type: word) }) else {
      var types: [String] = []
      for method in all where !types.contains(method.type) { types.append(method.type) }
      let hint = NearestName.of(word, among: types).map { "; did you mean \"\($0)\"?" } ?? "."
      throw error(
        "finetuning_type",
        word == "full"
          ? "\"full\" is a method of PEFT-Factory with use_galore: true alone; full fine-tuning here is name: full"
          : "unknown type \(type.shown)\(hint) Available: \(types.joined(separator: ", "))", at: type.offset)
    }
    var members: [DocumentObject.Member] = [
      .init(key: "name", keyOffset: member.keyOffset, value: DocumentValue(.string(method.method), offset: type.offset))
    ]
    for given in entry.members where given.key != "finetuning_type" {
      // There, null is an option that is not given, one of another form of the method too.
      if given.value.isNull,
        all.contains(where: { $0.type == method.type && $0.options.contains { $0.name == given.key } })
      {
        continue
      }
      guard let option = method.options.first(where: { $0.name == given.key }) else {
        members.append(given)
        continue
      }
      switch option.meaning {
      case .option(let name): members.append(method.renamed(given, to: name, option))
      case .silent: break
      case .only(let values):
        guard values.contains(JSONValue(given.value)) else {
          throw error(
            given.key,
            "expected \(values.map(\.compactText).joined(separator: " or ")), which is all that "
              + "\(method.method) has here, found \(given.value.shown)", at: given.value.offset)
        }
      }
    }
    for option in method.options where option.isWritten {
      guard case .option(let name) = option.meaning, method.value(of: name, in: entry) == nil,
        // A text to start from says the start.
        name != "init" || method.value(of: "init_text", in: entry) == nil,
        let value = try method.defaultValue(option, entry, error)
      else {
        continue
      }
      let written = DocumentObject.Member(
        key: option.name, keyOffset: member.keyOffset, value: DocumentValue(json: value, at: type.offset))
      members.append(method.renamed(written, to: name, option))
    }
    return DocumentObject(members)
  }

  private func isMeant(by entry: DocumentObject, type word: String) -> Bool {
    guard word == type else { return false }
    guard let choice else { return true }
    guard let value = entry[choice.name], !value.isNull else { return false }
    return choice.value.map { $0 == JSONValue(value) } ?? true
  }

  /// A member under the option's name here, unless the method takes the name there itself.
  private func renamed(
    _ member: DocumentObject.Member, to name: String, _ option: Option
  ) -> DocumentObject.Member {
    let ours = option.translations.first { $0.theirs == JSONValue(member.value) }?.ours
    let value = ours.map { DocumentValue(json: $0, at: member.value.offset) } ?? member.value
    let known = MethodConfiguration.options(ofMethod: method)?.contains { $0.names.contains(member.key) } ?? false
    return .init(key: known ? member.key : name, keyOffset: member.keyOffset, value: value)
  }

  /// What an entry says about an option of the method here, under any of its names; nil for nothing, or null.
  private func value(of name: String, in entry: DocumentObject) -> DocumentObject.Member? {
    var names = Set(MethodConfiguration.options(ofMethod: method)?.first { $0.name == name }?.names ?? [name])
    for option in options {
      if case .option(name) = option.meaning { names.insert(option.name) }
    }
    return entry.members.first { names.contains($0.key) && !$0.value.isNull }
  }

  /// What an option means that is not given; alpha there is twice the rank.
  private func defaultValue(
    _ option: Option, _ entry: DocumentObject, _ error: (String, String, Int) -> DocumentError
  ) throws(DocumentError) -> JSONValue? {
    guard option.name == "lora_alpha" else { return option.defaultValue == .null ? nil : option.defaultValue }
    guard let rank = value(of: "rank", in: entry) else { return 16 }
    guard let number = rank.value.integer else {
      throw error(
        rank.key, "give lora_alpha too: without it, it is twice the rank, of which there are several",
        rank.value.offset)
    }
    return JSONValue(2 * number)
  }
}
