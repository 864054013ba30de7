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
    guard let schema = value["schema"]?.string, schema == Self.schema else {
      throw DocumentError(
        "expected a record of schema \(Self.schema), found \(value["schema"]?.string ?? "none")", at: value.offset,
        of: text)
    }
    return RunRecord(json: JSONValue(value))
  }

  /// A string under a dotted path, empty if there is none.
  public func string(_ path: String) -> String {
    if case .string(let text)? = self[path] { text } else { "" }
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
