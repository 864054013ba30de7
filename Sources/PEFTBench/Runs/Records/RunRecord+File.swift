import PEFTCore

extension RunRecord {
  /// A record that a newer version of this program wrote.
  package struct NewerVersion: InputError {
    /// The place in the record, and which versions there are.
    package let description: String
  }

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - id: The run that it must be of; any unless given.
  /// - Throws: `FileError`, `NewerVersion`, or `DocumentError` for what is not a whole record of this version and run.
  package static func read(_ path: String, of id: String? = nil) throws -> RunRecord {
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
    let record: RunRecord
    do {
      record = try RunRecord(reading: JSONValue(value), at: "")
    } catch {
      throw DocumentError("the record lacks \(error.lack)", at: value.offset, of: text)
    }
    if let id, record.id != id {
      throw DocumentError(
        "this is the record of the run \(record.id), not of \(id)", at: value["id"]?.offset ?? value.offset,
        of: text)
    }
    return record
  }

  /// The number at the end of a schema of ours.
  private static func version(_ schema: String) -> Int? {
    let parts = schema.split(separator: "/")
    return parts.count == 2 && parts[0] == "peft-bench.run" ? Int(parts[1]) : nil
  }
}

extension RecordError {
  /// What was expected of one of several runs, such as those of a report.
  package var complaint: String {
    switch self {
    case .missing(.text, let path): "expected a string \"\(path)\""
    case .missing(let kind, let path): "expected \(kind == .object ? "an" : "a") \(kind.rawValue) \"\(path)\""
    case .score(let value, let path): "\"\(path)\" is \(value), expected a score from -1 to 1"
    case .negative(let value, let path): "\"\(path)\" is \(value), expected 0 or more"
    case .contradiction(let value, let path, let other, let otherPath):
      "\"\(path)\" is \(value), but \"\(otherPath)\" is \(other); expected one and the same score"
    }
  }

  /// What a record must have and this one has not.
  fileprivate var lack: String {
    switch self {
    case .missing(let kind, let path): "\(kind == .object ? "an" : "a") \(kind.rawValue) \"\(path)\""
    case .score(let value, let path): "a score from -1 to 1 (\"\(path)\" is \(value))"
    case .negative(let value, let path): "a count of 0 or more (\"\(path)\" is \(value))"
    case .contradiction(let value, let path, let other, let otherPath):
      "one headline score (\"\(path)\" is \(value), but \"\(otherPath)\" is \(other))"
    }
  }
}
