import PEFTCore
import PEFTMethods

/// One combination of a method's options as a config has it, with the text that locates them.
package struct MethodEntry: Sendable {
  /// The method's name, as written where there is no such method, which whoever reads the options finds out.
  let name: String
  /// The method's own options, located; training keys, `name`, `label` and `init_from` are gone.
  let options: DocumentValue
  /// The dotted path of the entry, such as `methods[0]`.
  let path: String
  /// Where the name stands in the text.
  let offset: Int
  /// The config's text.
  let text: DocumentText

  /// The value that the entry gives under a key, nil for none.
  func given(_ key: String) -> DocumentValue? { options[key] }

  /// What it gives, nulls left out: they are the same as nothing.
  var given: [DocumentObject.Member] { (options.object?.members ?? []).filter { !$0.value.isNull } }

  /// The same entry with other options.
  func with(_ members: [DocumentObject.Member]) -> MethodEntry {
    MethodEntry(
      name: name, options: DocumentValue(.object(DocumentObject(members)), offset: options.offset), path: path,
      offset: offset, text: text)
  }

  /// An error about the entry.
  ///
  /// - Parameters:
  ///   - message: What is wrong, after the entry's path.
  ///   - offset: Where in the text; at the name unless given.
  func error(_ message: String, at offset: Int? = nil) -> DocumentError {
    DocumentError("\(path)\(message)", at: offset ?? self.offset, of: text)
  }
}

/// A method with its options, read from a config's entry once: the value that is attached, and what the options mean.
package struct UnderstoodMethod: Sendable {
  /// The method.
  package let method: any PEFTMethod
  /// Its options by key, as the method understands them: defaults filled in, other spellings under the option's name.
  ///
  /// An option without a default that is given as false or empty says nothing if the method takes it as not given, and
  /// is left out as if it were not.
  package let options: JSONObject

  /// Reads an entry.
  ///
  /// - Parameters:
  ///   - entry: The entry.
  ///   - types: Where its method is looked up.
  /// - Throws: An `InputError` that locates an unknown method, an unknown key or a wrong value.
  init(_ entry: MethodEntry, among types: MethodTypes) throws {
    var reader = try OptionReader(
      value: entry.options, text: entry.text, what: "method \(entry.name)", path: entry.path)
    guard let type = types(entry.name) else { throw entry.error(": \(MethodRegistry.unknown(entry.name))") }
    let method = try type.init(reading: &reader)
    try reader.finish(beside: ["label", "init_from"] + TrainingConfiguration.options.map(\.name))
    let said = Set(method.options.filter { $0.value != .null }.map(\.name))
    let optional = Set(reader.descriptions.filter { $0.defaultValue == nil }.map(\.name))
    let silent: [JSONValue] = [.bool(false), .array([]), .object(JSONObject())]
    let members = reader.values.members.filter { key, value in
      said.contains(key) || !optional.contains(key) || !silent.contains(value)
    }
    self.method = method
    options = JSONObject(distinct: members.sorted { $0.key < $1.key })
  }

  /// The method's type.
  var type: any PEFTMethod.Type { Swift.type(of: method) }
}

/// Where a config's methods are looked up by name: the registry, or what a test puts in its place.
package typealias MethodTypes = @Sendable (String) -> (any PEFTMethod.Type)?
