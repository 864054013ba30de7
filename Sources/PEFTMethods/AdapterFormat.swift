public import PEFTCore

/// How an attached method is saved in Hugging Face PEFT's format.
public struct AdapterFormat {
  /// PEFT's name of the method, such as `LORA`; for a method that PEFT lacks, a name of our own.
  public let peftType: String
  /// The members of adapter_config.json that are the method's own.
  public let configuration: [(key: String, value: JSONValue)]
  /// What is saved, by PEFT's keys.
  public let tensors: [AdapterTensor]
  /// What PEFT's format has no place for and a training needs to resume: saved beside it in a file of our own.
  public let state: [AdapterTensor]
  /// Frozen tables of the model of which PEFT may have put copies into the file.
  public let copies: [BaseCopy]

  /// Of a combined method, the parts' formats, each with its folder inside this one.
  public let parts: [(folder: String, format: AdapterFormat)]

  /// The format in which the present values are saved; nil for this one.
  let saved: () -> AdapterFormat?

  /// Describes a combined method, whose parts are saved in folders of their own.
  init(parts: [(folder: String, format: AdapterFormat)], peftType: String) {
    self.peftType = peftType
    self.parts = parts
    configuration = [(key: "parts", value: JSONValue(parts.map(\.folder)))]
    tensors = []
    state = []
    copies = []
    saved = { nil }
  }

  /// Creates the description.
  public init(
    peftType: String, configuration: [(String, JSONValue)], tensors: [AdapterTensor], state: [AdapterTensor] = [],
    copies: [BaseCopy] = []
  ) {
    self.init(
      peftType: peftType, configuration: configuration, tensors: tensors, state: state, copies: copies, saved: { nil })
  }

  /// Creates the description of a method that leaves out of its files what its training switched off.
  init(
    peftType: String, configuration: [(String, JSONValue)], tensors: [AdapterTensor], state: [AdapterTensor] = [],
    copies: [BaseCopy], saved: @escaping () -> AdapterFormat?
  ) {
    self.saved = saved
    self.peftType = peftType
    self.configuration = configuration.map { (key: $0.0, value: $0.1) }
    self.tensors = tensors
    self.state = state
    self.copies = copies
    parts = []
  }
}

extension AdapterFormat {
  /// The `peft_type` of a combined method's folder, which is a name of our own.
  static let combinedType = "COMBINED"

  /// Most methods of one combination.
  static let mostParts = 64

  /// Types whose adapter_config.json has no `modules_to_save`: PEFT warns of members that it does not know.
  static let typesWithoutModules: Set = ["ADAPTION_PROMPT", "TRAINABLE_TOKENS"]

  /// Members of adapter_config.json that PEFT writes for every adapter of a type and that say nothing here: variants
  /// that are switched off, and starts that loading replaces.
  static let constantMembers: [String: [(key: String, value: JSONValue)]] = [
    "LORA": [
      ("alora_invocation_tokens", .null), ("arrow_config", .null), ("corda_config", .null),
      ("ensure_weight_tying", false), ("eva_config", .null), ("kasa_config", .null), ("layer_replication", .null),
      ("loftq_config", [:]), ("lora_ga_config", .null), ("megatron_config", .null),
      ("megatron_core", "megatron.core"), ("monteclora_config", .null), ("qalora_group_size", 16),
      ("use_qalora", false), ("velora_config", .null),
    ],
    "HIRA": [
      ("exclude_modules", .null), ("layers_pattern", .null), ("layers_to_transform", .null), ("rank_pattern", [:]),
    ],
    "LOHA": [
      ("exclude_modules", .null), ("init_weights", true), ("layers_pattern", .null), ("layers_to_transform", .null),
      ("use_effective_conv2d", false),
    ],
    "LOKR": [
      ("exclude_modules", .null), ("layers_pattern", .null), ("layers_to_transform", .null),
      ("use_effective_conv2d", false),
    ],
    "MISS": [
      ("bias", "none"), ("exclude_modules", .null), ("layers_pattern", .null), ("layers_to_transform", .null),
    ],
    "GRALORA": [
      ("bias", "none"), ("init_weights", true), ("layers_pattern", .null), ("layers_to_transform", .null),
    ],
    "DELORA": [
      ("bias", "none"), ("exclude_modules", .null), ("init_weights", true), ("layers_pattern", .null),
      ("layers_to_transform", .null),
    ],
    "GLORA": [("bias", "none"), ("init_weights", true)],
    "DEFT": [
      ("bias", "none"), ("exclude_modules", .null), ("init_scale", 1.0), ("init_weights", true),
      ("layers_pattern", .null), ("layers_to_transform", .null),
    ],
    "ADALORA": [
      ("alora_invocation_tokens", .null), ("alpha_pattern", [:]), ("arrow_config", .null), ("bias", "none"),
      ("corda_config", .null), ("ensure_weight_tying", false), ("eva_config", .null), ("exclude_modules", .null),
      ("init_lora_weights", true), ("kasa_config", .null), ("layer_replication", .null), ("layers_pattern", .null),
      ("layers_to_transform", .null), ("loftq_config", [:]), ("lora_bias", false), ("lora_ga_config", .null),
      ("megatron_config", .null), ("megatron_core", "megatron.core"), ("monteclora_config", .null),
      ("qalora_group_size", 16), ("r", 8), ("target_parameters", .null), ("trainable_token_indices", .null),
      ("use_bdlora", .null), ("use_dora", false), ("use_qalora", false), ("use_rslora", false),
      ("velora_config", .null),
    ],
    "IA3": [("exclude_modules", .null), ("init_ia3_weights", true)],
    "LN_TUNING": [("exclude_modules", .null)],
    "BEFT": [("init_weights", true)],
    "OFT": [
      ("bias", "none"), ("exclude_modules", .null), ("init_weights", true), ("layers_pattern", .null),
      ("layers_to_transform", .null),
    ],
    "HRA": [
      ("bias", "none"), ("exclude_modules", .null), ("init_weights", true), ("layers_pattern", .null),
      ("layers_to_transform", .null),
    ],
    "ROAD": [("init_weights", true)],
    "VERA": [("bias", "none"), ("init_weights", true), ("layers_pattern", .null), ("layers_to_transform", .null)],
    "PVERA": [
      ("bias", "none"), ("generator_seed", .null), ("init_weights", true), ("layers_pattern", .null),
      ("layers_to_transform", .null), ("sample_at_inference", false),
    ],
    // The places are in the file, so that it does not matter how they were drawn.
    "SHIRA": [("fan_in_fan_out", false), ("init_weights", true), ("mask_type", "random"), ("random_seed", .null)],
    "SUPERTUNING": [("init_weights", true), ("save_precomputed_indices", true)],
    "TRAINABLE_TOKENS": [("init_weights", true)],
    "PREFIX_TUNING": [("init_weights", .null), ("num_transformer_submodules", 1)],
    "PROMPT_TUNING": [
      ("num_transformer_submodules", 1), ("prompt_tuning_init", "RANDOM"), ("prompt_tuning_init_text", .null),
      ("tokenizer_kwargs", .null), ("tokenizer_name_or_path", .null),
    ],
    "MULTITASK_PROMPT_TUNING": [
      ("num_transformer_submodules", 1), ("prompt_tuning_init", "RANDOM"),
      ("prompt_tuning_init_state_dict_path", .null), ("prompt_tuning_init_task", 0), ("prompt_tuning_init_text", .null),
      ("tokenizer_kwargs", .null), ("tokenizer_name_or_path", .null),
    ],
    "P_TUNING": [("encoder_dropout", 0.0), ("encoder_num_layers", 2), ("num_transformer_submodules", 1)],
  ]
}

