import PEFTCore
import PEFTMethods

extension MethodConfiguration {
  /// Takes over the options of the adapter that the method starts from, where the entry says nothing.
  ///
  /// The values of an adapter mean what they mean only with its own factor, patterns and targets. Options that matter
  /// to training alone may differ. An adapter that is not there is left to whoever opens it: a config is read for
  /// reports too.
  ///
  /// - Throws: An `InputError` for an adapter of another method, or an option that the entry gives otherwise.
  mutating func takeOverInitialAdapter(of file: ConfigFile) throws {
    guard adapterSource.isThere, let adapter = try adapterSource.outline() else { return }
    try takeOver(adapter, of: file)
  }

  private mutating func takeOver(_ adapter: AdapterFile, of file: ConfigFile) throws {
    let initialAdapter = adapter.path
    let method = try method(of: file)
    let type = Swift.type(of: method)
    guard try adapter.method(as: type) != nil else {
      let savedType = Swift.type(of: try adapter.method())
      throw DocumentError(
        "\(place).init_from: \(initialAdapter) is an adapter of \(savedType.name), not of \(type.name)", at: nameOffset,
        of: file.text)
    }
    guard adapter.partFolders.isEmpty else { return try takeOverParts(of: adapter, of: file) }
    let described = Self.options(ofMethod: name) ?? []
    let given = options.object?.members ?? []
    let givenNames = Set(given.filter { !$0.value.isNull }.map { described.canonical($0).key })
    let savedOptions = try adapter.options(as: type)
    let saved = Dictionary(savedOptions.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    let own = Dictionary(method.options.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    // Any list may say the same as this word, and an adapter without targets leaves them to the model's family; what is
    // chosen so must have a tensor each, and the adapter no other, which loading it finds out.
    let choosesItself =
      own["target_modules"] == "all-linear" || givenNames.contains("target_modules") && saved["target_modules"] == nil
    for member in given where !member.value.isNull {
      let key = described.canonical(member).key
      guard !type.trainingOptions.contains(key), own[key] != saved[key] else { continue }
      if choosesItself, Self.targetOptions.contains(key) { continue }
      throw DocumentError(
        "\(place).\(member.key): is \(Self.text(own[key])) here, but \(Self.text(saved[key])) in the adapter that init_from "
          + "names, \(initialAdapter); leave the key out to take over the adapter's",
        at: member.value.offset, of: file.text)
    }
    var members = given.filter { !$0.value.isNull }
    for option in savedOptions where !givenNames.contains(option.name) && !type.runOptions.contains(option.name) {
      if choosesItself, Self.targetOptions.contains(option.name) { continue }
      members.append(
        .init(key: option.name, keyOffset: nameOffset, value: DocumentValue(json: option.value, at: nameOffset)))
    }
    options = DocumentValue(.object(DocumentObject(members)), offset: options.offset)
  }

  /// Takes over the options of a combined method's adapter, part by part.
  private mutating func takeOverParts(of adapter: AdapterFile, of file: ConfigFile) throws {
    let entries = options["parts"]?.array ?? []
    guard entries.count == adapter.partFolders.count else {
      throw DocumentError(
        "\(place).parts: expected the \(adapter.partFolders.count) parts of the adapter that init_from names, "
          + "\(adapter.path), found \(entries.count)", at: options["parts"]?.offset ?? nameOffset, of: file.text)
    }
    var parts: [DocumentValue] = []
    for (index, (entry, folder)) in zip(entries, adapter.partFolders).enumerated() {
      let members =
        entry.object?.members ?? [.init(key: "name", keyOffset: entry.offset, value: entry)]
      var part = self
      part.name = members.first { $0.key == "name" }?.value.string ?? ""
      part.options = DocumentValue(
        .object(DocumentObject(members.filter { $0.key != "name" })), offset: entry.offset)
      part.place = "\(place).parts[\(index)]"
      part.nameOffset = entry.offset
      try part.takeOver(try AdapterFile.open("\(adapter.path)/\(folder)"), of: file)
      let taken = members.filter { $0.key == "name" } + (part.options.object?.members ?? [])
      parts.append(DocumentValue(.object(DocumentObject(taken)), offset: entry.offset))
    }
    let members = (options.object?.members ?? []).map { member in
      guard member.key == "parts" else { return member }
      return DocumentObject.Member(
        key: member.key, keyOffset: member.keyOffset,
        value: DocumentValue(.array(parts), offset: member.value.offset))
    }
    options = DocumentValue(.object(DocumentObject(members)), offset: options.offset)
  }

  private static let targetOptions: Set<String> = [
    "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern",
  ]

  private static func text(_ value: JSONValue?) -> String { value?.compactText ?? "not set" }
}
