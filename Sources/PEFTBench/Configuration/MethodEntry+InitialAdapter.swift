import PEFTCore
import PEFTMethods

extension MethodEntry {
  /// The entry with what its method must be told and it does not say, taken from the adapter that it starts from.
  ///
  /// - Parameters:
  ///   - source: Where the adapter comes from; nothing is taken from one that is not there, or is of another method.
  ///   - types: Where the method is looked up.
  /// - Throws: An `InputError` for an adapter that cannot be read.
  func takingOverRequired(from source: AdapterSource, among types: MethodTypes) throws -> MethodEntry {
    guard let type = types(name), let described = MethodConfiguration.options(of: type) else { return self }
    let givenNames = Set(given.map { described.canonical($0).key })
    let missing = described.filter { $0.isRequired && !givenNames.contains($0.name) }.map(\.name)
    guard !missing.isEmpty, source.isThere, let adapter = try source.outline(), try adapter.method(as: type) != nil
    else {
      return self
    }
    let taken = try adapter.options(as: type).filter { missing.contains($0.name) }
    return with(
      given + taken.map { .init(key: $0.name, keyOffset: offset, value: DocumentValue(json: $0.value, at: offset)) })
  }

  /// The entry with the options of the adapter that it starts from, where it says nothing.
  ///
  /// The values of an adapter mean what they mean only with its own factor, patterns and targets. Options that matter
  /// to training alone may differ.
  ///
  /// - Parameters:
  ///   - adapter: The adapter.
  ///   - method: What the entry means by itself.
  ///   - types: Where the parts of a combined method are looked up.
  /// - Throws: An `InputError` for an adapter of another method, or an option that the entry gives otherwise.
  func takingOver(
    _ adapter: AdapterFile, by method: UnderstoodMethod, among types: MethodTypes
  ) throws -> MethodEntry {
    let type = method.type
    guard try adapter.method(as: type) != nil else {
      let savedType = Swift.type(of: try adapter.method())
      throw error(".init_from: \(adapter.path) is an adapter of \(savedType.name), not of \(type.name)")
    }
    guard adapter.partFiles.isEmpty else { return try takingOverParts(of: adapter, among: types) }
    let described = MethodConfiguration.options(of: type) ?? []
    let givenNames = Set(given.map { described.canonical($0).key })
    let savedOptions = try adapter.options(as: type)
    let saved = Dictionary(savedOptions.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    let own = Dictionary(method.method.options.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    // Any list may say the same as this word, and an adapter without targets leaves them to the model's family; what is
    // chosen so must have a tensor each, and the adapter no other, which loading it finds out.
    let choosesItself =
      own["target_modules"] == "all-linear" || givenNames.contains("target_modules") && saved["target_modules"] == nil
    for member in given {
      let key = described.canonical(member).key
      guard !type.trainingOptions.contains(key), own[key] != saved[key] else { continue }
      if choosesItself, Self.targetOptions.contains(key) { continue }
      throw error(
        ".\(member.key): is \(Self.text(own[key])) here, but \(Self.text(saved[key])) in the adapter that init_from "
          + "names, \(adapter.path); leave the key out to take over the adapter's",
        at: member.value.offset)
    }
    let taken = savedOptions.filter { option in
      !givenNames.contains(option.name) && !type.runOptions.contains(option.name)
        && !(choosesItself && Self.targetOptions.contains(option.name))
    }
    return with(
      given + taken.map { .init(key: $0.name, keyOffset: offset, value: DocumentValue(json: $0.value, at: offset)) })
  }

  /// The entry with the options of a combined method's adapter, part by part.
  private func takingOverParts(of adapter: AdapterFile, among types: MethodTypes) throws -> MethodEntry {
    let entries = options["parts"]?.array ?? []
    guard entries.count == adapter.partFiles.count else {
      throw error(
        ".parts: expected the \(adapter.partFiles.count) parts of the adapter that init_from names, "
          + "\(adapter.path), found \(entries.count)", at: options["parts"]?.offset)
    }
    var parts: [DocumentValue] = []
    for (index, (entry, file)) in zip(entries, adapter.partFiles).enumerated() {
      let members =
        entry.object?.members ?? [.init(key: "name", keyOffset: entry.offset, value: entry)]
      let part = MethodEntry(
        name: members.first { $0.key == "name" }?.value.string ?? "",
        options: DocumentValue(.object(DocumentObject(members.filter { $0.key != "name" })), offset: entry.offset),
        path: "\(path).parts[\(index)]", offset: entry.offset, text: text)
      let whole = try part.takingOver(file, by: UnderstoodMethod(part, among: types), among: types)
      let taken = members.filter { $0.key == "name" } + (whole.options.object?.members ?? [])
      parts.append(DocumentValue(.object(DocumentObject(taken)), offset: entry.offset))
    }
    return with(
      (options.object?.members ?? []).map { member in
        guard member.key == "parts" else { return member }
        return DocumentObject.Member(
          key: member.key, keyOffset: member.keyOffset,
          value: DocumentValue(.array(parts), offset: member.value.offset))
      })
  }

  private static let targetOptions: Set<String> = [
    "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern",
  ]

  private static func text(_ value: JSONValue?) -> String { value?.compactText ?? "not set" }
}
