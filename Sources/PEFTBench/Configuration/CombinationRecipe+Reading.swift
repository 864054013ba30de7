import PEFTCore
import PEFTMethods

extension CombinationRecipe {
  /// Reads what `init_from` says of a combination.
  ///
  /// - Parameters:
  ///   - value: The description.
  ///   - place: Its dotted path.
  ///   - file: The config, whose folder relative paths start from.
  /// - Returns: The recipe, and the description with these paths resolved.
  static func reading(
    _ value: DocumentValue, at place: String, in file: ConfigFile
  ) throws(DocumentError) -> (recipe: CombinationRecipe, json: JSONValue) {
    var members = try OptionReader(value: value, text: file.text, what: "a combination of adapters", path: place)
    var recipe = try CombinationRecipe(reading: &members)
    try members.finish(beside: [AdapterChoice.key])
    if let complaint = recipe.vectorComplaint { throw members.error("combine", complaint) }
    recipe.adapters = recipe.adapters.map { ($0.name, file.resolve($0.path)) }
    if let origin = recipe.origin, origin != neutralOrigin { recipe.origin = file.resolve(origin) }
    var json = JSONValue(value)
    json["adapters"] = .object(JSONObject(distinct: recipe.adapters.map { ($0.name, JSONValue($0.path)) }))
    if let origin = recipe.origin { json["origin"] = JSONValue(origin) }
    return (recipe, json)
  }
}
