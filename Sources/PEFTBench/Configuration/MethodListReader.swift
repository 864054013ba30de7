import PEFTCore
import PEFTMethods

/// Reads the list of methods: splits training keys from the methods' own, expands grids, and makes labels unique.
struct MethodListReader {
  let file: ConfigFile
  /// The elements of `training`'s grid, unread.
  let trainings: [DocumentObject]
  /// What methods without a learning rate take values from, if the config asks for it.
  let presets: PresetChoice?
  /// Where methods are looked up.
  let types: MethodTypes
  /// Whether methods that are not understood are no error.
  let isForNames: Bool

  /// A method with its entry as it is written.
  private struct Read {
    var method: MethodConfiguration
    let written: MethodEntry
  }

  func methods(_ values: [DocumentValue]) throws -> [MethodConfiguration] {
    var methods: [Read] = []
    for (index, value) in values.enumerated() {
      let path = "methods[\(index)]"
      for value in try CombinationEntries.expanded(value, at: path, of: file.text) {
        methods += try entry(value, path: path)
      }
      guard methods.count <= OptionGrid.maximumCount else {
        throw DocumentError(
          "methods: the lists make more than \(OptionGrid.maximumCount) combinations", at: value.offset, of: file.text)
      }
    }
    // A report reads configs of runs that are done.
    if !isForNames { try checkNumbers(methods) }
    return try labelled(methods)
  }

  private func entry(_ value: DocumentValue, path: String) throws -> [Read] {
    var object: DocumentObject
    switch value.content {
    case .string: object = DocumentObject([.init(key: "name", keyOffset: value.offset, value: value)])
    case .object(let members): object = members
    default:
      throw DocumentError(
        "\(path): expected a method's name or an object with one, found \(value.shown)", at: value.offset,
        of: file.text)
    }
    object = try FactoryMethod.translated(object, path: path, text: file.text)
    // The keys of an entry that belong neither to the method nor to training.
    var own = try OptionReader(
      value: DocumentValue(.object(object), offset: value.offset), text: file.text,
      what: "a method entry", path: path)
    let (written, givenLabel, initialAdapter) = try Self.entryKeys(&own)
    // One run has one name, and one id, however its method is spelled.
    let name = types(written)?.name ?? written
    let (source, strengths) = try AdapterSource.reading(initialAdapter, of: own, in: file)
    let label = givenLabel ?? name
    let ownOptions = types(name).flatMap(MethodConfiguration.options) ?? []
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
      text: file.text, path: path)
    var overridden = Set(
      TrainingConfiguration.options.filter { option in
        members.contains { trainingNames.contains($0.key) && option.names.contains($0.key) }
      }.flatMap(\.names))
    // What trains nothing has no strategy, or a grid of them would plan one run several times.
    if !MethodRegistry.trains(name) { overridden.insert(TrainingStrategy.key) }

