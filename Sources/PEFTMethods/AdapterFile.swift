import Foundation
public import PEFTCore

/// A saved adapter in Hugging Face PEFT's format: adapter_config.json beside adapter_model.safetensors.
public struct AdapterFile {
  /// The folder as the user named it.
  public let path: String
  /// PEFT's name of the method, such as `LORA`.
  public let peftType: String
  /// The model that it was trained on, as adapter_config.json names it.
  public let baseModel: String?

  /// The saved tensors.
  public let tensors: SafetensorsCheckpoint

  private let configuration: DocumentValue
  private let text: DocumentText
  private let state: SafetensorsCheckpoint?

  /// The private file beside PEFT's two: what a training needs to go on and PEFT has no key for.
  public static let stateName = "peft_bench_state.safetensors"

  /// Opens an adapter's folder and checks the headers.
  ///
  /// - Throws: `FileError`, `DocumentError` or `CheckpointError`.
  public static func open(_ path: String) throws -> AdapterFile {
    let file = path + "/adapter_config.json"
    let (configuration, text) = try JSONParser.parse(file: file)
    guard let type = configuration["peft_type"]?.string else {
      throw DocumentError("\"peft_type\" is missing or no string", at: configuration.offset, of: text)
    }
    let state = path + "/" + stateName
    return AdapterFile(
      path: path, peftType: type, baseModel: configuration["base_model_name_or_path"]?.string,
      tensors: try SafetensorsCheckpoint.open(file: path + "/adapter_model.safetensors"),
      configuration: configuration, text: text,
      state: FileManager.default.fileExists(atPath: state) ? try SafetensorsCheckpoint.open(file: state) : nil)
  }

  /// The members of adapter_config.json.
  public var settings: JSONValue { JSONValue(configuration) }

  /// Whether our private state file lies beside them.
  public var hasState: Bool { state != nil }

  /// The method that the adapter's configuration describes.
  ///
  /// - Throws: `DocumentError` for a method, or an option of one, that is not supported.
  public func method() throws -> any PEFTMethod {
    let settings = AdapterSettings(root: configuration, text: text, hasState: hasState)
    for type in MethodRegistry.all {
      if let method = try type.init(peft: settings, type: peftType) { return method }
    }
    throw DocumentError(
      "adapters of type \(peftType) are not supported", at: configuration["peft_type"]?.offset ?? 0, of: text)
  }

  /// Gives an attached method the saved values.
  ///
  /// - Throws: `CheckpointError` for the first tensor that is missing, misshapen or left over.
  public func load(into attachment: AttachedMethod) throws {
    guard let format = attachment.format, format.peftType == peftType else {
      throw CheckpointError(file: path, "is an adapter of type \(peftType), not of the method that is attached")
    }
    if !format.state.isEmpty, let state {
      try Self.load(format.state, from: state)
    } else if let derived = format.tensors.first(where: { $0.assign == nil }) {
      throw CheckpointError(
        file: path, tensor: derived.key,
        "cannot be trained on with these options: what it was computed from would be in \(Self.stateName), "
          + "which is not beside it")
    } else {
      try Self.load(format.tensors, from: tensors)
    }
  }

  /// Assigns all or nothing.
  private static func load(_ wanted: [AdapterTensor], from file: SafetensorsCheckpoint) throws {
    var values: [[Float]] = []
    for tensor in wanted {
      let stored = try file.tensor(named: tensor.key)
      guard stored.shape == tensor.shape else {
        throw CheckpointError(
          file: file.path, tensor: tensor.key,
          "has shape \(stored.shape), but this model and these options ask for \(tensor.shape): it was trained on another model"
        )
      }
      values.append(try stored.floats())
    }
    let keys = Set(wanted.map(\.key))
    if let extra = file.tensors.map(\.name).sorted().first(where: { !keys.contains($0) }) {
      throw CheckpointError(
        file: file.path, tensor: extra, "has no place in this model: the adapter was trained on another one")
    }
    for (tensor, values) in zip(wanted, values) { tensor.assign?(values) }
  }

  /// The version of PEFT whose settings are written.
  private static let writtenVersion = "0.21.2"

