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
  /// Frozen tables of the model of which PEFT may have put copies into the file.
  public let copies: [BaseCopy]

  /// Of a combined method, the parts' formats, each with its folder inside this one.
  public let parts: [(folder: String, format: AdapterFormat)]

  /// Describes a combined method, whose parts are saved in folders of their own.
  init(parts: [(folder: String, format: AdapterFormat)], peftType: String) {
    self.peftType = peftType
    self.parts = parts
    configuration = [(key: "parts", value: JSONValue(parts.map(\.folder)))]
    tensors = []
    state = []
    copies = []
  }

  /// Creates the description.
  public init(
    peftType: String, configuration: [(String, JSONValue)], tensors: [AdapterTensor], state: [AdapterTensor] = [],
    copies: [BaseCopy] = []
  ) {
    self.peftType = peftType
    self.configuration = configuration.map { (key: $0.0, value: $0.1) }
    self.tensors = tensors
    self.state = state
    self.copies = copies
    parts = []
  }
}

/// One tensor of an adapter file.
public struct AdapterTensor {
  /// What PEFT's keys begin with.
  static let prefix = "base_model.model."

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
      key: key ?? Self.prefix + parameter.name, shape: shape ?? parameter.shape,
      values: { parameter.value.values }, assign: { parameter.assign($0) })
  }
}
