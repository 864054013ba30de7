public import PEFTCore

/// The record of one complete run, as written to record.json.
public struct RunRecord: Sendable {
  /// Name and version of the form.
  public static let schema = "peft-bench.run/1"

  /// Everything, in the order of the file.
  public let json: JSONValue

  init(json: JSONValue) { self.json = json }

  /// A record that a newer version of this program wrote.
  public struct NewerVersion: InputError {
    /// The place in the record, and which versions there are.
    public let description: String
  }

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - id: The run that it must be of; any unless given.
  /// - Throws: `FileError`, `NewerVersion`, or `DocumentError` for what is no whole record of this version and run.
  public static func read(_ path: String, of id: String? = nil) throws -> RunRecord {
    let (value, text) = try JSONParser.parse(file: path)
    if let number = value["schema"]?.string.flatMap(Self.version), let own = version(schema), number > own {
      let error = DocumentError(
        "a newer version of peft-bench wrote this record (\(value["schema"]?.string ?? "")); this one reads \(Self.schema)",
        at: value["schema"]?.offset ?? value.offset, of: text)
      throw NewerVersion(description: error.description)
    }
    guard let schema = value["schema"]?.string, schema == Self.schema else {
      throw DocumentError(
        "expected a record of schema \(Self.schema), found \(value["schema"]?.string ?? "none")", at: value.offset,
        of: text)
    }
    let record = RunRecord(json: JSONValue(value))
    if let member = record.firstMissingMember {
      throw DocumentError("the record lacks \(member)", at: value.offset, of: text)
    }
    if let id, record.string("id") != id {
      throw DocumentError(
        "this is the record of the run \(record.string("id")), not of \(id)", at: value["id"]?.offset ?? value.offset,
        of: text)
    }
    return record
  }

  /// The first member without which a record tells no result; nil where all are there.
  private var firstMissingMember: String? {
    let strings = ["id", "suite", "model.name", "method.name", "dataset", "scores.primary.name"]
    let numbers = [
      "seed", "scores.primary.value", "costs.trainable_parameters", "costs.inference_flops",
      "costs.added_inference_flops", "costs.peak_tensor_bytes.total",
    ]
    if let string = strings.first(where: { self.string($0).isEmpty }) { return "a text \"\(string)\"" }
    if let number = numbers.first(where: { self.number($0) == nil }) { return "a number \"\(number)\"" }
    let score = number("scores.primary.value") ?? 0
    return -1...1 ~= score ? nil : "a score from -1 to 1 (\"scores.primary.value\" is \(score))"
  }

  /// The engine that made the run; 1 where the record does not tell.
  var engine: Int { number("identity.engine").flatMap { Int(exactly: $0) } ?? 1 }

  /// The number at the end of a schema of ours.
  private static func version(_ schema: String) -> Int? {
    let parts = schema.split(separator: "/")
    return parts.count == 2 && parts[0] == "peft-bench.run" ? Int(parts[1]) : nil
  }

  /// A string under a dotted path, empty if there is none.
  public func string(_ path: String) -> String {
    if case .string(let text)? = self[path] { text } else { "" }
  }

  /// The strings of a list under a dotted path, empty if there is none.
  func strings(_ path: String) -> [String] {
    guard case .array(let elements)? = self[path] else { return [] }
    return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  /// A number under a dotted path.
  public func number(_ path: String) -> Double? {
    switch self[path] {
    case .number(let value)?: value
    case .integer(let value)?: Double(value)
    default: nil
    }
  }

  /// A value under a dotted path.
  public subscript(path: String) -> JSONValue? {
    path.split(separator: ".").reduce(Optional(json)) { value, key in
      if case .object(let object)? = value { object[String(key)] } else { nil }
    }
  }
}
