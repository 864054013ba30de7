import PEFTCore
import PEFTMethods

extension MethodConfiguration {
  /// The method with these options.
  ///
  /// - Throws: An `InputError` that locates an unknown method, an unknown key or a wrong value.
  package func method(of file: ConfigFile) throws -> any PEFTMethod {
    var reader = try reader(of: file)
    let method = try methodType(in: file).init(reading: &reader)
    try reader.finish(beside: ["label", "init_from"] + TrainingConfiguration.options.map(\.name))
    return method
  }

  private func methodType(in file: ConfigFile) throws(DocumentError) -> any PEFTMethod.Type {
    guard let type = MethodRegistry.method(named: name) else {
      throw DocumentError("\(place): \(MethodRegistry.unknown(name))", at: nameOffset, of: file.text)
    }
    return type
  }

  /// Attaches the method with these options to a model, with the values of the adapter that it starts from, if any,
  /// at its strength.
  ///
  /// - Parameters:
  ///   - model: The model, with nothing attached.
  ///   - setting: What else the method may need.
  ///   - file: The config.
  ///   - modelHash: The hash of the model's weights, by which origins are told.
  /// - Throws: An `InputError`; for an option that does not fit the model, with its place in the config; for a saved
  ///   adapter that does not fit.
  package func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, of file: ConfigFile, modelHash: String? = nil
  ) throws -> AttachedMethod {
    // Origins of other adapters are made on the model while nothing is attached.
    let initial = try adapterSource.adapter(
      on: LoadedBase(model: model, tokenizer: setting.tokenizer, context: setting.context), modelHash: modelHash,
      workers: setting.context.workers)
    do {
      // A saved adapter's values replace what the method starts from.
      let attachment = try method(of: file).attach(
        to: model, with: initial == nil ? setting : setting.with(rows: .irrelevant))
      do {
        try initial?.load(into: attachment)
        if strength != 1 { try model.setStrength(Float(strength)) }
      } catch {
        attachment.detach()
        throw error
      }
      return attachment
    } catch let error as AttachError {
      let described = error.option.flatMap { option in
        Self.options(ofMethod: name)?.first { $0.name == option }?.names
      }
      let given = described?.lazy.compactMap { options[$0]?.offset }.first
      throw DocumentError("\(place): \(error.description)", at: error.offset ?? given ?? nameOffset, of: file.text)
    }
  }

  /// The method's options as it understands them, by key: defaults filled in, other spellings under the option's name.
  ///
  /// An option without a default that is given as false or empty says nothing if the method takes it as not given, and
  /// is left out as if it were not.
  ///
  /// - Parameters:
  ///   - file: The config.
  ///   - type: The method; that of the registry unless given.
  /// - Throws: An `InputError` that locates an unknown method or a wrong value.
  package func canonicalOptions(of file: ConfigFile, as type: (any PEFTMethod.Type)? = nil) throws -> JSONObject {
    var reader = try reader(of: file)
    let method = try (type ?? methodType(in: file)).init(reading: &reader)
    let said = Set(method.options.filter { $0.value != .null }.map(\.name))
    let optional = Set(reader.descriptions.filter { $0.defaultValue == nil }.map(\.name))
    let silent: [JSONValue] = [.bool(false), .array([]), .object(JSONObject())]
    let members = reader.values.members.filter { key, value in
      said.contains(key) || !optional.contains(key) || !silent.contains(value)
    }
    return JSONObject(distinct: members.sorted { $0.key < $1.key })
  }

  /// What a config may say about the method called `name`, or nil if there is none.
  package static func options(ofMethod name: String) -> [OptionDescription]? {
    guard let type = MethodRegistry.method(named: name) else { return nil }
    return try? OptionReader.describing { reader in _ = try type.init(reading: &reader) }
  }
}

extension RunConfiguration {
  /// Reads a config whose methods are those of the registry, and checks all of their options.
  ///
  /// - Throws: An `InputError` with the place of the first key or value that is not understood.
  package init(_ file: ConfigFile) throws {
    try self.init(file, methodOptions: MethodConfiguration.options(ofMethod:))
    for index in methods.indices {
      _ = try methods[index].method(of: self.file)
      try methods[index].takeOverInitialAdapter(of: self.file)
    }
  }

  /// The whole config with all defaults written out; reading it gives the same runs.
  package var resolvedJSON: JSONValue { resolvedJSON(methodOptions: MethodConfiguration.options(ofMethod:)) }
}
