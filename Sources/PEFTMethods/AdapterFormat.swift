public import PEFTCore

/// How an attached method is saved in Hugging Face PEFT's format.
public struct AdapterFormat {
  /// PEFT's name of the method, such as `LORA`; for a method that PEFT lacks, a name of our own.
  public let peftType: String
  /// The members of adapter_config.json that are the method's own.
  public let configuration: [(key: String, value: JSONValue)]
  /// What is saved, by PEFT's keys.
  public let tensors: [AdapterTensor]
  /// What PEFT's format has no place for and a training needs to go on: saved beside it in a file of our own.
  public let state: [AdapterTensor]

  /// Creates the description.
  public init(
    peftType: String, configuration: [(String, JSONValue)], tensors: [AdapterTensor], state: [AdapterTensor] = []
  ) {
    self.peftType = peftType
    self.configuration = configuration.map { (key: $0.0, value: $0.1) }
    self.tensors = tensors
    self.state = state
  }
}

/// One tensor of an adapter file.
public struct AdapterTensor {
  /// The key in the file.
  public let key: String
  /// Its shape in the file.
  public let shape: [Int]
  /// Gives its values to be saved, row-major.
  public let values: () -> [Float]
  /// Takes values that were saved; nil for what is derived from other parameters and cannot be taken back.
  public let assign: (([Float]) -> Void)?

  /// A tensor that is computed for saving.
  public init(key: String, shape: [Int], values: @escaping () -> [Float], assign: (([Float]) -> Void)?) {
    self.key = key
    self.shape = shape
    self.values = values
    self.assign = assign
  }

  /// A parameter saved as it is, under its own name behind PEFT's prefix, or under a given key.
  ///
  /// - Parameters:
  ///   - parameter: The parameter.
  ///   - key: The key, if it is not `base_model.model.` and the parameter's name.
  ///   - shape: The shape in the file, if it is not the parameter's.
  public init(_ parameter: Parameter, key: String? = nil, shape: [Int]? = nil) {
    self.init(
      key: key ?? "base_model.model.\(parameter.name)", shape: shape ?? parameter.shape,
      values: { parameter.value.values }, assign: { parameter.assign($0) })
  }
}

extension TargetSelector {
  /// `target_modules` as PEFT writes it.
  ///
  /// - Parameter sites: What it chose, to be listed in place of layers where the method's settings in PEFT have no
  ///   `layers_to_transform`; nil where they have.
  func document(sites: [String]? = nil) -> JSONValue {
    if let sites, layers != nil { return JSONValue(sites) }
    return switch pattern {
    case .suffixes(let names): JSONValue(names.sorted())
    case .allLinear: "all-linear"
    case .expression(let text): JSONValue(text)
    }
  }

  /// `exclude_modules` as PEFT writes it.
  var excludedDocument: JSONValue { excluded.isEmpty ? .null : JSONValue(excluded) }

  /// `layers_to_transform` as PEFT writes it.
  var layersDocument: JSONValue { layers.map { .array($0.map { JSONValue($0) }) } ?? .null }
}
