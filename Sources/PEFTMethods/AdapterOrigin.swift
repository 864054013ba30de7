import Foundation
public import PEFTCore

/// What an adapter's values were before its training, said so that they can be made again, bit for bit: the method with
/// all its options, the seed that they were drawn by, and the adapter that they were taken from, if it is one.
///
/// It lies beside the adapter in a file of ours, which PEFT ignores and no run's id depends on. Starts that are computed
/// from the model (its embeddings, its principal components, the weights themselves) need the same model again. Those that are
/// computed from training rows (EVA, CorDA, LoRA-GA) are kept as values, in a folder within the adapter's.
public struct AdapterOrigin: Sendable, Equatable {
  /// The method's name.
  public let method: String
  /// All its options, as it understood them.
  public let options: JSONObject
  /// The seed that initial values were drawn by.
  public let seed: Int
  /// The hash of the model's weights.
  public let model: String?
  /// The adapter that the values were taken from, if they were not drawn.
  public let adapter: Adapter?

  /// A saved adapter to start from.
  public struct Adapter: Sendable, Equatable {
    /// Its folder as the config named it, or the recipe by which it was combined.
    public let source: JSONValue
    /// The hash of its content.
    public let hash: String

    /// Creates the description.
    public init(source: JSONValue, hash: String) { (self.source, self.hash) = (source, hash) }
  }

  /// Creates the description.
  public init(method: String, options: JSONObject, seed: Int, model: String?, adapter: Adapter?) {
    (self.method, self.options, self.seed, self.model, self.adapter) = (method, options, seed, model, adapter)
  }

  /// The option `init`, if the method was given one.
  var start: String? { if case .string(let name)? = options["init"] { name } else { nil } }

  /// Where the initial values of a run's method are drawn from.
  public static func stream(seed: Int) -> SeedStream { SeedStream(seed).child("initialization") }

  // MARK: - The file

  /// The folder within an adapter's that has its initial values, where they were computed from training rows.
  public static let startFolder = "start"

  /// The same origin, of values that were taken from an adapter.
  func starting(from adapter: Adapter) -> AdapterOrigin {
    AdapterOrigin(method: method, options: options, seed: seed, model: model, adapter: adapter)
  }

  /// The file's name in an adapter's folder.
  public static let fileName = "peft_bench_origin.json"
  private static let schema = "peft-bench.adapter-origin/1"

  /// What `kind` is in a file that stands for no origin.
  static let vectorKind = "vector"

  /// What a file says.
  enum Document {
    case origin(AdapterOrigin)
    /// The values are a sum that was added to no origin.
    case vector
  }

  /// Everything that the initial values depend on.
  var identity: JSONValue {
    [
      "method": JSONValue(method), "options": .object(options), "seed": JSONValue(seed), "model": JSONValue(model),
      "init_from": JSONValue(adapter?.hash),
    ]
  }

  func write(in folder: String) throws {
    var json: JSONValue = [
      "schema": JSONValue(Self.schema), "method": JSONValue(method), "options": .object(options),
      "seed": JSONValue(seed), "model": JSONValue(model),
    ]
    if let adapter { json["init_from"] = ["source": adapter.source, "sha256": JSONValue(adapter.hash)] }
    try AtomicFile.write(json.prettyText + "\n", to: "\(folder)/\(Self.fileName)")
  }

  /// Marks what lies in a folder as a vector.
  static func writeVectorMark(in folder: String) throws {
    let json: JSONValue = ["schema": JSONValue(schema), "kind": JSONValue(vectorKind)]
    try AtomicFile.write(json.prettyText + "\n", to: "\(folder)/\(fileName)")
  }

  /// Reads the file in a folder; nil where there is none.
  ///
  /// - Throws: `FileError`, or `DocumentError` for what is not understood.
  static func read(in folder: String) throws -> Document? {
    let path = "\(folder)/\(fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let (root, text) = try JSONParser.parse(file: path)
    func error(_ key: String, _ expected: String) -> DocumentError {
      DocumentError("\"\(key)\": expected \(expected)", at: root[key]?.offset ?? root.offset, of: text)
    }
    guard root["schema"]?.string == schema else { throw error("schema", "\"\(schema)\"") }
    if let kind = root["kind"] {
      guard kind.string == vectorKind else { throw error("kind", "\"\(vectorKind)\", or no such key") }
      return .vector
    }
    guard let method = root["method"]?.string else { throw error("method", "a method's name") }
    guard let value = root["options"], case .object(let options) = JSONValue(value) else {
      throw error("options", "an object")
    }
    guard let seed = root["seed"]?.integer else { throw error("seed", "a whole number") }
    var adapter: Adapter?
    if let start = root["init_from"] {
      guard let source = start["source"], let hash = start["sha256"]?.string else {
        throw error("init_from", "\"source\" and \"sha256\"")
      }
      adapter = Adapter(source: JSONValue(source), hash: hash)
    }
    return .origin(
      AdapterOrigin(
        method: method, options: options, seed: seed, model: root["model"]?.string, adapter: adapter))
  }
}

extension AdapterFormat {
  /// The present values in the form in which they are saved.
  public var savedArrays: [AdapterArray] { (saved() ?? self).arrays }

  /// The present values of what is saved, as `AdapterFile.arrays()` gives them back; positions, which are whole numbers and
  /// cannot be added, are left out.
  public var arrays: [AdapterArray] {
    tensors.filter { $0.integers == nil }.map { AdapterArray(key: $0.key, shape: $0.shape, values: $0.values()) }
      + parts.flatMap { folder, format in
        format.arrays.map { AdapterArray(key: "\(folder)/\($0.key)", shape: $0.shape, values: $0.values) }
      }
  }
}