    let bases = try bases(without: overridden)
    let count = combinations.count * bases.count * strengths.count
    guard count <= OptionGrid.maximumCount else {
      throw DocumentError(
        "\(path): the lists make \(count) combinations, of which at most \(OptionGrid.maximumCount) are run",
        at: value.offset, of: file.text)
    }
    let isRateGiven = trainings.contains { $0["learning_rate"] != nil }
    var result: [Read] = []
    for combination in combinations {
      var known: [TrainingConfiguration] = []
      for base in bases {
        let training = DocumentObject(combination.members.filter { trainingNames.contains($0.key) })
        var reader = try OptionReader(
          value: DocumentValue(.object(training), offset: value.offset), text: file.text, what: "training", path: path)
        let entry = MethodEntry(
          name: name,
          options: DocumentValue(
            .object(DocumentObject(combination.members.filter { !trainingNames.contains($0.key) })),
            offset: value.offset),
          path: path, offset: object["name"]?.offset ?? value.offset, text: file.text)
        let settings = try TrainingConfiguration(reading: &reader, base: base)
        // Steps of the entry's own make one run of a grid of epochs, and so do other units, and a strategy that replaces
        // what the grid is over.
        let counting = settings.forgettingReplaced(by: reader.has)
        guard !known.contains(counting) else { continue }
        known.append(counting)
        if MethodRegistry.trains(name), !isForNames, settings.givesIdleMomentum(reader) {
          throw reader.error(TrainingConfiguration.momentumKey, settings.idleMomentum)
        }
        var method = try MethodConfiguration(
          entry, among: types, label: label, training: settings, from: source, isForNames: isForNames)
        if presetObject != nil { method.preset = presets?.size.name }
        let hasRate = combination.members.contains { $0.key == "learning_rate" } || isRateGiven
        if presetObject == nil, !hasRate { method.missingPreset = presets?.size.name }
        if method.isZeroShot, method.training.strategy != .standard, !isForNames {
          throw DocumentError(
            "\(path).\(TrainingStrategy.key): \(name) trains nothing, so that \(method.training.strategy.label) does "
              + "nothing; expected \(TrainingStrategy.standardName), or nothing at all",
            at: object[TrainingStrategy.key]?.offset ?? value.offset, of: file.text)
        }
        if source.choice != nil, !method.training.holdsRowsBack {
          throw DocumentError(
            "\(path).init_from.\(AdapterChoice.key): there are no rows to choose on, since validation_fraction is 0; "
              + "expected such as validation_fraction: 0.1",
            at: object["init_from"]?[AdapterChoice.key]?.offset ?? value.offset, of: file.text)
        }
        if method.trains, strengths != [1] {
          throw DocumentError(
            "\(path).init_from.strength: is for runs that train nothing, with steps: 0",
            at: object["init_from"]?.offset ?? value.offset, of: file.text)
        }
        result += strengths.map { strength in
          method.strength = strength
          return Read(method: method, written: entry)
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
          "the folder of a saved adapter to start from, whose options are taken over, or a combination of several (below); "
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
  private func labelled(_ read: [Read]) throws(DocumentError) -> [MethodConfiguration] {
    var result = read.map(\.method)
    var groups: [String: [Int]] = [:]
    for (index, method) in result.enumerated() { groups[method.label, default: []].append(index) }
    for (label, group) in groups.sorted(by: { $0.key < $1.key }) where group.count > 1 {
      let values = group.map { settings(read[$0]) }
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
          throw read[index].written.error(
            ": the same as \(read[first].written.path); remove one of them, or give it a label")
        }
      }
    }
    return result
  }

  /// Refuses methods that differ in nothing but options which change no number: they would be one run twice.
  private func checkNumbers(_ read: [Read]) throws(DocumentError) {
    var known: [String: Int] = [:]
    for (index, one) in read.enumerated() where MethodRegistry.trains(one.method.name) {
      let own = settings(one)
      var counting = own
      // An option of the method may have the name of a training key.
      let idle = one.method.training.idleKeys.filter { one.written.given($0.key) == nil }
      let keys =
        TrainingConfiguration.keysWithoutNumbers.map { (key: $0, reason: "") }
        + idle.map { (key: $0.key, reason: " beside \($0.reason)") }
      for (key, _) in keys { counting[key] = nil }
      guard let first = known.updateValue(index, forKey: JSONValue.object(counting).compactText) else { continue }
      let other = settings(read[first])
      if let (key, reason) = keys.first(where: { own[$0.key] != other[$0.key] }) {
        throw one.written.error(
          ": \(key) changes no number\(reason), so a list of it makes the same run twice; expected one value for both "
            + "(\(text(of: other[key] ?? .null)) and \(text(of: own[key] ?? .null)))")
      }
    }
  }

  private func settings(_ read: Read) -> JSONObject {
    let method = read.method
    var settings = JSONObject()
    settings["method"] = .string(method.name)
    for member in read.written.options.object?.members ?? [] { settings[member.key] = JSONValue(member.value) }
    if case .object(let training) = method.training.json {
      for member in training.members where settings[member.key] == nil { settings[member.key] = member.value }
    }
    settings[TrainingStrategy.key] = .string(method.training.strategy.label)
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
