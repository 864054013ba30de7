import PEFTCore
import PEFTMethods

/// The combinations of adapters that a run chooses among, by their scores on the training rows that it holds back.
///
///     init_from: {combine: origin + l*(a + b), adapters: {…}, values: {l: {from: 0, to: 1, step: 0.05}}, choose: validation}
package struct AdapterChoice: Sendable, Equatable {
  /// One of the combinations.
  struct Candidate: Sendable, Equatable {
    /// The numbers that it differs from the others in.
    let values: [GridValue]
    /// How it is made.
    let recipe: CombinationRecipe
    /// As a config says it by itself.
    let json: JSONValue
  }

  /// The rows that a choice is made on.
  private enum Rows: String, CaseIterable { case validation }

  /// The key that makes a choice of numbers with several values.
  static let key = "choose"

  /// The candidates, the last number's values changing fastest; of equal scores the first one is chosen.
  let candidates: [Candidate]
  /// As a config says it.
  let json: JSONValue

  /// Whether `init_from` asks for a choice.
  static func isGiven(in value: DocumentValue) -> Bool { value[key].map { !$0.isNull } ?? false }

  /// Reads a choice.
  ///
  /// - Parameters:
  ///   - value: What `init_from` says.
  ///   - reader: The reader of the entry that it is in, for errors.
  ///   - file: The config, whose folder relative paths start from.
  /// - Throws: `DocumentError` with the place of what is wrong, or where there is nothing to choose from.
  init(_ value: DocumentValue, of reader: OptionReader, in file: ConfigFile) throws(DocumentError) {
    let place = reader.path(of: "init_from")
    let members = value.object?.members ?? []
    var own = try OptionReader(
      value: DocumentValue(.object(DocumentObject(members.filter { $0.key == Self.key })), offset: value.offset),
      text: file.text, what: "a choice", path: place)
    let rows = try Self.rows(&own) ?? .validation
    let numbers = value["values"] ?? DocumentValue(.object(DocumentObject([])), offset: value.offset)
    let axes = try GridAxis.axes(of: numbers, at: "\(place).values", of: file.text)
    guard axes.contains(where: { $0.values.count > 1 }) else {
      throw own.error(
        Self.key, "there is nothing to choose: give a number of values several, as a list or {from, to, step}")
    }
    let rest = DocumentValue(.object(DocumentObject(members.filter { $0.key != Self.key })), offset: value.offset)
    var candidates: [Candidate] = []
    for values in GridAxis.combinations(of: axes) {
      let (recipe, json) = try CombinationRecipe.reading(
        rest.setting(["values"], to: numbers.setting(values)), at: place, in: file)
      candidates.append(Candidate(values: values, recipe: recipe, json: json))
    }
    var json = candidates[0].json
    json["values"] = JSONValue(numbers)
    json[Self.key] = JSONValue(rows.rawValue)
    (self.candidates, self.json) = (candidates, json)
  }

  private static func rows(_ reader: inout OptionReader) throws(DocumentError) -> Rows? {
    try reader.optionalChoice(
      key,
      about: "of several values of numbers, use those with the best score on the training rows that a run holds back; "
        + "without it each is a run")
  }

  /// What a config may say of a combination of adapters.
  package static let options: [OptionDescription] = OptionReader.describing { reader in
    // It ends with the complaint that there is no expression, after all keys were read.
    _ = try? CombinationRecipe(reading: &reader)
    _ = try? rows(&reader)
  }

  /// What all candidates come to, in one form for each meaning.
  ///
  /// - Parameter canonical: Gives the form of a recipe.
  func canonical(_ canonical: (CombinationRecipe) throws -> JSONValue) rethrows -> JSONValue {
    [Self.key: .array(try candidates.map { try canonical($0.recipe) })]
  }

  /// Which rows a run chooses on, as a part of its identity.
  static func heldOut(of training: TrainingConfiguration) -> JSONValue {
    [
      "validation_fraction": training.validationRows == nil ? JSONValue(training.validationFraction) : .null,
      "validation_rows": JSONValue(training.validationRows), "cutoff_tokens": JSONValue(training.cutoffTokens),
    ]
  }
}
