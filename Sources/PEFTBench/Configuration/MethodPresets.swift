import Foundation
import PEFTCore
import PEFTMethods

/// Tuned options and learning rates of the methods, by the model's size.
///
/// The table is `configs/methods.yaml`, built into the program through the link beside this file; `configs/README.md` says
/// how it was found.
package struct MethodPresets: Sendable {
  /// What suits models around one size.
  package struct Size: Sendable {
    /// What configs call it, such as `100M`.
    package let name: String
    /// Parameters of the model that it was found on, about.
    package let parameters: Double
    /// The entries of the methods, as a config would have them.
    package let methods: [DocumentObject]

    /// The entry of a method, without its name; nil if there is none.
    ///
    /// A method that is another one under a name of its own has that one's values, if it has none itself.
    func values(of method: String) -> [DocumentObject.Member]? {
      let type = MethodRegistry.method(named: method)
      let names = [type?.name ?? method, type?.variantOf].compactMap(\.self)
      let entry = names.lazy.compactMap { name in methods.first { $0["name"]?.string == name } }.first
      return entry?.members.filter { $0.key != "name" }
    }
  }

  /// The sizes, from the smallest to the largest.
  package let sizes: [Size]

  /// The table inside the program.
  package static func builtIn() throws -> MethodPresets {
    try MethodPresets(ConfigFile.read(builtInText))
  }

  /// The text of the table inside the program.
  static let builtInText = DocumentText(name: "configs/methods.yaml", bytes: PackageResources.methods_yaml)

  /// Reads a table.
  ///
  /// - Throws: `DocumentError` with the place of what is not understood.
  package init(_ file: ConfigFile) throws(DocumentError) {
    var reader = try file.reader()
    let list = try reader.list("sizes")
    var sizes: [Size] = []
    for (index, value) in list.enumerated() {
      var reader = try OptionReader(value: value, text: file.text, what: "a size", path: "sizes[\(index)]")
      let name = try reader.string("name")
      let parameters = try reader.number("parameters", in: 1...1e15)
      let methods = try reader.list("methods")
      try reader.finish()
      var entries: [DocumentObject] = []
      for (index, method) in methods.enumerated() {
        guard let entry = method.object, entry["name"]?.string != nil else {
          throw DocumentError(
            "sizes: methods[\(index)] of \(name): expected an object with a \"name\"", at: method.offset, of: file.text)
        }
        entries.append(entry)
      }
      sizes.append(Size(name: name, parameters: parameters, methods: entries))
    }
    try reader.finish()
    guard !sizes.isEmpty else { throw reader.error("sizes", "expected at least one size") }
    self.sizes = sizes.sorted { $0.parameters < $1.parameters }
  }

  /// The size whose parameters are nearest to a model's, as a factor.
  package func nearest(to parameterCount: Int) -> Size? {
    let wanted = log(Double(max(1, parameterCount)))
    return sizes.min { abs(log($0.parameters) - wanted) < abs(log($1.parameters) - wanted) }
  }
}

/// What a config says under `presets`: a size, or `auto` for the one that the model is nearest to.
///
/// A method without a learning rate of its own takes from its preset all that neither it nor `training` says.
struct PresetChoice {
  /// The size that was chosen, with its values' offsets in the config's text.
  let size: MethodPresets.Size

  /// Options of which none is taken if a method gives one: they mean something together.
  private static let belongTogether = ["init", "init_text", "projection"]

  /// Reads `presets`; nil without it.
  ///
  /// - Parameters:
  ///   - value: The value of `presets`.
  ///   - reader: Of the whole config.
  ///   - file: The config; the table's text is added to it, so that its values can be located.
  ///   - parameterCounts: Gives the number of parameters of each model of the config.
  init?(
    _ value: DocumentValue?, _ reader: OptionReader, file: inout ConfigFile,
    parameterCounts: () throws -> [(String, Int)]
  ) throws {
    guard let value else { return nil }
    var name = value.string
    var text = MethodPresets.builtInText
    if value.object != nil {
      var inner = try OptionReader(value: value, text: file.text, what: "presets", path: "presets")
      let keys = try Self.keys(&inner)
      name = keys.size
      if let path = keys.file { text = try ConfigFile.load(path: file.resolve(path)).text }
      try inner.finish()
    }
    guard let name else { throw reader.error("presets", "expected a size or auto, found \(value.shown)") }
    let table = try MethodPresets(try ConfigFile.read(text))
    let chosen: MethodPresets.Size?
    if name == "auto" {
      let nearest = try parameterCounts().map { (model: $0.0, size: table.nearest(to: $0.1)?.name ?? "") }
      guard Set(nearest.map(\.size)).count == 1 else {
        let found = nearest.map { "\($0.model): \($0.size)" }.joined(separator: ", ")
        throw reader.error(
          "presets", "the models are of different sizes (\(found)); name one, or make a config for each")
      }
      chosen = table.sizes.first { $0.name == nearest[0].size }
    } else {
      chosen = table.sizes.first { $0.name == name }
    }
    guard let chosen else {
      let names = table.sizes.map(\.name) + ["auto"]
      let hint = NearestName.of(name, among: names).map { "; did you mean \($0)?" } ?? "."
      throw reader.error(
        "presets", "there is no size \(name.debugDescription)\(hint) Available: \(names.joined(separator: ", "))")
    }
    let start = file.add(text)
    size = MethodPresets.Size(
      name: chosen.name, parameters: chosen.parameters,
      methods: chosen.methods.compactMap { DocumentValue(.object($0)).shifted(by: start).object })
  }

  private static func keys(_ reader: inout OptionReader) throws(DocumentError) -> (size: String, file: String?) {
    (
      try reader.string("size", default: "auto", about: "a size of the table, or `auto`"),
      try reader.optionalFilePath("file", about: "a table in place of the one that is built in")
    )
  }

  /// What a config may say under `presets` where it is an object.
  static let options =
    (try? OptionReader.describing { reader in _ = try keys(&reader) }) ?? []

  /// A method's entry with what it takes from its preset; nil if it takes nothing.
  ///
  /// - Parameters:
  ///   - entry: The entry as the config has it.
  ///   - name: The method.
  ///   - options: The options that a method's entry can have, with their other spellings.
  ///   - training: Keys that the config's `training` gives.
  func entry(
    _ entry: DocumentObject, method name: String, options: [OptionDescription], training: Set<String>
  ) -> DocumentObject? {
    guard entry["learning_rate"] == nil, let values = size.values(of: name) else { return nil }
    let isVariant = MethodRegistry.method(named: name)?.variantOf != nil
    let given = Set(entry.members.map(\.key)).union(training)
    let givesStart = Self.belongTogether.contains(where: given.contains)
    let taken = values.filter { member in
      if givesStart, Self.belongTogether.contains(member.key) { return false }
      let option = options.first { $0.names.contains(member.key) }
      // What a variant's name decides is no option of it.
      if option == nil, isVariant { return false }
      // What is given in another unit is given too.
      let units = TrainingConfiguration.units.filter { [$0.key, $0.other].contains(option?.name ?? member.key) }
      let names = units.flatMap { [$0.key, $0.other] } + [option?.name ?? member.key]
      let spellings = options.filter { names.contains($0.name) }.flatMap(\.names)
      return ([member.key] + spellings).allSatisfy { !given.contains($0) }
    }
    return DocumentObject(entry.members + taken)
  }
}