  /// Saves an attached method; the folder appears complete or not at all.
  ///
  /// - Parameters:
  ///   - attachment: What to save; it must have a format.
  ///   - path: The folder to make or replace.
  ///   - baseModel: The model's name or path.
  public static func save(_ attachment: AttachedMethod, to path: String, baseModel: String) throws {
    guard let format = attachment.format else { return }
    var members: [(String, JSONValue)] = [
      ("auto_mapping", .null), ("base_model_name_or_path", JSONValue(baseModel)), ("inference_mode", true),
      ("peft_type", JSONValue(format.peftType)), ("peft_version", JSONValue(writtenVersion)), ("revision", .null),
      ("task_type", "CAUSAL_LM"), ("modules_to_save", .null),
    ]
    for (key, value) in format.configuration { members.append((key, value)) }
    var configuration = JSONObject()
    for (key, value) in members.sorted(by: { $0.0 < $1.0 }) { configuration[key] = value }
    var writer = SafetensorsWriter()
    for tensor in format.tensors { writer.add(tensor.key, tensor.values(), shape: tensor.shape) }
    try AtomicFile.writeFolder(to: path) { folder in
      try writer.write(to: folder + "/adapter_model.safetensors")
      if !format.state.isEmpty {
        var state = SafetensorsWriter()
        for tensor in format.state { state.add(tensor.key, tensor.values(), shape: tensor.shape) }
        try state.write(to: folder + "/" + stateName)
      }
      try AtomicFile.write(JSONValue.object(configuration).prettyText + "\n", to: folder + "/adapter_config.json")
    }
  }
}

/// The members of an adapter_config.json.
public struct AdapterSettings {
  private let root: DocumentValue
  private let text: DocumentText
  /// Whether our private state file lies beside them.
  public let hasState: Bool

  init(root: DocumentValue, text: DocumentText, hasState: Bool) {
    self.root = root
    self.text = text
    self.hasState = hasState
  }

  /// The member `key`, nil if it is missing or null.
  public subscript(key: String) -> DocumentValue? { root[key] }

  /// A whole number in a range.
  public func integer(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>) throws -> Int {
    guard let value = root[key] else {
      if let fallback { return fallback }
      throw error(key, "is missing")
    }
    guard let number = value.integer, range.contains(number) else {
      throw error(key, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A number.
  public func number(_ key: String, default fallback: Double) throws -> Double {
    guard let value = root[key] else { return fallback }
    guard let number = value.number, number.isFinite else { throw error(key, "expected a number") }
    return number
  }

  /// True or false.
  public func bool(_ key: String, default fallback: Bool) throws -> Bool {
    guard let value = root[key] else { return fallback }
    guard let bool = value.bool else { throw error(key, "expected true or false") }
    return bool
  }

  /// A string.
  public func string(_ key: String, default fallback: String) throws -> String {
    guard let value = root[key] else { return fallback }
    guard let string = value.string else { throw error(key, "expected a string") }
    return string
  }

  /// A list of strings, or a string as a list of one; nil if missing.
  public func strings(_ key: String) throws -> [String]? {
    guard let value = root[key] else { return nil }
    let strings = (value.array ?? [value]).compactMap(\.string)
    guard strings.count == value.array?.count ?? 1 else { throw error(key, "expected a string or a list of strings") }
    return strings
  }

  /// The members of an object under `key`, in their order; none if it is missing.
  public func members<Value>(
    _ key: String, expected: String, _ read: (DocumentValue) -> Value?
  ) throws -> [(key: String, value: Value)] {
    guard let value = root[key] else { return [] }
    guard let object = value.object else { throw error(key, "expected an object with \(expected)") }
    return try object.members.map { member in
      guard let value = read(member.value) else {
        throw DocumentError("\"\(key)\": expected \(expected)", at: member.value.offset, of: text)
      }
      return (member.key, value)
    }
  }

  /// The targets of a method, as PEFT means them: a list of names, or one expression.
  public func targets() throws -> TargetSelector? {
    guard let value = root["target_modules"], let names = try strings("target_modules") else { return nil }
    let pattern: TargetSelector.Pattern =
      switch value.content {
      case .string("all-linear"): .allLinear
      case .string(let expression): .expression(expression)
      default: .suffixes(names)
      }
    let layers = root["layers_to_transform"].map { ($0.array ?? [$0]).compactMap(\.integer) }
    return TargetSelector(pattern, excluded: try strings("exclude_modules") ?? [], layers: layers)
  }

  /// Refuses members that change the mathematics and are not supported, unless they have their harmless value.
  public func refuse(_ keys: [String]) throws {
    for key in keys {
      guard let value = root[key] else { continue }
      switch value.content {
      case .bool(false), .null: continue
      case .array(let values) where values.isEmpty: continue
      case .object(let object) where object.members.isEmpty: continue
      case .string("none"): continue
      default: throw error(key, "is not supported")
      }
    }
  }

  /// A complaint about a member.
  public func error(_ key: String, _ message: String) -> DocumentError {
    DocumentError("\"\(key)\": \(message)", at: root[key]?.offset ?? root.offset, of: text)
  }
}
