import PEFTCore
import PEFTMethods

/// One method to train, with one combination of options: an entry of `methods` with its grids expanded.
package struct MethodConfiguration: Sendable {
  /// The method's name as written; its registry knows whether it exists.
  package var name: String
  /// What reports call it: the entry's label or the name, with the values that tell it from others.
  package var label: String
  /// The method's own options, located; training keys, `name`, `label` and `init_from` are gone.
  package var options: DocumentValue
  /// The dotted place of the entry, such as `methods[0]`.
  package var place: String
  /// Where the name stands, for the registry's error.
  package var nameOffset: Int
  /// How it is trained: the config's `training` with the entry's own keys on top.
  package var training: TrainingConfiguration
  /// The folder of a saved adapter to start from, resolved.
  package var initialAdapter: String? { if case .saved(let folder) = adapterSource { folder } else { nil } }
  /// Where the values of its adapter come from before any training.
  var adapterSource: AdapterSource
  /// The part of that adapter's strength that is evaluated; 1 is the adapter itself (`CausalLanguageModel.setStrength`).
  package var strength = 1.0
  /// The size of the presets that values were taken from, if any were.
  package var preset: String?

  /// Whether it is the base model alone, which has nothing to train and depends on no seed.
  package var isZeroShot: Bool { !MethodRegistry.trains(name) }

  /// Whether a run of it trains; if not, it judges what is attached as it is.
  package var trains: Bool { !isZeroShot && training.trains }

  /// The adapter that it starts from as a config would say it; nil for values of its own.
  var initialAdapterJSON: JSONValue? { adapterSource.json(at: strength) }

  /// A reader of the method's own options, for `init(reading:)` of the method.
  package func reader(of file: ConfigFile) throws(DocumentError) -> OptionReader {
    try OptionReader(value: options, text: file.text, what: "method \(name)", path: place)
  }
}

/// Reads the list of methods: splits training keys from the methods' own, expands grids, and makes labels unique.
struct MethodListReader {
  let file: ConfigFile
  /// The elements of `training`'s grid, unread.
  let trainings: [DocumentObject]
  /// What methods without a learning rate take values from, if the config asks for it.
  let presets: PresetChoice?
  let methodOptions: (String) -> [OptionDescription]?

  func methods(_ values: [DocumentValue]) throws(DocumentError) -> [MethodConfiguration] {
    var methods: [MethodConfiguration] = []
    for (index, value) in values.enumerated() {
      let place = "methods[\(index)]"
      for value in try CombinationEntries.expanded(value, at: place, of: file.text) {
        methods += try entry(value, place: place)
      }
      guard methods.count <= OptionGrid.maximumCount else {
        throw DocumentError(
          "methods: the lists make more than \(OptionGrid.maximumCount) combinations", at: value.offset, of: file.text)
      }
    }
    return try labelled(methods)
  }

  private func entry(_ value: DocumentValue, place: String) throws(DocumentError) -> [MethodConfiguration] {
    var object: DocumentObject
    switch value.content {
    case .string: object = DocumentObject([.init(key: "name", keyOffset: value.offset, value: value)])
    case .object(let members): object = members
    default:
      throw DocumentError(
        "\(place): expected a method's name or an object with one, found \(value.shown)", at: value.offset,
        of: file.text)
    }
    object = try FactoryMethod.translated(object, place: place, text: file.text)
    // The keys of an entry that belong neither to the method nor to training.
    var own = try OptionReader(
      value: DocumentValue(.object(object), offset: value.offset), text: file.text,
      what: "a method entry", path: place)
    let (name, givenLabel, initialAdapter) = try Self.entryKeys(&own)
    let (source, strengths) = try AdapterSource.reading(initialAdapter, of: own, in: file)
    let label = givenLabel ?? name
    let ownOptions = methodOptions(name) ?? []
    let ownNames = Set(ownOptions.flatMap(\.names))
    let trainingNames = Set(TrainingConfiguration.options.flatMap(\.names)).subtracting(ownNames)
    let presetObject = presets?.entry(
      object, method: name, options: ownOptions + TrainingConfiguration.options,
      training: Set(trainings.flatMap { $0.members.map(\.key) }))
    if let presetObject { object = presetObject }
    let members = object.members.filter { !["name", "label", "init_from"].contains($0.key) }
    let combinations = try OptionGrid.expand(
      DocumentObject(members),
      options: ownOptions + TrainingConfiguration.options.filter { !ownNames.contains($0.name) },
      text: file.text, path: place)
    let overridden = Set(
      TrainingConfiguration.options.filter { option in
        members.contains { trainingNames.contains($0.key) && option.names.contains($0.key) }
      }.flatMap(\.names))

    let bases = try bases(without: overridden)
    let count = combinations.count * bases.count * strengths.count
    guard count <= OptionGrid.maximumCount else {
      throw DocumentError(
        "\(place): the lists make \(count) combinations, of which at most \(OptionGrid.maximumCount) are run",
        at: value.offset, of: file.text)
    }
    var result: [MethodConfiguration] = []
    for combination in combinations {
      for base in bases {
        let training = DocumentObject(combination.members.filter { trainingNames.contains($0.key) })
        var reader = try OptionReader(
          value: DocumentValue(.object(training), offset: value.offset), text: file.text, what: "training", path: place)
        let method = MethodConfiguration(
          name: name, label: label,
          options: DocumentValue(
            .object(DocumentObject(combination.members.filter { !trainingNames.contains($0.key) })),
            offset: value.offset),
          place: place, nameOffset: object["name"]?.offset ?? value.offset,
          training: try TrainingConfiguration(reading: &reader, base: base),
          adapterSource: source, preset: presetObject == nil ? nil : presets?.size.name)
        if method.trains, strengths != [1] {
          throw DocumentError(
            "\(place).init_from.strength: is for runs that train nothing, with steps: 0",
            at: object["init_from"]?.offset ?? value.offset, of: file.text)
        }
        result += strengths.map { strength in
          var method = method
          method.strength = strength
          return method
        }
      }
    }
    return result
  }

