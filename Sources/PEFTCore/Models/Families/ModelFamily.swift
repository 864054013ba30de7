/// One family of architectures: how its description reads and which parts it is assembled from.
///
/// A new family is one file with a conforming type, and a line in `ModelFamilies.all`.
public protocol ModelFamily: Sendable {
  /// The values of config.json's `model_type` that it covers.
  static var modelTypes: [String] { get }

  /// Reads the architecture.
  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration

  /// Assembles the model, without weights. Sites carry Hugging Face's names.
  static func assemble(_ configuration: ModelConfiguration, _ description: ModelDescription) throws(DocumentError)
    -> CausalLanguageModel

  /// Where a checkpoint's tensor lies, if it is not stored under its site's name as an `[outputs, inputs]` matrix.
  static var storage: WeightStorage { get }
}

/// How a family's tensors are stored where that differs from one `[outputs, inputs]` matrix under its own name.
public struct WeightStorage: Sendable {
  /// Names of linear maps (last component of the site) whose weight is stored as `[inputs, outputs]`.
  public var transposed: Set<String> = []
  /// A leading component that some published checkpoints leave out, such as `transformer.`.
  public var optionalPrefix: String?
  /// Endings of tensor names that are buffers and no weights.
  public var ignoredSuffixes: [String] = ["rotary_emb.inv_freq", "masked_bias"]
  /// From a site to the name in a GGUF file, nil where GGUF has no such tensor.
  public var ggufName: @Sendable (_ site: String) -> String? = { _ in nil }
  /// Whether a GGUF file holds query and key rows in the order of interleaved rotary pairs.
  public var ggufPermutesQueryAndKey = false

  /// Creates the default: nothing differs.
  public init() {}
}

/// All families that can be read.
public enum ModelFamilies {
  /// The families, in the order in which they are listed.
  public static let all: [any ModelFamily.Type] = [Llama.self, Qwen2.self, GPT2.self]

  /// The family of a description.
  ///
  /// - Throws: `DocumentError` that names the families there are, if `model_type` is none of them.
  public static func family(of description: ModelDescription) throws(DocumentError) -> any ModelFamily.Type {
    let type = try description.string("model_type", default: "")
    if let family = all.first(where: { $0.modelTypes.contains(type) }) { return family }
    let known = all.flatMap { $0.modelTypes }
    let hint = NearestName.of(type, among: known).map { "; did you mean \($0)?" } ?? ""
    throw DocumentError(
      "the architecture \"\(type)\" is not supported\(hint) (supported: \(known.joined(separator: ", ")))",
      at: description.root["model_type"]?.offset ?? description.root.offset, of: description.text)
  }
}
