public import PEFTCore

/// What the settings of a saved adapter mean: the method with its options.
extension AdapterFile {
  /// Whether the format is one of our own, for a method that PEFT lacks.
  public var isOwnFormat: Bool { MethodRegistry.all.contains { $0.ownTypes.contains(peftType) } }

  /// The method that the adapter's configuration describes: the first of the registry that has such files.
  ///
  /// - Throws: `DocumentError` for a method, or an option of one, that is not supported.
  public func method() throws -> any PEFTMethod {
    for type in MethodRegistry.all {
      if let method = try method(as: type) { return method }
    }
    throw DocumentError(
      "adapters of type \(peftType) are not supported", at: configuration["peft_type"]?.offset ?? 0, of: text)
  }

  /// What the adapter's configuration means to one method; nil if its files are of another type.
  ///
  /// Several methods may have files of one type: added biases are BitFit's and BEFT's.
  ///
  /// - Throws: `DocumentError` for an option that is not supported.
  public func method(as type: any PEFTMethod.Type) throws -> (any PEFTMethod)? {
    let settings = AdapterSettings(
      root: configuration, text: text, hasState: hasState, parts: try parts.map { try $0.file.method() },
      start: origin?.start)
    let method = try type.init(peft: settings, type: peftType)
    if method != nil { try settings.refuseUnknown(type: peftType) }
    return method
  }

  /// The options that a config would need to make the method again, without names that match none of the adapter's
  /// own tensors: lists of saved adapters may name the maps of several architectures.
  ///
  /// - Parameter type: The method, if several have files of this type; the first of the registry unless given.
  /// - Throws: As `method()`.
  public func options(as type: (any PEFTMethod.Type)? = nil) throws -> [(name: String, value: JSONValue)] {
    if !parts.isEmpty {
      let parts: [JSONValue] = try parts.map { part in
        var object = JSONObject()
        object["name"] = JSONValue(Swift.type(of: try part.file.method()).name)
        for option in try part.file.options() { object[option.name] = option.value }
        return .object(object)
      }
      return [("parts", .array(parts))]
    }
    let sites = self.sites
    let method = try type.flatMap { try self.method(as: $0) } ?? self.method()
    return method.options.compactMap { option in
      switch (option.name, option.value) {
      case ("target_modules", .array(let names)):
        let used = names.filter { name in
          guard case .string(let name) = name else { return false }
          return sites.contains { $0 == name || $0.hasSuffix("." + name) }
        }
        return (option.name, .array(used))
      case ("layers_to_transform", .array(let layers)):
        let known = Set(sites.compactMap { TargetSelector.layer(of: $0)?.layer })
        return (
          option.name, .array(layers.filter { layer in known.contains { JSONValue($0) == layer } })
        )
      case ("layers_pattern", .array(let patterns)):
        let used = patterns.filter { pattern in
          guard case .string(let pattern) = pattern else { return false }
          return sites.compactMap(TargetSelector.layer).contains { TargetSelector.isLayerName(pattern, in: $0.before) }
        }
        return used.isEmpty ? nil : (option.name, .array(used))
      case ("feedforward_modules", .array(let names)):
        let used = names.filter { name in
          guard case .string(let name) = name else { return false }
          return sites.contains { $0.hasSuffix(name) }
        }
        return used.isEmpty ? ("feedforward", "output") : (option.name, .array(used))
      // PEFT takes a string for an expression, which a map's last name alone never matches.
      case ("feedforward_modules", .string(let text))
      where !sites.contains { SiteExpression(text)?.matches($0) == true }:
        return ("feedforward", "output")
      case (let name, .object(let object)) where name.hasSuffix("_pattern"):
        let used = SitePatterns(object.members.map { ($0.key, $0.value) }, mustMatch: false).matching(sites)
        return used.entries.isEmpty ? nil : (option.name, used.document { $0 })
      default: return option
      }
    }
  }

  /// The paths that the tensors' keys begin with, all of them that could be a module's.
  private var sites: [String] {
    var sites: Set<String> = []
    for tensor in values?.tensors ?? [] {
      var path = tensor.name[...]
      if path.hasPrefix(AdapterTensor.prefix) { path = path.dropFirst(AdapterTensor.prefix.count) }
      while let dot = path.lastIndex(of: ".") {
        path = path[..<dot]
        sites.insert(String(path))
      }
    }
    return sites.sorted()
  }
}
