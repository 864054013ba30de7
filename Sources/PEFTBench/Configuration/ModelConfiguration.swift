import PEFTCore
import PEFTMethods

/// Which model is trained, and how its weights are held.
package struct ModelConfiguration: Sendable, Equatable {
  /// How weights are held in memory: as the file has them, or converted when loaded.
  package enum DataType: String, CaseIterable, Sendable { case auto, float32, bfloat16, float16 }

  /// A folder, a GGUF file, or a Hub id, resolved (see `ConfigFile.resolve`).
  package var path: String
  /// What reports call it; the path's last part unless given.
  package var name: String
  /// How its weights are held.
  package var dataType: DataType
  /// The chat template: a name that is known, or a file; the model's own unless given.
  package var template: String?
  /// The revision in the Hub's cache; `main` unless given.
  package var revision: String?

  /// Reads a model entry: an object, or a path alone.
  init(_ value: DocumentValue, file: ConfigFile, path place: String) throws(DocumentError) {
    var value = value
    if case .string = value.content {
      let member = DocumentObject.Member(key: "path", keyOffset: value.offset, value: value)
      value = DocumentValue(.object(DocumentObject([member])), offset: value.offset)
    }
    var reader = try OptionReader(value: value, text: file.text, what: "model", path: place)
    try self.init(reading: &reader, file: file)
    try reader.finish()
  }

  private init(reading reader: inout OptionReader, file: ConfigFile) throws(DocumentError) {
    OptionAliases.add(to: &reader, section: .model)
    path = file.resolve(
      try reader.string(
        "path", about: "a model's folder, a GGUF file, or the id of a repository in the Hub's cache (`org/name`)"))
    let given = try reader.optionalString("name", about: "what reports call it; the path's last part unless given")
    if given?.isEmpty == true { throw reader.error("name", "expected a name that is not empty") }
    name = given ?? path.split(separator: "/").last.map(String.init) ?? path
    dataType = try reader.choice(
      "dtype", default: DataType.auto, about: "how frozen weights are held; `auto` as they are stored")
    template = try reader.optionalString(
      "template",
      about: "the chat template: a file, or a built-in name such as `chatml`, `llama3`, `qwen2`, `plain`; the model's "
        + "own unless given"
    ).map(file.resolve)
    revision = try reader.optionalString("revision", about: "which revision in the Hub's cache; `main` unless given")
  }

  /// What a config may say about a model.
  static let options =
    (try? OptionReader.describing { reader in _ = try ModelConfiguration(reading: &reader, file: .empty) }) ?? []

  /// All values under their keys.
  package var json: JSONValue {
    [
      "path": .string(path), "name": .string(name), "dtype": .string(dataType.rawValue),
      "template": JSONValue(template), "revision": JSONValue(revision),
    ]
  }
}
