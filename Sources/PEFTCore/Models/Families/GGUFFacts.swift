/// What is particular in the headers of a family's GGUF files; how its tensors are stored, `WeightStorage` says.
public struct GGUFFacts: Sendable {
  /// `general.architecture` where it is not config.json's `model_type`.
  var architecture: String?
  /// Whether norms are LayerNorm, whose epsilon has a key of its own; RMSNorm otherwise.
  var hasLayerNorm = false
  /// Members of config.json that this family needs, or has otherwise than those that all families share.
  var members: @Sendable (GGUFHeader) throws -> [(String, JSONValue)] = { _ in [] }

  /// Nothing is particular.
  public init() {}
}

/// The keys of a GGUF header that begin with the architecture's name.
struct GGUFHeader {
  let metadata: GGUFMetadata
  /// `general.architecture`.
  let architecture: String

  func required(_ key: String) throws -> Int {
    guard let value = try metadata.integer("\(architecture).\(key)") else {
      throw metadata.missing("\(architecture).\(key)")
    }
    return value
  }

  func integer(_ key: String) throws -> Int? { try metadata.integer("\(architecture).\(key)") }
  func number(_ key: String) throws -> Double? { try metadata.number("\(architecture).\(key)") }
  func bool(_ key: String) throws -> Bool? { try metadata.bool("\(architecture).\(key)") }
  func string(_ key: String) throws -> String? { try metadata.string("\(architecture).\(key)") }

  /// A number without which the model computes something else.
  func requiredNumber(_ key: String) throws -> Double {
    guard let value = try number(key) else { throw metadata.missing("\(architecture).\(key)") }
    return value
  }

  /// Width of a head.
  var headDimension: Int {
    get throws {
      try integer("attention.key_length") ?? required("embedding_length") / max(1, required("attention.head_count"))
    }
  }
}
