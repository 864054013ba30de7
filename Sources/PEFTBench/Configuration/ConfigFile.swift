import Foundation
import PEFTCore

/// A config file as read: JSON or YAML, with `--set` overrides and the environment put in.
package struct ConfigFile: Sendable {
  /// The file as the user named it.
  package let path: String
  /// The text with the overrides after it; locates any offset in `value`.
  package private(set) var text: DocumentText
  /// The content, an object.
  package let value: DocumentValue
  /// The environment that references were taken from.
  package let environment: [String: String]
  /// Whether the program wrote it, with every value that a run has.
  private(set) var isResolved = false

  /// Largest file that is read.
  static let maximumBytes = 1 << 20

  /// Reads the file at `path`, applies `overrides` in order, then replaces references to the environment.
  ///
  /// - Parameters:
  ///   - path: A file that ends in .json, .yaml or .yml; with another ending, it is JSON if it begins with a brace.
  ///   - overrides: Texts such as `methods.lora.rank=8` (see `ConfigOverride`).
  ///   - environment: The variables for `${NAME}`; not looked up in overrides, which the shell has seen.
  /// - Throws: An `InputError` that names the file, or the place in it.
  package static func load(
    path: String, overrides: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> ConfigFile {
    try read(text(of: path), overrides: overrides, environment: environment)
  }

  /// The text of the file at `path`, which is not looked at.
  ///
  /// - Throws: `ConfigFileError`.
  package static func text(of path: String) throws -> DocumentText {
    DocumentText(name: path, bytes: try bytes(of: path))
  }

  /// Does the same for a text that is in memory; its name decides between JSON and YAML.
  package static func read(_ text: DocumentText, overrides: [String] = [], environment: [String: String] = [:])
    throws(DocumentError) -> ConfigFile
  {
    var text = text
    var value = isJSON(text) ? try JSONParser.parse(text, allowsComments: true) : try YAMLParser.parse(text)
    guard value.object != nil else {
      let found = value.isNull ? "nothing" : value.shown
      throw DocumentError("expected a config with keys and values, found \(found)", at: value.offset, of: text)
    }
    for override in overrides { value = try ConfigOverride(override, text: &text).apply(to: value, text: text) }
    let fileEnd = text.bytes.count
    value = try EnvironmentExpansion.expand(value, of: text, environment: environment) { $0 <= fileEnd }
    return ConfigFile(path: text.name, text: text, value: value, environment: environment)
  }

  /// A config whose values are final: nothing in it refers to the environment.
  ///
  /// - Parameters:
  ///   - json: The config.
  ///   - path: The file whose folder relative paths start from, and which errors name.
  static func resolved(_ json: JSONValue, of path: String) throws(DocumentError) -> ConfigFile {
    let text = DocumentText(name: path, bytes: JSONWriter.bytes(json, isPretty: false))
    return ConfigFile(path: path, text: text, value: try JSONParser.parse(text), environment: [:], isResolved: true)
  }

  /// Adds a text whose values are put among the config's.
  ///
  /// - Returns: What to add to offsets in `other`.
  mutating func add(_ other: DocumentText) -> Int { text.append(other) }

  /// A config without a key, for readers that only tell what they would read.
  static let empty = ConfigFile(
    path: "", text: DocumentText(name: "", bytes: []), value: DocumentValue(.object(DocumentObject([]))),
    environment: [:])

  /// A reader of the whole config.
  package func reader() throws(DocumentError) -> OptionReader {
    try OptionReader(value: value, text: text, what: "the config")
  }

  /// The file or folder that a path in the config means.
  ///
  /// A relative path is taken from the current directory if it exists there, else from the config's folder if
  /// it exists there; otherwise it stays as written (it may be the name of a model on the Hub). `~/` is the
  /// home directory.
  package func resolve(_ path: String) -> String {
    if path == "~" || path.hasPrefix("~/"), let home = environment["HOME"] { return home + path.dropFirst() }
    guard !path.hasPrefix("/"), !path.isEmpty, !FileManager.default.fileExists(atPath: path) else { return path }
    let besides = FilePath.joined(FilePath.folder(of: self.path), path)
    return FileManager.default.fileExists(atPath: besides) ? besides : path
  }

  private static func isJSON(_ text: DocumentText) -> Bool {
    switch FilePath.fileExtension(of: text.name).lowercased() {
    case "json", "jsonc": return true
    case "yaml", "yml": return false
    default:
      let first = text.bytes.first { !$0.isBlank && !$0.isLineBreak }
      return first == UInt8(ascii: "{") || first == UInt8(ascii: "/")
    }
  }

  private static func bytes(of path: String) throws -> [UInt8] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ConfigFileError(path: path, problem: "there is no such file\(nearestFile(to: path))")
    }
    if isFolder.boolValue { throw ConfigFileError(path: path, problem: "expected a config file, found a folder") }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw ConfigFileError(path: path, problem: "the file cannot be read; is it yours to read?")
    }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: maximumBytes + 1) ?? Data() else {
      throw ConfigFileError(path: path, problem: "the file cannot be read")
    }
    guard data.count <= maximumBytes else {
      throw ConfigFileError(
        path: path, problem: "is too large for a config file: it has more than \(maximumBytes >> 20) MiB")
    }
    return [UInt8](data)
  }

  private static func nearestFile(to path: String) -> String {
    let folder = FilePath.folder(of: path)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let configs = names.filter { ["json", "yaml", "yml"].contains(FilePath.fileExtension(of: $0)) }.sorted()
    guard let nearest = NearestName.of(FilePath.name(of: path), among: configs) else { return "" }
    return "; did you mean \(FilePath.joined(folder, nearest))?"
  }
}

/// A config file that could not be read at all.
package struct ConfigFileError: InputError, Equatable {
  /// The file as the user named it.
  package let path: String
  /// What is wrong.
  package let problem: String

  /// `path: problem`.
  package var description: String { "\(path): \(problem)" }
}
