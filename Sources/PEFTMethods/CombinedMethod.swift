import PEFTCore

/// Several methods at once on one model, each with its own options, parameters and adapter.
///
///     y = W·x + b + Σ s·B·A·x for LoRA twice;  prefix, virtual tokens, networks and scales each at their own sites
///
/// UniPELT (Mao et al. 2022, without its gates) is LoRA, prefix tuning and a sequential adapter, the mix-and-match adapter
/// (He et al. 2022) prefix tuning and a parallel adapter. Where two parts have to do with the same site, they stand as
/// their forms say (`Stacking`): updates of a map sum up, scales act on that sum, virtual tokens follow a prefix and each
/// other; what cannot stand together is refused with the site and both methods. Trainable, cost at inference and notes
/// are the sums of the parts'; it can be merged where all parts can. Each part draws from a stream of its own, so that two
/// of one kind start apart. The folder has a folder for each part, which PEFT can load where it knows the method.
struct CombinedMethod: PEFTMethod {
  static let name = "combined"
  static let summary = "several methods at once, such as LoRA, prefix tuning and adapters (UniPELT)"
  static let source = "Mao et al. 2022, arXiv 2110.07577; He et al. 2022, arXiv 2110.04366"

  /// One of the methods.
  struct Part: Sendable {
    /// The method with its options.
    let method: any PEFTMethod
    /// The reader of its entry in the config, which knows where each option stands; nil for one from a saved adapter.
    let entry: OptionReader?

    /// The method's name.
    var name: String { type(of: method).name }
  }

  /// The methods, in the order in which they are attached.
  let parts: [Part]

  init(options: inout OptionReader) throws {
    let readers = try options.objects(
      "parts", named: "name", about: "the methods: each a name, or an object with a name and that method's options")
    var parts: [Part] = []
    var understood: [JSONValue] = []
    for var reader in readers {
      let name = try reader.string("name", about: "the method")
      guard let type = MethodRegistry.method(named: name) else {
        throw reader.error("name", MethodRegistry.unknown(name, among: Self.possibleParts))
      }
      guard Self.possibleParts.contains(type.name) else {
        throw reader.error("name", "\(type.name) cannot be a part of a combined method")
      }
      let method = try type.init(reading: &reader)
      try reader.finish()
      parts.append(Part(method: method, entry: reader))
      var canonical = JSONObject()
      canonical["name"] = JSONValue(type.name)
      for member in reader.values.members.sorted(by: { $0.key < $1.key }) where member.key != "name" {
        canonical[member.key] = member.value
      }
      understood.append(.object(canonical))
    }
    if options.has("parts") {
      guard (2...AdapterFormat.mostParts).contains(parts.count) else {
        throw options.error("parts", "expected from 2 to \(AdapterFormat.mostParts) methods, found \(parts.count)")
      }
      options.understood("parts", as: .array(understood))
    }
    self.parts = parts
  }

  static let ownTypes: Set<String> = [AdapterFormat.combinedType]

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == AdapterFormat.combinedType else { return nil }
    parts = settings.parts.map { Part(method: $0, entry: nil) }
  }

  var options: [(name: String, value: JSONValue)] {
    let parts: [JSONValue] = parts.map { part in
      var object = JSONObject()
      object["name"] = JSONValue(part.name)
      for option in part.method.options { object[option.name] = option.value }
      return .object(object)
    }
    return [("parts", .array(parts))]
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    var attached: [(folder: String, method: AttachedMethod)] = []
    func detach() { for part in attached.reversed() { part.method.detach() } }
    for (index, part) in parts.enumerated() {
      let folder = "part-\(index + 1)-\(part.name)"
      do {
        let method = try part.method.attach(to: model, with: setting.part(folder))
        // Two parts of one kind have parameters of one name.
        for parameter in method.parameters { parameter.rename("\(folder).\(parameter.name)") }
        attached.append((folder, method))
      } catch let error as AttachError {
        detach()
        throw located(error, in: part, at: index)
      } catch {
        detach()
        throw error
      }
    }
    return AttachedMethod(
      parameters: attached.flatMap(\.method.parameters),
      inferenceCost: attached.reduce(InferenceCost()) { $0 + $1.method.inferenceCost },
      format: AdapterFormat(
        parts: attached.compactMap { part in part.method.format.map { (folder: part.folder, format: $0) } },
        peftType: AdapterFormat.combinedType),
      notes: zip(parts, attached).flatMap { part, attached in attached.method.notes.map { "\(part.name): \($0)" } },
      participants: attached.flatMap(\.method.participants), tasks: try tasks(of: attached.map(\.method), detach),
      undo: detach)
  }

  /// The tasks of the parts that tell some apart; they all stand for one at a time.
  private func tasks(of attached: [AttachedMethod], _ detach: () -> Void) throws -> TaskChoice? {
    let choices = attached.compactMap(\.tasks)
    guard let first = choices.first else { return nil }
    if let other = choices.first(where: { $0.count != first.count }) {
      detach()
      throw AttachError("one part has \(first.count) tasks and another one \(other.count)", option: "parts")
    }
    return TaskChoice(count: first.count) { task in for choice in choices { choice.show(task) } }
  }

  /// Methods that can be parts: those that have an adapter of their own.
  private static var possibleParts: [String] {
    MethodRegistry.names.filter { ![name, NoMethod.name, FullFineTuning.name, GaLoreMethod.name].contains($0) }
  }

  /// An error of a part, with the place of the option in the part's entry.
  private func located(_ error: AttachError, in part: Part, at index: Int) -> AttachError {
    AttachError(
      "parts[\(index)], \(part.name): \(error.description)", option: "parts",
      offset: part.entry?.offset(of: error.option ?? "name"))
  }
}

extension InferenceCost {
  /// What two methods cost together.
  static func + (left: InferenceCost, right: InferenceCost) -> InferenceCost {
    InferenceCost(
      virtualTokens: left.virtualTokens + right.virtualTokens,
      prefixPositions: left.prefixPositions + right.prefixPositions,
      operationsPerToken: left.operationsPerToken + right.operationsPerToken)
  }
}