  private static func entryKeys(_ reader: inout OptionReader) throws(DocumentError)
    -> (name: String, label: String?, initialAdapter: DocumentValue?)
  {
    let name = try reader.string("name", about: "the method")
    // An entry that has it is translated before.
    _ = try reader.optionalString(
      "finetuning_type",
      about: "PEFT-Factory's name of the method, in place of `name`: the other keys are then PEFT-Factory's too, and "
        + "what is not said has its default (`list methods --of peft-factory`)")
    return (
      name,
      try reader.optionalString("label", about: "what reports call it; the name unless given"),
      try reader.value(
        "init_from",
        about:
          "the folder of a saved adapter to start from, whose options are taken over, or a combination of several; "
          + "with {path: FOLDER, strength: 0.5} a part of it is evaluated")
    )
  }

  /// What an entry of `methods` may have beside the method's options and the keys of `training`.
  static let entryOptions =
    (try? OptionReader.describing { reader in _ = try entryKeys(&reader) }) ?? []

  /// The different trainings that remain of the config's grid when an entry sets some keys itself.
  private func bases(without overridden: Set<String>) throws(DocumentError) -> [TrainingConfiguration] {
    var bases: [TrainingConfiguration] = []
    for object in trainings {
      let rest = DocumentObject(object.members.filter { !overridden.contains($0.key) })
      var reader = try OptionReader(
        value: DocumentValue(.object(rest)), text: file.text, what: "training", path: "training")
      let base = try TrainingConfiguration(reading: &reader)
      if !bases.contains(base) { bases.append(base) }
    }
    return bases
  }

  /// Adds to equal labels the values that tell their methods apart, such as `lora (rank=8)`.
  private func labelled(_ methods: [MethodConfiguration]) throws(DocumentError) -> [MethodConfiguration] {
    var result = methods
    var groups: [String: [Int]] = [:]
    for (index, method) in methods.enumerated() { groups[method.label, default: []].append(index) }
    for (label, group) in groups.sorted(by: { $0.key < $1.key }) where group.count > 1 {
      let values = group.map { settings(methods[$0]) }
      var keys: [String] = []
      for object in values { keys += object.members.map(\.key).filter { !keys.contains($0) } }
      let differing = keys.filter { key in values.contains { $0[key] != values[0][key] } }
      var seen: [String: Int] = [:]
      for (object, index) in zip(values, group) {
        let parts = differing.compactMap { key in
          object[key].flatMap { $0 == .null ? nil : "\(key)=\(text(of: $0))" }
        }
        result[index].label = parts.isEmpty ? label : "\(label) (\(parts.joined(separator: ", ")))"
        if let first = seen.updateValue(index, forKey: result[index].label) {
          throw DocumentError(
            "\(methods[index].place): the same as \(methods[first].place); remove one of them, or give it a label",
            at: methods[index].nameOffset, of: file.text)
        }
      }
    }
    return result
  }

  private func settings(_ method: MethodConfiguration) -> JSONObject {
    var settings = JSONObject()
    settings["method"] = .string(method.name)
    for member in method.options.object?.members ?? [] { settings[member.key] = JSONValue(member.value) }
    if case .object(let training) = method.training.json {
      for member in training.members where settings[member.key] == nil { settings[member.key] = member.value }
    }
    settings["strategy"] = .string(method.training.strategy.label)
    settings["init_from"] = method.adapterSource.json ?? .null
    settings["strength"] = JSONValue(method.strength)
    return settings
  }

  private func text(of value: JSONValue) -> String {
    switch value {
    case .string(let word): word
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? value.compactText
    default: value.compactText
    }
  }
}