/// One tensor of an adapter file.
public struct AdapterTensor {
  /// What PEFT's keys begin with.
  static let prefix = "base_model.model."

  /// The key in the file.
  public let key: String
  /// Keys of modules that share it, under which PEFT stores the same values again.
  public let twins: [String]
  /// Its shape in the file.
  public let shape: [Int]
  /// Gives its values to be saved, row-major.
  public let values: () -> [Float]
  /// Takes values that were saved; nil for what is derived from other parameters and cannot be taken back.
  public let assign: (([Float]) -> Void)?
  /// What is saved in place of floating-point values, if it holds whole numbers.
  public let integers: AdapterIntegers?

  /// A tensor that is computed for saving.
  public init(
    key: String, twins: [String] = [], shape: [Int], values: @escaping () -> [Float], assign: (([Float]) -> Void)?
  ) {
    self.key = key
    self.twins = twins
    self.shape = shape
    self.values = values
    self.assign = assign
    integers = nil
  }

  /// A tensor of whole numbers.
  public init(key: String, shape: [Int], integers: AdapterIntegers) {
    self.key = key
    self.shape = shape
    self.integers = integers
    twins = []
    values = { [] }
    assign = { _ in }
  }

  /// A parameter saved as it is, under its own name after PEFT's prefix, or under a given key.
  ///
  /// - Parameters:
  ///   - parameter: The parameter.
  ///   - key: The key, if it is not `base_model.model.` and the parameter's name.
  ///   - twins: Keys of modules that share it.
  ///   - shape: The shape in the file, if it is not the parameter's.
  public init(_ parameter: Parameter, key: String? = nil, twins: [String] = [], shape: [Int]? = nil) {
    self.init(
      key: key ?? Self.prefix + parameter.name, twins: twins, shape: shape ?? parameter.shape,
      values: { parameter.value.values }, assign: { parameter.assign($0) })
  }
}

/// Whole numbers in an adapter file, such as the places of a sparse update: PEFT stores them as int32.
public struct AdapterIntegers {
  /// Gives the numbers to be saved, row-major.
  public let values: () -> [Int32]
  /// Says what is wrong with saved numbers; nil if nothing is.
  public let problem: ([Int32]) -> String?
  /// Takes saved numbers in which nothing is wrong.
  public let assign: ([Int32]) -> Void

  /// What takes the numbers of a file's tensor.
  ///
  /// - Throws: `CheckpointError` for numbers that are not whole, too large for int32, or refused by `problem`.
  func assignment(of tensor: SafetensorsTensor, in file: SafetensorsCheckpoint) throws -> () -> Void {
    let numbers = try tensor.integers()
    let values = numbers.compactMap { Int32(exactly: $0) }
    let problem = values.count < numbers.count ? "holds numbers that are too large" : self.problem(values)
    if let problem { throw CheckpointError(file: file.path, tensor: tensor.name, problem) }
    return { assign(values) }
  }
}
