public import PEFTCore

/// The record of one complete run, as written to record.json.
public struct RunRecord: Sendable {
  /// Name and version of the form.
  public static let schema = "peft-bench.run/1"

  /// Everything, in the order of the file.
  public let json: JSONValue

  init(json: JSONValue) { self.json = json }

  /// Reads a record.
  ///
  /// - Throws: `FileError`, or `DocumentError` for what is no record of this version.
  public static func read(_ path: String) throws -> RunRecord {
    let (value, text) = try JSONParser.parse(file: path)
    if let number = value["schema"]?.string.flatMap(Self.version), let own = version(schema), number > own {
      throw DocumentError(
        "a newer version of peft-bench wrote this record (\(value["schema"]?.string ?? "")); this one reads \(Self.schema)",
        at: value["schema"]?.offset ?? value.offset, of: text)
    }
    guard let schema = value["schema"]?.string, schema == Self.schema else {
      throw DocumentError(
        "expected a record of schema \(Self.schema), found \(value["schema"]?.string ?? "none")", at: value.offset,
        of: text)
    }
    return RunRecord(json: JSONValue(value))
  }

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
