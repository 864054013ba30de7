/// One family of architectures: how its description reads and which parts it is assembled from.
///
/// A new family is one file with a conforming type, and a line in `ModelFamilies.all`.
public protocol ModelFamily: Sendable {
  /// The values of config.json's `model_type` that it covers.
  static var modelTypes: [String] { get }

  /// The class of transformers that config.json names for it.
  static var className: String { get }

  /// Reads the architecture.
  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration

  /// Assembles the model, without weights. Sites carry Hugging Face's names.
  static func assemble(_ configuration: ModelConfiguration, _ description: ModelDescription) throws(DocumentError)
    -> CausalLanguageModel

  /// Where a checkpoint's tensor lies, if it is not stored under its site's name as an `[outputs, inputs]` matrix.
  static var storage: WeightStorage { get }

  /// What is particular in the headers of its GGUF files.
  static var ggufFacts: GGUFFacts { get }

  /// The members of config.json that give all linear maps of a group a bias; empty where the family has none.
  static var biasMembers: [BiasMember] { get }
}

extension ModelFamily {
  /// Most families' headers have nothing of their own.
  public static var ggufFacts: GGUFFacts { GGUFFacts() }

  /// Most families' descriptions cannot ask for biases.
  public static var biasMembers: [BiasMember] { [] }
}

/// A member of config.json that gives some linear maps a bias.
public struct BiasMember: Sendable {
  /// The member, such as `attention_bias`.
  public let key: String
  /// Whether it is about a map of this role.
  public let concerns: @Sendable (SiteRole) -> Bool
}

/// How a family's tensors are stored where that differs from one `[outputs, inputs]` matrix under its own name.
public struct WeightStorage: Sendable {
  /// Names of linear maps (last component of the site) whose weight is stored as `[inputs, outputs]`.
  public var transposed: Set<String> = []
  /// A leading component that some published checkpoints leave out, such as `transformer.`.
  public var optionalPrefix: String?
  /// Endings of tensor names that are buffers and no weights.
  public var ignoredSuffixes: [String] = [
    "rotary_emb.inv_freq", "rotary_emb.original_inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached",
    "masked_bias",
  ]
  /// Last components of the names of buffers where they hold integers or truth values: positions and causal masks.
  static let integerBuffers: Set<String> = [
    "bias", "causal_mask", "attention_mask", "mask", "position_ids", "token_type_ids", "num_batches_tracked",
  ]
  /// From a site to the name in a GGUF file, nil where GGUF has no such tensor.
  public var ggufName: @Sendable (_ site: String) -> String? = { _ in nil }
  /// Where a GGUF file keeps a map's rows in another order: row i is row `order[i]` of the file; nil where it does not.
  public var ggufRowOrder: @Sendable (_ site: String, _ outputs: Int, ModelConfiguration) -> [Int]? = { _, _, _ in nil }

  /// Creates the default: nothing differs.
  public init() {}
}

/// All families that can be read.
public enum ModelFamilies {
  /// The families, in the order in which they are listed.
  public static let all: [any ModelFamily.Type] = [
    Llama.self, Mistral.self, Qwen2.self, Qwen3.self, Gemma.self, Gemma2.self, Gemma3.self, Phi3.self, OLMo.self,
    OLMo2.self, SmolLM3.self, GPT2.self, GPTNeoX.self, OPT.self,
  ]

  /// The family that covers a value of `model_type`.
  public static func family(named type: String) -> (any ModelFamily.Type)? {
    all.first { $0.modelTypes.contains(type) }
  }

  /// The family whose GGUF files have this architecture.
  static func family(ofGGUF architecture: String) -> (any ModelFamily.Type)? {
    all.first { $0.ggufFacts.architecture == architecture || $0.modelTypes.contains(architecture) }
  }

  /// The family of a description.
  ///
  /// - Throws: `DocumentError` that names the families there are, if `model_type` is none of them.
  public static func family(of description: ModelDescription) throws(DocumentError) -> any ModelFamily.Type {
    let type = try description.string("model_type", default: "")
    try UnsupportedModels.check(description, type: type)
    if let family = family(named: type) { return family }
    let known = all.flatMap { $0.modelTypes }
    let hint = NearestName.of(type, among: known).map { "; did you mean \($0)?" } ?? ""
    let what =
      type.isEmpty ? "the model does not say its \"model_type\"" : "the architecture \"\(type)\" is not supported"
    throw DocumentError(
      "\(what)\(hint) (supported: \(known.joined(separator: ", ")))",
      at: description.root["model_type"]?.offset ?? description.root.offset, of: description.text)
  }
}

extension CausalLanguageModel {
  /// The family that it is of: how its checkpoints store weights, and what its description can say; nil for a model
  /// that was put together by hand.
  public var family: (any ModelFamily.Type)? { ModelFamilies.family(named: configuration.family) }
}
