/// What an option says by a name, or by an object with the name and options of its own.
public protocol NamedOption {
  /// Each kind with its defaults.
  static var all: [Self] { get }
  /// The name of the kind.
  var name: String { get }
  /// Its name alone, or an object with its options.
  var json: JSONValue { get }

  /// This kind with the options that are given.
  ///
  /// - Throws: `DocumentError` that locates a wrong value.
  func reading(_ reader: inout OptionReader) throws(DocumentError) -> Self
}
